"""810: an invoice or credit memo, exact to the cent."""

from collections.abc import Iterator
from decimal import Decimal

from crosslane.channels.adapters.edi_telling import Told, amount, require_sound
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.adapters.x12.telling.asked import (
    LINE_CHARACTERS_MAX,
    ORDER_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    numbers_of,
)
from crosslane.channels.adapters.x12.telling.pen import Pen, day, implied
from crosslane.channels.adapters.x12.telling.reply import number_of
from crosslane.channels.adapters.x12.telling.shipment import TITLE_CHARACTERS_MAX, party
from crosslane.channels.domain.replies import Invoice, InvoiceCharge, InvoiceLine, Party
from crosslane.customers import Address
from crosslane.kernel import line_amount

DEBIT, CREDIT = "DI", "CR"
NUMBER_CHARACTERS_MAX = 22
REFERENCE_CHARACTERS_MAX = 30
VALUE_ADDED, ANY_TAX = "VA", "TX"
DISCOUNT, FREIGHT, SHIPPING, OTHER = "C310", "D240", "G830", "ZZZZ"
CHARGES = {"shipping": SHIPPING, "delivery": SHIPPING, "freight": FREIGHT, "discount": DISCOUNT}
# Schemes of numbers of parties (ISO 6523), as N103 knows them.
SCHEMES = {"0088": "UL", "0060": "1"}
BASIS_POINTS = 100


def invoice(message: Invoice, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write an invoice; the sum of what it says is what it says is owed.

    Raises:
        Unwritable: the amounts do not add up, or cannot be written.
    """
    del one, talk
    require_sound(message)
    credit = message.kind == "credit_note"
    ordered = message.ordered_on
    segments = [
        pen.segment(
            "BIG",
            day(message.issued_on),
            pen.code(message.source_id, NUMBER_CHARACTERS_MAX, "/source_id"),
            day(ordered) if ordered else asked.begin[5].strip(),
            pen.code(number_of(message.order, asked), ORDER_CHARACTERS_MAX, "/order"),
            pen.code(asked.begin[4], RELEASE_CHARACTERS_MAX, "/order"),
            "",
            CREDIT if credit else DEBIT,
        ),
        pen.segment("CUR", "SE", message.currency),
        *_references(message, pen),
        *_seller("SE", message.seller, pen),
        *_others(message, asked, pen),
    ]
    if message.due_on is not None:
        segments.append(pen.segment("ITD", "05", "3", "", "", "", day(message.due_on)))
    if message.supplied_on is not None:
        segments.append(pen.segment("DTM", "011", day(message.supplied_on)))
    for n, line in enumerate(message.lines):
        segments += _line(line, asked.line(line.id), f"/lines/{n}", message.currency, pen)
    gross = implied(message.gross_minor, message.currency, "/gross_minor")
    segments.append(pen.segment("TDS", gross))
    segments += _taxes(message, pen)
    for n, charge in enumerate(message.charges):
        segments.append(_charge(charge, f"/charges/{n}", message.currency, pen))
    segments.append(pen.segment("CTT", str(len(message.lines))))
    return Told(segments)


def _references(message: Invoice, pen: Pen) -> Iterator[str]:
    if message.ours:
        yield pen.segment("REF", "VN", pen.code(message.ours, REFERENCE_CHARACTERS_MAX, "/ours"))
    if message.seller.tax_id:
        number = pen.code(message.seller.tax_id, REFERENCE_CHARACTERS_MAX, "/seller/tax_id")
        yield pen.segment("REF", "VX", number)
    for n, corrected in enumerate(message.corrects):
        number = pen.code(corrected.number, REFERENCE_CHARACTERS_MAX, f"/corrects/{n}/number")
        yield pen.segment("REF", "IV", number)


def _seller(role: str, who: Party, pen: Pen) -> Iterator[str]:
    known = next(
        (
            (kind, code)
            for scheme, kind in SCHEMES.items()
            if (code := who.ids.get(scheme, "")) and pen.can_code(code, 80, 2)
        ),
        (),
    )
    nowhere = Address(country="", lines=(), city="", name=who.name)
    yield from party(role, who.address or nowhere, pen, *known, name=who.name)


def _others(message: Invoice, asked: Asked, pen: Pen) -> Iterator[str]:
    """Yield who buys and where the goods went: as they were named, else as they are known."""
    for role, who in (("BT", message.buyer), ("ST", message.ship_to)):
        if told := asked.parties(pen, role):
            yield told[0]
        elif who is not None and (who.name or who.address):
            yield from _seller(role, who, pen)
    yield from asked.parties(pen, "BY")


def _line(
    line: InvoiceLine, known: AskedLine | None, at: str, currency: str, pen: Pen
) -> Iterator[str]:
    asked = known or UNASKED
    quantity, unit = asked.counted(line.quantity)
    price, basis = asked.priced(
        line.unit_price_milli, currency, line.quantity, f"{at}/unit_price_milli"
    )
    numbers = numbers_of(
        known, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
    )
    name = pen.code(line.id, LINE_CHARACTERS_MAX, f"{at}/id")
    yield pen.segment("IT1", name, quantity, unit, price, basis, *numbers)
    if title := pen.words(line.title, TITLE_CHARACTERS_MAX):
        yield pen.segment("PID", "F", "", "", "", title)
    if less := line_amount(line.unit_price_milli, line.quantity) - line.net_minor:
        yield _allowance(DISCOUNT if less > 0 else OTHER, -less, f"{at}/net_minor", currency, pen)


def _taxes(message: Invoice, pen: Pen) -> Iterator[str]:
    sums: dict[tuple[str, int], int] = {}
    for part in (*message.lines, *message.charges):
        key = part.jurisdiction, part.tax_rate_bp
        sums[key] = sums.get(key, 0) + part.tax_minor
    for (_, rate_bp), minor in sums.items():
        if minor:
            kind = VALUE_ADDED if message.seller.tax_id else ANY_TAX
            percent = f"{(Decimal(rate_bp) / BASIS_POINTS).normalize():f}"
            yield pen.segment("TXI", kind, amount(minor, message.currency), percent)


def _charge(charge: InvoiceCharge, at: str, currency: str, pen: Pen) -> str:
    code = CHARGES.get(charge.kind, OTHER)
    return _allowance(code, charge.net_minor, f"{at}/net_minor", currency, pen, charge.title)


def _allowance(
    code: str, minor: int, pointer: str, currency: str, pen: Pen, title: str = ""
) -> str:
    """Return what is given (negative) or charged beside prices."""
    kind = "A" if minor < 0 else "C"
    words = pen.words(title, TITLE_CHARACTERS_MAX)
    told = implied(abs(minor), currency, pointer)
    return pen.segment("SAC", kind, code, "", "", told, *[""] * 9, words)
