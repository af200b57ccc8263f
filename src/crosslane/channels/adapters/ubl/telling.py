"""What partners are told: OrderResponse, and DespatchAdvice."""

from collections.abc import Sequence

from crosslane.channels.adapters.telling import Conversation, Document, Outcome, Outgoing, Talk
from crosslane.channels.adapters.ubl.writing import (
    PEPPOL,
    Sender,
    address,
    basic,
    day_of,
    days,
    document,
    identified,
    part,
    plain,
    price_of,
    time_of,
)
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods

OUR_ID, THEIR_ID = "our_id", "their_id"
# UNCL 4343: what becomes of an order.
OUTCOMES = {"accepted": "AP", "changed": "CA", "rejected": "RE"}
# UNCL 1229: what becomes of a line.
LINE_ACCEPTED, LINE_CHANGED, LINE_REFUSED = "5", "3", "7"


def reply(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell what becomes of orders."""
    outcomes: list[Outcome] = []
    for one in messages:
        yield order_response(one, talk)
        outcomes.append(Outcome())
    return outcomes


def order_response(one: Outgoing, talk: Talk) -> Document:
    """Return the answer to an order."""
    said = one.message
    if not isinstance(said, OrderReply):
        raise TypeError(f"{said} is no reply")
    sender = Sender.of(one)
    currency = said.currency or talk.currency
    titles = {line.id: line.title for line in sender.order.lines} if sender.order else {}
    return document(
        one,
        "OrderResponse",
        said.order,
        basic("UBLVersionID", "2.1"),
        *_profile(sender, "order_response", "ordering"),
        basic("ID", f"{said.order}-{one.number}"),
        basic("SalesOrderID", said.ours),
        basic("IssueDate", day_of(said.event_at, talk)),
        basic("IssueTime", time_of(said.event_at, talk)),
        basic("OrderResponseCode", OUTCOMES[said.outcome], listID="UNCL4343"),
        basic("Note", said.reason),
        basic("DocumentCurrencyCode", currency),
        part("OrderReference", basic("ID", _order_number(one, said.order))),
        _us("SellerSupplierParty", sender, talk),
        _them("BuyerCustomerParty", sender, talk),
        *(_line(line, sender, currency, titles.get(line.id, ""), talk) for line in said.lines),
    )


def _profile(sender: Sender, transaction: str, process: str) -> tuple[str, str]:
    """Return by which rules a document is made: Peppol's for those who order by them."""
    if not sender.is_peppol:
        return "", ""
    return (
        basic("CustomizationID", f"{PEPPOL}poacc:trns:{transaction}:3"),
        basic("ProfileID", f"{PEPPOL}poacc:bis:{process}:3"),
    )


def _order_number(one: Outgoing, order: str) -> str:
    """Return the number the buyer gave the order; one for several places has but one."""
    return (one.order.number if one.order else "") or order


def _us(role: str, sender: Sender, talk: Talk) -> str:
    """Return ourselves in a role; an empty one where nobody knows us, since it must stand there."""
    party = sender.party("SellerSupplierParty", talk.settings.get(OUR_ID, ""))
    return part(role, party) or f"<cac:{role}/>"


def _them(role: str, sender: Sender, talk: Talk) -> str:
    """Return the partner in a role, with the accounts each side has given the other."""
    at = "BuyerCustomerParty"
    accounts = ("CustomerAssignedAccountID", "SupplierAssignedAccountID")
    return (
        part(
            role,
            *(basic(name, sender.says(f"/{at}/{name}")) for name in accounts),
            sender.party(at, talk.settings.get(THEIR_ID, "")),
        )
        or f"<cac:{role}/>"
    )


def _line(line: ReplyLine, sender: Sender, currency: str, title: str, talk: Talk) -> str:
    confirmed = sender.counted(line.id, line.quantity)
    following = sender.counted(line.id, line.backordered)
    coming = line.quantity + line.backordered
    status = LINE_ACCEPTED if not (line.backordered or line.cancelled) else LINE_CHANGED
    if not coming:
        status = LINE_REFUSED
    price = ""
    if line.unit_price_milli is not None:
        each = price_of(line.unit_price_milli * confirmed.each, currency)
        price = part("Price", basic("PriceAmount", each, currencyID=currency))
    return part(
        "OrderLine",
        part(
            "LineItem",
            basic("ID", line.id),
            basic("LineStatusCode", status, listID="UNCL1229"),
            basic("Quantity", confirmed.units, unitCode=confirmed.unit),
            basic(
                "MaximumBackorderQuantity",
                following.units if line.backordered else None,
                unitCode=following.unit,
            ),
            part("Delivery", _promised(line, talk)),
            price,
            _item(title, line.sku, line.article, line.gtin),
        ),
        part("OrderLineReference", basic("LineID", line.id)),
    )


def _promised(line: ReplyLine, talk: Talk) -> str:
    day = day_of(line.due_at, talk)
    return days("PromisedDeliveryPeriod", day, day)


def _item(title: str, sku: str, article: str, gtin: str) -> str:
    name = basic("Name", plain(title) or sku or article or gtin)
    return part("Item", name, *identified(sku, article, gtin)) or "<cac:Item/>"


def despatch(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell that parcels have left; of other steps partners are not told."""
    outcomes: list[Outcome] = []
    for one in messages:
        said = one.message
        if not isinstance(said, FulfillmentEvent):
            raise TypeError(f"{said} is no parcel")
        if said.step != "shipped":
            why = f"UBL has no document for goods that are {said.step}"
            outcomes.append(Outcome(state="unsupported", code="step-unsupported", detail=why))
            continue
        yield despatch_advice(one, said, talk)
        outcomes.append(Outcome())
    return outcomes


def despatch_advice(one: Outgoing, said: FulfillmentEvent, talk: Talk) -> Document:
    """Return the notice of a parcel, by whose number a receipt can be told apart."""
    sender = Sender.of(one)
    order = _order_number(one, said.order)
    to = said.ship_to or (sender.order.ship_to if sender.order else None)
    due = day_of(said.due_at, talk)
    tracking = said.tracking[0] if said.tracking else ""
    return document(
        one,
        "DespatchAdvice",
        said.order,
        basic("UBLVersionID", "2.1"),
        *_profile(sender, "despatch_advice", "despatch_advice"),
        basic("ID", said.source_id),
        basic("IssueDate", day_of(said.event_at, talk)),
        basic("IssueTime", time_of(said.event_at, talk)),
        part("OrderReference", basic("ID", order)),
        _us("DespatchSupplierParty", sender, talk),
        _them("DeliveryCustomerParty", sender, talk),
        part(
            "Shipment",
            basic("ID", said.source_id),
            part(
                "Consignment",
                basic("ID", tracking or said.source_id),
                part("CarrierParty", part("PartyName", basic("Name", said.carrier))),
            ),
            part(
                "Delivery",
                basic("TrackingID", tracking),
                address("DeliveryAddress", to),
                days("EstimatedDeliveryPeriod", due, due),
                part(
                    "Despatch",
                    basic("ActualDespatchDate", day_of(said.event_at, talk)),
                    basic("ActualDespatchTime", time_of(said.event_at, talk)),
                ),
            ),
        ),
        *(_sent(n, goods, sender, order) for n, goods in enumerate(said.lines, 1)),
    )


def _sent(place: int, goods: MovedGoods, sender: Sender, order: str) -> str:
    sent = sender.counted(goods.id, goods.quantity)
    return part(
        "DespatchLine",
        basic("ID", place),
        basic("DeliveredQuantity", sent.units, unitCode=sent.unit),
        part(
            "OrderLineReference",
            basic("LineID", goods.id or "NA"),
            part("OrderReference", basic("ID", order)),
        ),
        _item(goods.title, goods.sku, goods.article, goods.gtin),
    )
