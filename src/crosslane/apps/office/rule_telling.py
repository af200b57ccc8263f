"""A kind of rule as its pages tell of it: what it is about, its fields, values and changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane import organization
from crosslane.apps.office.frame import PAGES
from crosslane.apps.office.rule_fields import RuleField, docs_of, fields_of
from crosslane.apps.office.rule_values import Difference, differences, written
from crosslane.apps.office.rule_words import area_title, kind_title
from crosslane.kernel import currency_exponent
from crosslane.organization import PolicyChange, PolicyKind
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer

# Kinds whose change `crosslane simulate` can try on past orders.
SIMULATED = frozenset({"sourcing.settings"})


class Told:
    """A kind of rule with all that its pages say of it."""

    def __init__(self, kind: PolicyKind, digits: int) -> None:
        self.kind = kind
        self.name = kind.name
        self.title = kind_title(kind.name)
        self.area = area_title(kind.name)
        self.about = docs_of(kind.body)[0]
        self.default = msgspec.to_builtins(kind.default)
        self.fields = fields_of(kind.body, kind.default, digits)
        self.currency_digits = digits
        self.simulated = kind.name in SIMULATED


async def told_of(tx: Tx, name: str) -> Told:
    """Return a kind of rule, or raise UnknownPolicyKind."""
    kind = organization.policy_kind(name)
    markets = (await organization.book(tx)).markets.values()
    digits = {currency_exponent(market.currency) for market in markets}
    # Currencies with different decimals cannot share a field: their amounts stay minor units.
    return Told(kind, digits.pop() if len(digits) == 1 else 0)


def changed_of(told: Told, change: PolicyChange, viewer: Viewer) -> list[Difference]:
    """Return the fields a change would change."""
    before = change.present.value if change.present else None
    return differences(told.fields, before, change.value, viewer, PAGES.words(viewer))


def moment_of(text: str, viewer: Viewer) -> datetime | None:
    """Return a time as a browser sends it, in the viewer's zone; None when it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(viewer.timezone))
    except ValueError:
        return None


def written_of(
    fields: Sequence[RuleField], value: Mapping[str, Any] | None, viewer: Viewer
) -> list[tuple[RuleField, str, bool]]:
    """Return each field with its value for people, and whether it differs from the default."""
    words = PAGES.words(viewer)
    differing = {one.field.path for one in differences(fields, None, value, viewer, words)}
    return [
        (field, written(field, field.of(value), viewer, words), field.path in differing)
        for field in fields
    ]
