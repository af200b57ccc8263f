"""Fulfillment: what each location does for an order, until the customer or the carrier has it.

Nouns: fulfillment order (:class:`Work`: one location, one order, one way), parcel.

An order that nothing holds back is offered to the locations its units were promised at. Commands
take many fulfillment orders at once: accept, reject (other stock is found, the location is barred
for those lines), pick (short units are found elsewhere), pack (one action asks for the label; the
carrier's number sends the parcel off; one that was numbered elsewhere leaves at once), hand over
(the driver took it), arrive, collect (for the pickup code or a signature). A parcel to a store is a
transfer: its goods are sold when the customer collects them there, and given up when nobody does in
time. The order's buckets arbitrate: units cancelled meanwhile cannot be picked, and a cancellation
takes what is released out of the work. So does a stop, until it is resolved; what is packed stays
meanwhile.
The work of a vendor is its purchase order: what the vendor says moves it, nobody else.

Invariants: every unit of a fulfillment line is to pick, picked, packed, gone, passed on or removed,
once; what is packed lies in parcels, is on its way to a store, or is put aside for the customer; a
parcel is handed over once.

When a person is forgotten, the labels of that person's parcels and what was signed for them are
erased from here.

Doors: the commands, such as PICK with :class:`PickUnits`; :func:`list_queue`, :func:`count_work`,
:func:`work_view`, :func:`due_at`, :func:`list_leaving` (parcels that wait for their driver),
:func:`proof_of` (who signed), :func:`works_by_order`, :func:`works_by_id`,
:func:`list_orders_of_tracking`; :func:`note_delivered` and :func:`note_collected` take in what
others have seen. Events: FulfillmentOffered, FulfillmentAccepted, FulfillmentRejected,
FulfillmentCancelled, UnitsPicked, ParcelPacked, ParcelShipped, ParcelHandedOver, ParcelDelivered,
TransferSent, TransferArrived, PickupReady, PickupCollected, PickupUnclaimed.
Policies: fulfillment.dispatch.
Tables: fulfillment_order, fulfillment_line, fulfillment_parcel, fulfillment_parcel_line,
fulfillment_transfer, fulfillment_proof.
"""

from crosslane.fulfillment.domain import (
    DISPATCH,
    LeavingParcel,
    Parcel,
    Proof,
    Signature,
    State,
    Work,
    WorkLine,
)
from crosslane.fulfillment.errors import (
    HeldBack,
    NoSuchFulfillmentOrder,
    NotInState,
    ProofMissing,
    WrongPickupCode,
)
from crosslane.fulfillment.events import (
    FulfillmentAccepted,
    FulfillmentCancelled,
    FulfillmentEvent,
    FulfillmentOffered,
    FulfillmentRejected,
    ParcelDelivered,
    ParcelHandedOver,
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
from crosslane.fulfillment.service.delivering import note_delivered
from crosslane.fulfillment.service.following import (
    COUNTED_MAX,
    NEVER,
    ParcelView,
    WorkLineView,
    WorkView,
    count_work,
    due_at,
    list_leaving,
    list_queue,
    proof_of,
    work_view,
    works_by_id,
    works_by_order,
)
from crosslane.fulfillment.service.handing import (
    COLLECT,
    HAND_OVER,
    Collect,
    HandOver,
    note_collected,
)
from crosslane.fulfillment.service.packing import (
    PACK,
    Numbered,
    Pack,
    PackedUnits,
    PackParcel,
    PackUnits,
    customer_address,
    location_address,
)
from crosslane.fulfillment.service.personal import ERASERS
from crosslane.fulfillment.service.transfers import ARRIVE, Arrival, Arrive
from crosslane.fulfillment.service.working import (
    ACCEPT,
    PICK,
    REJECT,
    WORKS_MAX,
    Accept,
    Pick,
    PickedLine,
    PickUnits,
    Reject,
    Worked,
)
from crosslane.fulfillment.storage import PERSONAL_COLUMNS, list_orders_of_tracking

POLICIES = [DISPATCH]
COMMANDS = [ACCEPT, REJECT, PICK, PACK, HAND_OVER, COLLECT, ARRIVE]

__all__ = [
    "ACCEPT",
    "ARRIVE",
    "COLLECT",
    "COMMANDS",
    "COUNTED_MAX",
    "DISPATCH",
    "ERASERS",
    "HAND_OVER",
    "NEVER",
    "PACK",
    "PERSONAL_COLUMNS",
    "PICK",
    "POLICIES",
    "REACTIONS",
    "REJECT",
    "ROUTES",
    "SCHEDULES",
    "WORKS_MAX",
    "Accept",
    "Arrival",
    "Arrive",
    "Collect",
    "FulfillmentAccepted",
    "FulfillmentCancelled",
    "FulfillmentEvent",
    "FulfillmentOffered",
    "FulfillmentRejected",
    "HandOver",
    "HeldBack",
    "LeavingParcel",
    "NoSuchFulfillmentOrder",
    "NotInState",
    "Numbered",
    "Pack",
    "PackParcel",
    "PackUnits",
    "PackedUnits",
    "Parcel",
    "ParcelDelivered",
    "ParcelHandedOver",
    "ParcelPacked",
    "ParcelShipped",
    "ParcelUnits",
    "ParcelView",
    "Pick",
    "PickUnits",
    "PickedLine",
    "PickupCollected",
    "PickupReady",
    "PickupUnclaimed",
    "Proof",
    "ProofMissing",
    "Reject",
    "Signature",
    "State",
    "TransferArrived",
    "TransferSent",
    "UnitsPicked",
    "Work",
    "WorkLine",
    "WorkLineView",
    "WorkView",
    "Worked",
    "WrongPickupCode",
    "count_work",
    "customer_address",
    "due_at",
    "list_leaving",
    "list_orders_of_tracking",
    "list_queue",
    "location_address",
    "note_collected",
    "note_delivered",
    "proof_of",
    "work_view",
    "works_by_id",
    "works_by_order",
]
