"""What a buyer orders, what is different on it, and that it is off."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import EACH_KEPT, settled
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.firm import stops_for, why_not_firm
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.adapters.ubl.reading import (
    DOZENS,
    MILLI_DECIMALS,
    OF_SELLER,
    Count,
    Goods,
    Item,
    Stub,
    address,
    code_of,
    count,
    counted,
    currency_of,
    item,
    lines,
    minor,
    name_of,
    price,
    stub,
    told,
    weighed,
    words,
)
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Message,
    Order,
    OrderLine,
)
from crosslane.channels.domain.told import PRICE_MILLI_MAX
from crosslane.customers import Address
from crosslane.kernel import Invalid, currency_exponent, line_amount, parse_minor
from crosslane.orders import BuyerWish, TenderWish

ON_ACCOUNT = (TenderWish(method="on_account"),)
NOTE_CHARACTERS_MAX = 5_000
LINE_NOTE_CHARACTERS_MAX = 1_900
REASON_CHARACTERS_MAX = 500
ACCOUNT_CHARACTERS_MAX = 64
# Charges for bringing goods (UNCL 7161), which are no reduction and no surprise.
FREIGHT = frozenset(("FC", "DL", "SH"))
# What becomes of a line: words of UBL's own list, and UNCL 1229.
GONE = frozenset(("CANCELLED", "CANCELED", "CANCEL", "DELETED", "2"))
UNCHANGED = frozenset(("NOSTATUS", "4", "5"))
COPY = "The document says it is a copy"


class Priced(NamedTuple):
    """What a line costs.

    Args:
        unit_price_milli: of one unit, with all reductions taken off; None when nobody says.
        discount_minor: what was taken off the line.
        doubt: what does not add up in it.
    """

    unit_price_milli: int | None
    discount_minor: int = 0
    doubt: str = ""


class Bound(NamedTuple):
    """A line, and how much of it goes where; all of it to the same place when it does not say.

    Args:
        line: what is ordered.
        places: how much of it goes where.
        doubts: what does not add up.
        kept: what an answer has to know besides.
    """

    line: OrderLine
    places: dict[str, int]
    doubts: list[str]
    kept: dict[str, str]


def order(root: Part, context: Context) -> Iterator[Message]:
    """Say what an order says; one for several places is an order for each of them."""
    of = stub(root, context)
    amounts = ("AnticipatedMonetaryTotal/PayableAmount", "TaxTotal/TaxAmount")
    line_amounts = ("OrderLine[1]/LineItem/LineExtensionAmount",)
    prices = ("OrderLine[1]/LineItem/Price/PriceAmount",)
    currency = currency_of(root, context, *amounts, *line_amounts, *prices)
    where: dict[str, Address] = {}
    bound = [
        _line(line, n, currency, where, context)
        for n, line in enumerate(lines(root, "OrderLine"), 1)
    ]
    main = _ship_to(root)
    shared = _shared(root, currency, [doubt for one in bound for doubt in one.doubts])
    shared["rest"] = {place: said for one in bound for place, said in one.kept.items()}
    places = list(dict.fromkeys(place for one in bound for place in one.places))
    if len(places) <= 1:
        every = tuple(one.line for one in bound)
        to = where[places[0]] if places and places[0] in where else main
        yield Order(**told(of, context), **shared, lines=every, number=of.number, ship_to=to)
        return
    # What is told of the whole is of no single part of it; delivery is paid for once.
    parts = shared | {"total_minor": None, "tax_minor": None, "discount_minor": None}
    for place in places:
        own = told(of, context, f"{of.number}/{place}" if place else of.number)
        yield Order(
            **own,
            **parts,
            lines=tuple(_part_of(one, place) for one in bound if one.places.get(place)),
            number=of.number,
            part_of=of.number,
            parts=len(places),
            ship_to=where.get(place, main),
        )
        parts = parts | {"shipping_minor": 0}


def _part_of(one: Bound, place: str) -> OrderLine:
    line = one.line
    if one.places[place] == line.quantity:
        return line
    return OrderLine(
        id=line.id,
        sku=line.sku,
        quantity=one.places[place],
        unit_price_milli=line.unit_price_milli,
        article=line.article,
        gtin=line.gtin,
        title=line.title,
        note=line.note,
    )


def _shared(root: Part, currency: str, doubts: Sequence[str]) -> dict[str, Any]:
    """Return what is the same in the orders of all places."""
    role = root.part("BuyerCustomerParty")
    party = role.part("Party")
    payer = root.part("AccountingCustomerParty/Party")
    shipping, off, others = _charges(root, currency)
    if others:
        doubts = [*doubts, "The order names allowances or charges that are not in its prices"]
    if root.peek("CopyIndicator") == "true":
        doubts = [*doubts, COPY]
    if root.peek("OrderTypeCode").isdecimal() and (why := why_not_firm(root.peek("OrderTypeCode"))):
        doubts = [why, *doubts]
    contact = party.part("Contact")
    buyer = BuyerWish(
        account_number=code_of(party, role, assigned=("SupplierAssignedAccountID",))[
            :ACCOUNT_CHARACTERS_MAX
        ],
        email=contact.text("ElectronicMail")[:254],
        phone=contact.text("Telephone")[:40],
        name=(name_of(party) or contact.peek("Name"))[:200],
    )
    home = party.part("PostalAddress")
    payer_home = payer.part("PostalAddress")
    total = "AnticipatedMonetaryTotal/PayableAmount"
    return {
        "buyer": buyer if buyer != BuyerWish() else None,
        "bill_to": address(payer_home, organization=name_of(payer))
        or address(home, organization=name_of(party)),
        "currency": currency,
        "prices_include_tax": False,
        "tenders": ON_ACCOUNT,
        "stops": stops_for(doubts),
        "shipping_minor": shipping,
        "total_minor": _positive(root, total, currency),
        "tax_minor": _exact(root, "TaxTotal/TaxAmount", currency),
        "discount_minor": off,
        "note": words(root, "Note", NOTE_CHARACTERS_MAX),
    }


def _positive(root: Part, name: str, currency: str) -> int | None:
    """Return what is owed; what an order owes the buyer is left over."""
    return None if root.peek(name).startswith("-") else minor(root, name, currency)


def _exact(part: Part, name: str, currency: str) -> int | None:
    """Return an amount if it is one to the minor unit; finer ones and negative are left over."""
    try:
        parse_minor(part.peek(name), currency)
    except Invalid:
        return None
    return _positive(part, name, currency)


def _charges(root: Part, currency: str) -> tuple[int, int | None, bool]:
    """Return what is charged for delivery, what is taken off, and whether anything else is asked.

    An order that names no charge for delivery agrees on none. What is not for delivery is left
    over, since nobody acts upon it.
    """
    shipping = off = 0
    others = False
    for one in root.parts("AllowanceCharge"):
        is_charge = one.peek("ChargeIndicator") == "true"
        if is_charge and one.peek("AllowanceChargeReasonCode").upper() in FREIGHT:
            shipping += minor(one, "Amount", currency) or 0
            one.text("ChargeIndicator")
            one.text("AllowanceChargeReasonCode")
            continue
        others = True
        if not is_charge:
            off += weighed(one, "Amount", currency) or 0
    return shipping, off or None, others


def _ship_to(root: Part) -> Address | None:
    """Return where goods go: as the delivery says, else to whoever receives them, else home."""
    delivery = root.part("Delivery")
    receiver = delivery.part("DeliveryParty")
    buyer = root.part("BuyerCustomerParty")
    organization = name_of(receiver) or name_of(buyer.part("Party"))
    contact = receiver.part("Contact")
    if not contact.peek("Name"):
        contact = buyer.part("DeliveryContact")
    for place in (*_addresses(delivery), receiver.part("PostalAddress")):
        found = address(place, organization=organization, contact=contact)
        if found is not None:
            return found
    others = (root.part("OriginatorCustomerParty/Party"), buyer.part("Party"))
    for party in others:
        found = address(party.part("PostalAddress"), organization=name_of(party), keep=True)
        if found is not None:
            return found
    return None


def _addresses(delivery: Part) -> tuple[Part, Part]:
    return delivery.part("DeliveryAddress"), delivery.part("DeliveryLocation/Address")


def _line(
    line: Part, place: int, currency: str, where: dict[str, Address], context: Context
) -> Bound:
    part = line.part("LineItem")
    what = item(part, OF_SELLER)
    goods = counted(part, what, context)
    found = count(part, "Quantity", goods, least=1)
    cost = line_price(part, found, currency)
    doubts = [cost.doubt] if cost.doubt else []
    if found.each.doubt:
        doubts.append(f"Line {part.peek('ID') or place}: {found.each.doubt}")
    note = ""
    if found.unit:
        # How many pieces another unit is only the catalog knows.
        note = f"Ordered by unit {found.unit}"
        if not found.is_package:
            doubts.append(f"Line {part.peek('ID') or place} is ordered by measure {found.unit}")
    said = words(line, "Note", LINE_NOTE_CHARACTERS_MAX)
    own = words(part, "Note", LINE_NOTE_CHARACTERS_MAX - len(said))
    ordered = OrderLine(
        # Left over, since answers find the line by it.
        id=part.peek("ID") or str(place),
        sku=what.sku,
        article=what.article,
        gtin=what.gtin,
        title=what.title,
        quantity=found.units,
        unit_price_milli=cost.unit_price_milli,
        discount_minor=cost.discount_minor,
        tax_minor=_exact(part, "TotalTaxAmount", currency),
        note="\n".join(filter(None, (note, said, own))),
    )
    is_pack = found.code and found.each.pieces > 1 and found.code not in DOZENS
    at = f"{part.at}/Quantity/{EACH_KEPT}"
    kept = {at: str(found.each.pieces)} if is_pack or found.each.agreed else {}
    return Bound(ordered, _places(part, found, goods, where), doubts, kept)


def _places(part: Part, found: Count, goods: Goods, where: dict[str, Address]) -> dict[str, int]:
    """Return how many units of a line go where, by the codes of the places, "" for the main one."""
    split: dict[str, int] = {}
    deliveries = part.parts("Delivery")
    for delivery in deliveries:
        place = delivery.part("DeliveryLocation")
        code = place.peek("ID") or delivery.peek("DeliveryParty/PartyIdentification/ID")
        to = next(
            (
                one
                for at in _addresses(delivery)
                if (one := address(at, organization=name_of(delivery.part("DeliveryParty"))))
            ),
            None,
        )
        code = code or (f"{to.postcode} {' '.join(to.lines)}".strip()[:40] if to else "")
        if code and to is not None:
            where.setdefault(code, to)
        units = found.units
        if delivery.peek("Quantity") and len(deliveries) > 1:
            units = count(delivery, "Quantity", goods).units
        elif len(deliveries) > 1:
            # Times of delivery, not shares of the line.
            units = 0 if split else found.units
        if units:
            split[code] = split.get(code, 0) + units
    if not split:
        return {"": found.units}
    if sum(split.values()) != found.units:
        detail = f"{found.units} are ordered, {sum(split.values())} are to be delivered"
        raise NotReadable(Fault("delivery-count", detail, f"{part.at}/Quantity"))
    return split


def line_price(part: Part, found: Count, currency: str) -> Priced:
    """Return what a unit of a line costs, so that the line costs exactly what it says.

    Args:
        part: with ``Price``, ``LineExtensionAmount`` and allowances.
        found: how much is ordered.
        currency: ISO 4217.
    """
    each, unit = price(part, currency)
    whole = weighed(part, "LineExtensionAmount", currency)
    exact: int | None = None
    kind, pieces = found.pieces_in(unit)
    if each is not None and kind == found.unit:
        exact = _milli(each / pieces, currency, part)
    elif each is not None and whole is None:
        raise part.wrong("Price/BaseQuantity/@unitCode", "the unit that is ordered")
    if whole is None or whole < 0:
        return Priced(exact)
    off = sum(
        (-1 if one.peek("ChargeIndicator") == "true" else 1)
        * (weighed(one, "Amount", currency) or 0)
        for one in part.parts("AllowanceCharge")
    )
    if exact is not None:
        reckoned = line_amount(exact, found.units)
        if reckoned == whole:
            return Priced(exact)
        if abs(reckoned - off - whole) > 1:
            amount, told = part.peek("Quantity") or found.units, part.peek("LineExtensionAmount")
            detail = f"{amount} at {each:f} do not come to {told} {currency}"
            return Priced(exact, doubt=f"Line {part.peek('ID')}: {detail}")
    return Priced(even_price_milli(whole, found.units, part), max(off, 0))


def _milli(each: Decimal, currency: str, part: Part) -> int:
    milli = each.scaleb(currency_exponent(currency) + MILLI_DECIMALS)
    if milli > PRICE_MILLI_MAX:
        raise part.wrong("Price/PriceAmount", f"a price in {currency}")
    return int(milli.quantize(Decimal(1), ROUND_HALF_UP))


def _order_number(root: Part) -> str:
    return root.needed("OrderReference/ID")


def _later(root: Part, of: Stub, context: Context) -> dict[str, Any]:
    """Return number, version and time of what is said of an order later.

    One that tells its day alone was said after all that was said on it, in the sequence it tells.
    """
    sequence = root.peek("SequenceNumberID")
    after = int(sequence[:6]) if sequence.isdecimal() else 0
    if sequence.isdecimal():
        root.text("SequenceNumberID")
    latest = of.latest + timedelta(milliseconds=after)
    return {
        **told(of, context, _order_number(root)),
        "source_version": version_of(latest),
    }


def change(root: Part, context: Context) -> Iterator[Message]:
    """Say what a buyer changes on an order: how its lines are from now on."""
    of = stub(root, context, keep=True)
    said = _later(root, of, context)
    amounts = ("AnticipatedMonetaryTotal/PayableAmount",)
    line_amounts = ("OrderLine[1]/LineItem/LineExtensionAmount",)
    prices = ("OrderLine[1]/LineItem/Price/PriceAmount",)
    currency = currency_of(root, context, *amounts, *line_amounts, *prices)
    amended = [
        one
        for n, line in enumerate(lines(root, "OrderLine"), 1)
        if (one := _amended(line, n, currency, context)) is not None
    ]
    delivery = root.part("Delivery")
    party = delivery.part("DeliveryParty")
    to = next(
        (
            found
            for place in _addresses(delivery)
            if (
                found := address(
                    place,
                    organization=name_of(party) or name_of(root.part("BuyerCustomerParty/Party")),
                    contact=party.part("Contact"),
                )
            )
        ),
        None,
    )
    note = words(root, "Note", REASON_CHARACTERS_MAX)
    yield Amendment(**said, lines=tuple(amended), ship_to=to, reason=note or "changed by the buyer")


def _amended(line: Part, place: int, currency: str, context: Context) -> AmendedLine | None:
    part = line.part("LineItem")
    status = part.peek("LineStatusCode").replace(" ", "").upper()
    if status in UNCHANGED and status != "NOSTATUS":
        return None
    name = part.text("ID") or str(place)
    sku = part.text(f"Item/{OF_SELLER[0]}/ID")
    if status in GONE:
        part.text("LineStatusCode")
        return AmendedLine(id=name, quantity=0, sku=sku)
    # What names the article besides is left over.
    theirs, gtin = (
        part.peek(f"Item/{name}/ID") for name in (OF_SELLER[1], "StandardItemIdentification")
    )
    goods = counted(part, Item(sku, theirs, gtin, ""), context)
    found = count(part, "Quantity", goods) if part.peek("Quantity") else None
    if found:
        settled(found.each, f"{part.at}/Quantity/@unitCode")
    cost = line_price(part, found, currency) if found and found.units else Priced(None)
    if cost.doubt:
        raise NotReadable(Fault("price-in-doubt", cost.doubt, f"{part.at}/LineExtensionAmount"))
    if found is None and cost.unit_price_milli is None:
        raise part.missing("Quantity")
    return AmendedLine(
        id=name,
        quantity=found.units if found else None,
        unit_price_milli=cost.unit_price_milli,
        sku=sku,
    )


def cancellation(root: Part, context: Context) -> Iterator[Message]:
    """Say that an order is off."""
    of = stub(root, context, keep=True)
    note = words(root, "CancellationNote", REASON_CHARACTERS_MAX)
    yield Cancellation(**_later(root, of, context), reason=note or "cancelled by the buyer")
