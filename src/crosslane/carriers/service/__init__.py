"""Use cases of carriers."""

from crosslane.carriers.service.labels import (
    FORGET_DOCUMENTS,
    LabelRequest,
    erase_labels,
    label,
    label_document,
    labels_of_parcels,
    list_labels,
    request_labels,
    void_labels,
)
from crosslane.carriers.service.making import LABEL, VOID
from crosslane.carriers.service.rates import (
    ADD_TARIFF,
    SAVE_CARRIER,
    AddTariff,
    SaveCarrier,
    TariffAdded,
    rate_book,
)
from crosslane.carriers.service.tracking import (
    FORGET_TRACKING,
    RECORD_TRACKING,
    RecordTracking,
    TrackingResult,
    delivered_parcels,
    record_tracking,
    tracking_events,
)

__all__ = [
    "ADD_TARIFF",
    "FORGET_DOCUMENTS",
    "FORGET_TRACKING",
    "LABEL",
    "RECORD_TRACKING",
    "SAVE_CARRIER",
    "VOID",
    "AddTariff",
    "LabelRequest",
    "RecordTracking",
    "SaveCarrier",
    "TariffAdded",
    "TrackingResult",
    "delivered_parcels",
    "erase_labels",
    "label",
    "label_document",
    "labels_of_parcels",
    "list_labels",
    "rate_book",
    "record_tracking",
    "request_labels",
    "tracking_events",
    "void_labels",
]
