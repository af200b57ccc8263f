"""What lies where, what was sent, and what of it has arrived."""

from collections.abc import Iterator
from datetime import datetime

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.ubl.reading import (
    OF_BUYER,
    OF_SELLER,
    address,
    code_of,
    counted,
    item,
    lines,
    moment,
    name_of,
    order_of,
    stub,
    surely,
    told,
    words,
)
from crosslane.channels.domain.messages import Message, StockRow, SupplySnapshot
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.customers import Address

CODE_CHARACTERS_MAX = 64
SHORT_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 500
# A shipment notice that takes one back: UBL's own word, and UNCL 1225.
CANCELLED = frozenset(("CANCELLED", "CANCELED", "1"))


def inventory(root: Part, context: Context) -> Iterator[Message]:
    """Say what lies where; each place has a message of its own.

    Whose numbers of articles are ours depends on who reports: a retailer writes to the seller, and
    the other way round. Units that come only later lie nowhere yet and are left over.
    """
    of = stub(root, context)
    at = moment(root.part("InventoryPeriod"), "StartDate", "StartTime", context.timezone) or of.at
    reporter = root.part("InventoryReportingParty")
    retailer, seller = (
        root.part(f"{role}/Party") for role in ("RetailerCustomerParty", "SellerSupplierParty")
    )
    named = _called(reporter) or _called(retailer)
    ours = OF_SELLER if named and named == _called(retailer) else OF_BUYER
    if named and named == _called(seller):
        ours = OF_BUYER
    name = next(
        (n for n in ("InventoryReportLine", "StockAvailabilityReportLine") if root.parts(n)),
        "InventoryReportLine",
    )
    rows: dict[str, list[StockRow]] = {}
    for line in lines(root, name):
        ready = moment_of_line(line, context)
        if ready is not None and ready > of.latest:
            continue
        place = line.part("InventoryLocation")
        where = place.text("ID") or place.text("Name") or named
        if not where:
            raise root.missing("InventoryReportingParty")
        what = item(line, ours, titled=False)
        units = surely(line, "Quantity", counted(line, what, context), least=-(10**9))
        row = StockRow(sku=what.sku, article=what.article, gtin=what.gtin, quantity=units)
        rows.setdefault(where[:CODE_CHARACTERS_MAX], []).append(row)
    if not rows:
        raise NotReadable(Fault("says-nothing", "Nothing of it lies anywhere yet", f"/{name}[1]"))
    for where, found in rows.items():
        yield SupplySnapshot(
            source_id=f"{of.number}@{where}" if len(rows) > 1 else of.number,
            source_version=version_of(of.at),
            event_at=at,
            channel=context.channel,
            location=where,
            rows=tuple(found),
        )


def moment_of_line(line: Part, context: Context) -> datetime | None:
    """Return from when on what a line names is there; it is left over."""
    told_on = line.peek("AvailabilityDate")
    return line.instant("AvailabilityDate", told_on, context.timezone) if told_on else None


def _called(party: Part) -> str:
    return code_of(party, party) or name_of(party)


def _place(role: Part) -> str:
    """Return how the partners call the place of a party."""
    assigned = ("CustomerAssignedAccountID", "SupplierAssignedAccountID")
    party = role.part("Party")
    return (code_of(party, role, assigned=assigned) or name_of(party))[:SHORT_CHARACTERS_MAX]


def despatch(root: Part, context: Context) -> Iterator[Message]:
    """Say what was sent; each order in it has a message of its own."""
    of = stub(root, context)
    status = root.peek("DocumentStatusCode").upper()
    shipment = root.part("Shipment")
    delivery = shipment.part("Delivery")
    zone = context.timezone
    left = moment(delivery.part("Despatch"), "ActualDespatchDate", "ActualDespatchTime", zone)
    due = _due(delivery, zone)
    orders = _by_order(root, "DespatchLine", "DeliveredQuantity", OF_BUYER, context)
    carrier = _carrier(shipment)
    shared = {
        "step": "cancelled" if status in CANCELLED else "shipped",
        "location": _place(root.part("DespatchSupplierParty")),
        "to": delivery.peek("DeliveryLocation/ID") or _place(root.part("DeliveryCustomerParty")),
        "ship_to": _receiver(root, delivery),
        "carrier": carrier,
        "tracking": _tracking(root),
        "due_at": due,
    }
    for order, goods in orders.items():
        own = told(of, context, f"{of.number}/{order}" if len(orders) > 1 else of.number)
        yield FulfillmentEvent(
            **{**own, "event_at": left or of.at}, **shared, order=order, lines=tuple(goods)
        )


def receipt(root: Part, context: Context) -> Iterator[Message]:
    """Say what of a shipment a customer has; its number is the shipment's when it is told."""
    of = stub(root, context, keep=True)
    delivery = root.part("Shipment/Delivery")
    zone = context.timezone
    came = moment(delivery, "ActualDeliveryDate", "ActualDeliveryTime", zone)
    orders = _by_order(root, "ReceiptLine", "ReceivedQuantity", OF_SELLER, context)
    shipment = root.text("DespatchDocumentReference/ID")
    number = shipment or of.number
    if not shipment:
        root.text("ID")
    shared = {
        "step": "delivered",
        "location": "",
        "to": _place(root.part("DeliveryCustomerParty")),
        "tracking": _tracking(root),
        "reason": words(root, "Note", REASON_CHARACTERS_MAX) if _is_short(root) else "",
    }
    for order, goods in orders.items():
        own = told(of, context, f"{number}/{order}" if len(orders) > 1 else number)
        yield FulfillmentEvent(
            **{**own, "event_at": came or of.at},
            **shared,
            order=order,
            lines=tuple(one for one in goods if one.quantity),
        )


def _is_short(root: Part) -> bool:
    wrong = ("ShortQuantity", "RejectedQuantity", "OversupplyQuantity")
    return any(line.peek(name) for line in root.parts("ReceiptLine") for name in wrong)


def fulfilment_cancelled(root: Part, context: Context) -> Iterator[Message]:
    """Say that a shipment, or what of an order was not sent yet, is off."""
    of = stub(root, context, keep=True)
    shipment = root.text("DespatchDocumentReference/ID")
    if not shipment:
        root.text("ID")
    yield FulfillmentEvent(
        **told(of, context, shipment or of.number),
        step="cancelled",
        order=order_of(root, "OrderReference/ID"),
        reason=words(root, "CancellationNote", REASON_CHARACTERS_MAX),
    )


def _by_order(
    root: Part, name: str, quantity: str, ours: tuple[str, str], context: Context
) -> dict[str, list[MovedGoods]]:
    """Return goods by the orders they are of; a line that names none is of the document's."""
    references = root.parts("OrderReference")
    of_all = next((order for one in references if (order := order_of(one, "ID"))), "")
    found: dict[str, list[MovedGoods]] = {}
    for line in lines(root, name):
        order = order_of(line, "OrderLineReference/OrderReference/ID") or of_all
        found.setdefault(order, []).append(_goods(line, quantity, ours, context))
    return found


def _goods(line: Part, quantity: str, ours: tuple[str, str], context: Context) -> MovedGoods:
    what = item(line, ours)
    units = surely(line, quantity, counted(line, what, context)) if line.peek(quantity) else 0
    lot = line.part("Item/ItemInstance")
    reference = line.peek("OrderLineReference/LineID")
    name = reference if reference.upper() != "NA" else ""
    if name:
        line.text("OrderLineReference/LineID")
    return MovedGoods(
        id=name or ("" if what.sku else line.text("ID")),
        sku=what.sku,
        article=what.article,
        gtin=what.gtin,
        quantity=units,
        title=what.title,
        lot=lot.text("LotIdentification/LotNumberID") or lot.text("SerialID"),
    )


def _due(delivery: Part, zone: str) -> datetime | None:
    period = delivery.part("EstimatedDeliveryPeriod")
    for day, time in (("EndDate", "EndTime"), ("StartDate", "StartTime")):
        if (found := moment(period, day, time, zone)) is not None:
            return found
    return moment(delivery, "EstimatedDeliveryDate", "EstimatedDeliveryTime", zone)


def _receiver(root: Part, delivery: Part) -> Address | None:
    party = root.part("DeliveryCustomerParty/Party")
    places = ("DeliveryAddress", "DeliveryLocation/Address")
    for place in (*map(delivery.part, places), party.part("PostalAddress")):
        contact = party.part("Contact")
        if (found := address(place, organization=name_of(party), contact=contact)) is not None:
            return found
    return None


def _carrier(shipment: Part) -> str:
    for place in ("Consignment", "ShipmentStage", "Delivery"):
        party = shipment.part(f"{place}/CarrierParty")
        if found := (name_of(party) or code_of(party, party)):
            return found[:REASON_CHARACTERS_MAX]
    return ""


def _tracking(root: Part) -> tuple[str, ...]:
    """Return the numbers parcels go by: of the whole shipment and of its lines."""
    found: list[str] = []
    for shipment in (
        *root.parts("Shipment"),
        *(
            one
            for name in ("DespatchLine", "ReceiptLine")
            for line in root.parts(name)
            for one in line.parts("Shipment")
        ),
    ):
        found.append(shipment.text("Delivery/TrackingID"))
        found.append(shipment.text("Consignment/CarrierAssignedID"))
        for unit in (
            *shipment.parts("TransportHandlingUnit"),
            *shipment.part("Consignment").parts("TransportHandlingUnit"),
        ):
            found.append(unit.text("ID"))
    return tuple(dict.fromkeys(filter(None, found)))
