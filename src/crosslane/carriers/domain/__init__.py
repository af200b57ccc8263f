"""Nouns and pure decisions of the carriers module."""

from crosslane.carriers.domain.drafts import CarrierDraft, TariffDraft
from crosslane.carriers.domain.rates import (
    Carrier,
    Quote,
    RateBook,
    Service,
    Speed,
    Tariff,
    Zone,
    ZoneRule,
)
from crosslane.carriers.domain.shipment import (
    Consignment,
    Label,
    LabelRecord,
    LabelState,
    PostalAddress,
    Shipment,
    TrackingEvent,
    TrackingStatus,
    latest_status,
    parse_tracking_number,
)

__all__ = [
    "Carrier",
    "CarrierDraft",
    "Consignment",
    "Label",
    "LabelRecord",
    "LabelState",
    "PostalAddress",
    "Quote",
    "RateBook",
    "Service",
    "Shipment",
    "Speed",
    "Tariff",
    "TariffDraft",
    "TrackingEvent",
    "TrackingStatus",
    "Zone",
    "ZoneRule",
    "latest_status",
    "parse_tracking_number",
]
