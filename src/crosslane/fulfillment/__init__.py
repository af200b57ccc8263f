"""Fulfillment: what each location does for an order, until the customer or the carrier has it.

Nouns: fulfillment order (:class:`Work`: one location, one order, one way), parcel.

An order that nothing holds back is offered to the locations its units were promised at. Commands
take many fulfillment orders at once: accept, reject (other stock is found, the location is barred
for those lines), pick (short units are found elsewhere), pack (one action asks for the label; the
carrier's number sends the parcel off), arrive, collect. A parcel to a store is a transfer: its
goods are sold when the customer collects them there, and given up when nobody does in time. The
order's buckets arbitrate: units cancelled meanwhile cannot be picked, and a cancellation takes what
is released out of the work. So does a stop, until it is resolved; what is packed stays meanwhile.
The work of a vendor is its purchase order: what the vendor says moves it, nobody else.

Invariants: every unit of a fulfillment line is to pick, picked, packed, gone, passed on or removed,
once; what is packed lies in parcels, is on its way to a store, or is put aside for the customer; a
parcel is handed over once.

When a person is forgotten, the labels of that person's parcels are erased from here.

Doors: :func:`works_by_order`. Events: FulfillmentOffered, FulfillmentAccepted,
FulfillmentRejected, FulfillmentCancelled, UnitsPicked, ParcelPacked, ParcelShipped,
ParcelDelivered, TransferSent, TransferArrived, PickupReady, PickupCollected, PickupUnclaimed.
Policies: fulfillment.dispatch.
Tables: fulfillment_order, fulfillment_line, fulfillment_parcel, fulfillment_parcel_line,
fulfillment_transfer.
"""

from crosslane.fulfillment.domain import DISPATCH, Parcel, Work, WorkLine
from crosslane.fulfillment.events import (
    FulfillmentAccepted,
    FulfillmentCancelled,
    FulfillmentEvent,
    FulfillmentOffered,
    FulfillmentRejected,
    ParcelDelivered,
    ParcelPacked,
    ParcelShipped,
    ParcelUnits,
    PickupCollected,
    PickupReady,
    PickupUnclaimed,
    TransferArrived,
    TransferSent,
    UnitsPicked,
)
from crosslane.fulfillment.reactions import REACTIONS, SCHEDULES
from crosslane.fulfillment.rest import ROUTES
from crosslane.fulfillment.service.following import works_by_order
from crosslane.fulfillment.service.packing import customer_address, location_address
from crosslane.fulfillment.service.personal import ERASERS
from crosslane.fulfillment.storage import PERSONAL_COLUMNS

POLICIES = [DISPATCH]

__all__ = [
    "DISPATCH",
    "ERASERS",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "REACTIONS",
    "ROUTES",
    "SCHEDULES",
    "FulfillmentAccepted",
    "FulfillmentCancelled",
    "FulfillmentEvent",
    "FulfillmentOffered",
    "FulfillmentRejected",
    "Parcel",
    "ParcelDelivered",
    "ParcelPacked",
    "ParcelShipped",
    "ParcelUnits",
    "PickupCollected",
    "PickupReady",
    "PickupUnclaimed",
    "TransferArrived",
    "TransferSent",
    "UnitsPicked",
    "Work",
    "WorkLine",
    "customer_address",
    "location_address",
    "works_by_order",
]
