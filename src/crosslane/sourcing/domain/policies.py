"""Policies that sourcing obeys."""

from crosslane.organization import PolicyKind
from crosslane.sourcing.domain.problem import SourcingSettings

SETTINGS = PolicyKind(
    "sourcing.settings",
    SourcingSettings,
    SourcingSettings(),
    ("channel", "brand", "tenant"),
)
