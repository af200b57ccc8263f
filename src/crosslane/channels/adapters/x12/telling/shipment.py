"""856: what has left, as a tree: the shipment, the order in it, its parcel, the goods."""

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
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.adapters.x12.telling.asked import (
    ADDRESS_CHARACTERS_MAX,
    LINE_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    ORDER_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    numbers_of,
)
from crosslane.channels.adapters.x12.telling.pen import Pen, day
from crosslane.channels.adapters.x12.telling.reply import number_of, ordered_on
from crosslane.channels.adapters.x12.telling.sending import place
from crosslane.channels.adapters.x12.units import usual
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.customers import Address

WITH_PACKS, WITHOUT_PACKS = "0001", "0004"
NUMBER_CHARACTERS_MIN, NUMBER_CHARACTERS_MAX = 2, 30
TRACKING_CHARACTERS_MAX = 30
PACK_CHARACTERS_MAX = 48
SCAC_CHARACTERS = range(2, 5)
ROUTING_CHARACTERS_MAX = 35
TITLE_CHARACTERS_MAX = 80
SETTINGS = {
    "company_prefix": "GS1 company prefix: parcels get numbers by it (SSCC-18) in a level of packs",
    "scac": "codes of carriers by our names of them, such as UPS=UPSN FEDEX=FDEG",
}


def shipment(message: FulfillmentEvent, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what has left; what happens to it later is no business of this set."""
    if message.step != "shipped":
        raise needs_no_departure(message.step, "856")
    fits = pen.can_code(message.source_id, NUMBER_CHARACTERS_MAX, NUMBER_CHARACTERS_MIN)
    number, at = own_number(message.source_id, one, fits=fits), local(talk)
    pack = sscc(talk, one.number)
    structure = WITH_PACKS if pack else WITHOUT_PACKS
    segments = [
        pen.segment("BSN", "00", number, day(at), at.strftime("%H%M%S"), structure),
        pen.segment("HL", "1", "", "S", "1"),
        *_whole(message, asked, pen, talk),
        pen.segment("HL", "2", "1", "O", "1"),
        _order(message, asked, pen, talk),
    ]
    above = "2"
    if pack:
        above = "3"
        segments += [
            pen.segment("HL", "3", "2", "P", "1"),
            pen.segment("MAN", "GM", pack),
            *(
                pen.segment("MAN", "CP", pen.code(text, PACK_CHARACTERS_MAX, f"/tracking/{n}"))
                for n, text in enumerate(message.tracking[:1])
            ),
        ]
    goods = message.lines or all_of(asked.order)
    for n, line in enumerate(goods):
        segments.append(pen.segment("HL", str(int(above) + n + 1), above, "I", "0"))
        segments += _goods(line, asked.line(line.id), f"/lines/{n}", pen)
    segments.append(pen.segment("CTT", str(int(above) + len(goods))))
    learnt = {f"fulfillment:{message.source_id}": number}
    return Told(segments, learnt | ({f"sscc:{message.source_id}": pack} if pack else {}))


def party(role: str, address: Address, pen: Pen, *called: str, name: str = "") -> Iterator[str]:
    """Yield who somebody is and where.

    Args:
        role: which they play.
        address: where they are.
        pen: of the partner.
        called: qualifier and code by which partners call them, if they do.
        name: what they are called; the address says it when absent.
    """
    words = name or address.organization or address.name
    yield pen.segment("N1", role, pen.words(words, NAME_CHARACTERS_MAX), *called)
    streets = [pen.words(line, ADDRESS_CHARACTERS_MAX) for line in address.lines]
    streets = list(filter(None, streets))
    for n in range(0, len(streets), 2):
        yield pen.segment("N3", *streets[n : n + 2])
    city, region = pen.words(address.city, 30), pen.words(address.region, 2)
    # A region in words is no code of one; nothing else in N4 takes it.
    region = region if len(address.region) == 2 else ""
    where = (
        city if len(city) > 1 else "",
        region,
        pen.words(address.postcode, 15) if len(address.postcode) > 2 else "",
        pen.words(address.country, 3),
    )
    if any(where):
        yield pen.segment("N4", *where)


def _whole(message: FulfillmentEvent, asked: Asked, pen: Pen, talk: Talk) -> Iterator[str]:
    yield pen.segment("TD1", "CTN", str(max(1, len(message.tracking))))
    if carrier := _carrier(message, pen, talk):
        yield carrier
    for n, text in enumerate(message.tracking):
        number = pen.code(text, TRACKING_CHARACTERS_MAX, f"/tracking/{n}")
        yield pen.segment("REF", "CN", number)
    left = local(talk, message.event_at)
    yield pen.segment("DTM", "011", day(left), left.strftime("%H%M"))
    if message.due_at is not None:
        yield pen.segment("DTM", "017", day(local(talk, message.due_at)))
    if message.location:
        yield place("SF", message.location, pen, talk)
    told = asked.parties(pen, "ST")
    if told:
        yield told[0]
    elif address := message.ship_to or (asked.order.ship_to if asked.order else None):
        yield from party("ST", address, pen)


def _carrier(message: FulfillmentEvent, pen: Pen, talk: Talk) -> str:
    if not message.carrier:
        return ""
    codes = dict(
        pair.split("=", 1) for pair in talk.settings.get("scac", "").split() if "=" in pair
    )
    words = pen.words(" ".join((message.carrier, message.service)), ROUTING_CHARACTERS_MAX)
    code = codes.get(message.carrier, codes.get(message.carrier.upper(), ""))
    if not code:
        return pen.segment("TD5", "B", "", "", "", words)
    if len(code) not in SCAC_CHARACTERS or not code.isalpha():
        raise Unwritable("/settings/scac", f"{code[:40]!r} is no code of a carrier")
    return pen.segment("TD5", "B", "2", code.upper(), "", words)


def _order(message: FulfillmentEvent, asked: Asked, pen: Pen, talk: Talk) -> str:
    return pen.segment(
        "PRF",
        pen.code(number_of(message.order, asked), ORDER_CHARACTERS_MAX, "/order"),
        pen.code(asked.begin[4], RELEASE_CHARACTERS_MAX, "/order"),
        "",
        ordered_on(asked, talk) if asked.order else "",
    )


def _goods(line: MovedGoods, asked: AskedLine | None, at: str, pen: Pen) -> Iterator[str]:
    numbers = numbers_of(
        asked, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
    )
    if not numbers:
        raise Unwritable(at, "Nothing names the article")
    if line.lot:
        numbers += ["LT", pen.code(line.lot, 48, f"{at}/lot")]
    name = pen.code(line.id, LINE_CHARACTERS_MAX, f"{at}/id")
    quantity, unit = (asked or UNASKED).counted(line.quantity)
    ordered: tuple[str, ...] = ()
    if asked is not None and asked.line is not None:
        whole, of = asked.counted(asked.line.quantity)
        ordered = ("", whole, of)
    yield pen.segment("LIN", name, *numbers)
    yield pen.segment("SN1", name, quantity, unit, *ordered)
    if asked is not None and usual(unit) is None:
        # No word for a number of pieces: how many it is has to stand beside it.
        yield pen.segment("PO4", str(asked.each))
    if title := pen.words(line.title, TITLE_CHARACTERS_MAX):
        yield pen.segment("PID", "F", "", "", "", title)
