"""Carriers: who takes parcels where, for how much and by when; labels and tracking.

Nouns: Carrier (zones, rules), Service (speed, weekdays, transit), Tariff (weight brackets from a
day on), RateBook (all of them, kept in memory), Shipment (a parcel to be labelled), LabelRecord,
TrackingEvent. A carrier is spoken to through a port: ``house`` draws the label itself, ``http``
asks a carrier or a bridge to one; ``python -m crosslane.carriers.port.fake`` is a strict one.

Doors: ``rate_book(tx)`` and its pure ``services``, ``zone``, ``price_minor``, ``tariff``,
``delivery_day``, ``quotes``; ``request_labels``, ``void_labels``, ``labels_of_parcels``,
``label_document``; ``record_tracking``, ``delivered_parcels``; ``erase_labels`` for the right to be
forgotten.

Invariants: the first zone rule that matches decides; a price is that of the lightest bracket that
holds the weight in the tariff in force on the day of dispatch; a key has one label for ever, and
the carrier sees one key; a tracking event counts once however often it comes while it is kept.

Events: LabelCreated, LabelFailed, LabelVoided, LabelVoidFailed, TrackingRecorded.
Tables: carriers_carrier (api_key is secret), carriers_zone, carriers_zone_rule, carriers_service,
carriers_transit, carriers_price, carriers_label (shipment is personal, kept until the label
exists), carriers_label_document (content is personal, kept 90 days), carriers_tracking_event
(journal, kept for 400 days and the rest of that month).
"""

from crosslane.carriers.domain import (
    Carrier,
    CarrierDraft,
    LabelRecord,
    LabelState,
    PostalAddress,
    Quote,
    RateBook,
    Service,
    Shipment,
    Speed,
    Tariff,
    TariffDraft,
    TrackingEvent,
    TrackingStatus,
    latest_status,
    parse_tracking_number,
)
from crosslane.carriers.errors import (
    AddressUnprintable,
    CarrierUnknown,
    LabelNotPrinted,
    LabelTextTooLong,
    LabelUnknown,
    ParcelTooHeavy,
    ServiceUnknown,
)
from crosslane.carriers.events import (
    LabelCreated,
    LabelFailed,
    LabelVoided,
    LabelVoidFailed,
    TrackingRecorded,
)
from crosslane.carriers.rest import ROUTES
from crosslane.carriers.service import (
    ADD_TARIFF,
    FORGET_DOCUMENTS,
    FORGET_TRACKING,
    LABEL,
    RECORD_TRACKING,
    SAVE_CARRIER,
    VOID,
    AddTariff,
    LabelRequest,
    SaveCarrier,
    TrackingResult,
    delivered_parcels,
    erase_labels,
    label,
    label_document,
    labels_of_parcels,
    rate_book,
    record_tracking,
    request_labels,
    tracking_events,
    void_labels,
)
from crosslane.carriers.storage.labels import PERSONAL_COLUMNS

COMMANDS = [SAVE_CARRIER, ADD_TARIFF, RECORD_TRACKING]
EFFECTS = [LABEL, VOID]
SCHEDULES = [FORGET_DOCUMENTS, FORGET_TRACKING]

__all__ = [
    "COMMANDS",
    "EFFECTS",
    "PERSONAL_COLUMNS",
    "ROUTES",
    "SCHEDULES",
    "AddTariff",
    "AddressUnprintable",
    "Carrier",
    "CarrierDraft",
    "CarrierUnknown",
    "LabelCreated",
    "LabelFailed",
    "LabelNotPrinted",
    "LabelRecord",
    "LabelRequest",
    "LabelState",
    "LabelTextTooLong",
    "LabelUnknown",
    "LabelVoidFailed",
    "LabelVoided",
    "ParcelTooHeavy",
    "PostalAddress",
    "Quote",
    "RateBook",
    "SaveCarrier",
    "Service",
    "ServiceUnknown",
    "Shipment",
    "Speed",
    "Tariff",
    "TariffDraft",
    "TrackingEvent",
    "TrackingRecorded",
    "TrackingResult",
    "TrackingStatus",
    "delivered_parcels",
    "erase_labels",
    "label",
    "label_document",
    "labels_of_parcels",
    "latest_status",
    "parse_tracking_number",
    "rate_book",
    "record_tracking",
    "request_labels",
    "tracking_events",
    "void_labels",
]
