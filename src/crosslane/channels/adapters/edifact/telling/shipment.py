"""DESADV: what has left, its parcels, and the goods in them."""

from collections.abc import Iterator

from crosslane.channels.adapters.edi_telling import (
    Told,
    Unwritable,
    all_of,
    local,
    needs_no_departure,
    own_number,
    sscc,
)
from crosslane.channels.adapters.edifact.telling.asked import (
    LINE_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    numbers_of,
)
from crosslane.channels.adapters.edifact.telling.pen import Pen, day, minute
from crosslane.channels.adapters.edifact.telling.reply import ordered
from crosslane.channels.adapters.edifact.telling.sending import (
    order_number,
    party,
    place,
    require_article,
    title,
)
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods

ADVICE, ORIGINAL = "351", "9"
SENT_ON, DUE_ON = "11", "17"
DESPATCHED, ORDERED = "12", "21"
MAIN_CARRIAGE, CARTON, LABELED, PARCEL = "20", "CT", "33E", "BJ"
CARRIER_CHARACTERS_MAX, CARRIER_NAME_CHARACTERS_MAX = 17, 35
# RFF may come ten times, and one of them names the order.
TRACKING_MAX = 9
SETTINGS = {
    "company_prefix": "GS1 company prefix: parcels get numbers by it (SSCC, GIN+BJ)",
    "carriers": "codes of carriers by our names of them, such as UPS=UPSN DHL=DHLC",
}


def shipment(message: FulfillmentEvent, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what has left; what happens to it later is no business of this message."""
    if message.step != "shipped":
        raise needs_no_departure(message.step, "DESADV")
    fits = pen.can_code(message.source_id, NUMBER_CHARACTERS_MAX)
    number = own_number(message.source_id, one, fits=fits)
    pack = sscc(talk, one.number)
    order = order_number(message.order, asked, pen)
    segments = [
        pen.segment("BGM", ADVICE, number, ORIGINAL),
        pen.segment("DTM", ("137", minute(local(talk)), "203")),
        pen.segment("DTM", (SENT_ON, minute(local(talk, message.event_at)), "203")),
        *_due(message, pen, talk),
        *ordered(order, asked, pen, talk),
        *_tracking(message, pen),
        *_parties(message, asked, pen, talk),
        *_carrier(message, pen, talk),
        *_parcels(message, pack, pen),
    ]
    for n, line in enumerate(message.lines or all_of(asked.order)):
        segments += _goods(line, n, order, asked.line(line.id), pen)
    learnt = {f"fulfillment:{message.source_id}": number}
    return Told(segments, learnt | ({f"sscc:{message.source_id}": pack} if pack else {}))


def _due(message: FulfillmentEvent, pen: Pen, talk: Talk) -> Iterator[str]:
    if message.due_at is not None:
        yield pen.segment("DTM", (DUE_ON, day(local(talk, message.due_at)), "102"))


def _tracking(message: FulfillmentEvent, pen: Pen) -> Iterator[str]:
    if len(message.tracking) > TRACKING_MAX:
        detail = f"DESADV takes {TRACKING_MAX} numbers of tracking"
        raise Unwritable(f"/tracking/{TRACKING_MAX}", detail)
    for n, text in enumerate(message.tracking):
        number = pen.code(text, NUMBER_CHARACTERS_MAX, f"/tracking/{n}")
        yield pen.segment("RFF", ("CN", number))


def _parties(message: FulfillmentEvent, asked: Asked, pen: Pen, talk: Talk) -> Iterator[str]:
    told = asked.parties(pen, "BY", "SU", "DP")
    address = message.ship_to or (asked.order.ship_to if asked.order else None)
    if "DP" not in told and address is not None:
        told["DP"] = party("DP", address, pen)
    yield from told.values()
    if message.location:
        yield place("SF", message.location, pen, talk)


def _carrier(message: FulfillmentEvent, pen: Pen, talk: Talk) -> Iterator[str]:
    if not message.carrier:
        return
    codes = dict(
        pair.split("=", 1) for pair in talk.settings.get("carriers", "").split() if "=" in pair
    )
    name = codes.get(message.carrier, codes.get(message.carrier.upper(), ""))
    code = pen.code(name, CARRIER_CHARACTERS_MAX, "/settings/carriers")
    words = pen.words(" ".join((message.carrier, message.service)), CARRIER_NAME_CHARACTERS_MAX)
    yield pen.segment("TDT", MAIN_CARRIAGE, "", "", "", (code, "", "", words))


def _parcels(message: FulfillmentEvent, pack: str, pen: Pen) -> Iterator[str]:
    """Yield the shipment, and in it a parcel where that has a number of its own."""
    yield pen.segment("CPS", "1")
    yield pen.segment("PAC", str(max(1, len(message.tracking))), "", CARTON)
    if pack:
        yield pen.segment("CPS", "2", "1")
        yield pen.segment("PAC", "1", "", CARTON)
        yield pen.segment("PCI", LABELED)
        yield pen.segment("GIN", PARCEL, pack)


def _goods(
    line: MovedGoods, n: int, order: str, asked: AskedLine | None, pen: Pen
) -> Iterator[str]:
    at = f"/lines/{n}"
    name, further = numbers_of(
        asked, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
    )
    require_article(name, further, at)
    yield pen.segment("LIN", str(n + 1), "", name)
    yield from further
    if line.lot:
        lot = pen.code(line.lot, NUMBER_CHARACTERS_MAX, f"{at}/lot")
        yield pen.segment("PIA", "1", (lot, "NB"))
    yield from title(line.title, pen)
    counts = asked or UNASKED
    yield pen.segment("QTY", (DESPATCHED, *counts.counted(line.quantity, pen)))
    if counts.line is not None:
        yield pen.segment("QTY", (ORDERED, *counts.counted(counts.line.quantity, pen)))
    short = pen.can_code(line.id, LINE_CHARACTERS_MAX)
    yield pen.segment("RFF", ("ON", order, line.id if short else ""))
    if line.id and not short:
        name_of_line = pen.code(line.id, NUMBER_CHARACTERS_MAX, f"{at}/id")
        yield pen.segment("RFF", ("LI", name_of_line))
