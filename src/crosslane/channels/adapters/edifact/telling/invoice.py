"""INVOIC: an invoice or credit note, exact to the cent."""

from collections.abc import Iterator
from decimal import Decimal

from crosslane.channels.adapters.edi_telling import Told, local, require_sound
from crosslane.channels.adapters.edifact.telling.asked import (
    BY_GS1,
    NUMBER_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    Names,
    numbers_of,
)
from crosslane.channels.adapters.edifact.telling.pen import Pen, day
from crosslane.channels.adapters.edifact.telling.sending import (
    NAME_CHARACTERS_MAX,
    order_number,
    party,
    title,
)
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.domain.replies import Invoice, InvoiceCharge, InvoiceLine, Party
from crosslane.customers import Address
from crosslane.kernel import line_amount

DOCUMENTS = {"invoice": "380", "credit_note": "381"}
ORIGINAL, OF_INVOICES = "9", "4"
# Elements 2005, 5025 and 6063.
ISSUED_ON, LEFT_ON, CAME_ON, ORDERED_ON, REFERRED_ON, DUE_ON = "137", "11", "35", "4", "171", "13"
LINE, LINES, CHARGES_IN_SUM, CHARGED = "203", "79", "131", "8"
TAX, TAXED, GROSS, PAYABLE, PREPAID = "124", "125", "77", "139", "113"
INVOICED = "47"
# What a charge is for (element 7161), by our word for it.
CHARGES = {"shipping": "FC", "delivery": "FC", "freight": "FC", "discount": "DI"}
GLN_SCHEME = "0088"
VALUE_ADDED, ANY_TAX, STANDARD = "VAT", "OTH", "S"
BASIS_POINTS = 100
# From this directory on terms of payment are PYT, before PAT.
TERMS_SINCE = "02B"


def invoice(message: Invoice, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write an invoice; the sum of what it says is what it says is owed.

    Raises:
        Unwritable: the amounts do not add up, or cannot be written.
    """
    del one
    require_sound(message)
    writing = _Writing(message, asked, pen, talk)
    names = Names([line.id for line in message.lines])
    segments = [*writing.head(), *writing.charges()]
    for n, line in enumerate(message.lines):
        segments += writing.line(line, n, names, asked.line(line.id))
    return Told([*segments, *writing.sums()])


class _Writing:
    """An invoice while it is written."""

    def __init__(self, message: Invoice, asked: Asked, pen: Pen, talk: Talk) -> None:
        self._message, self._asked, self._pen, self._talk = message, asked, pen, talk
        self._kind = VALUE_ADDED if message.seller.tax_id else ANY_TAX

    def head(self) -> Iterator[str]:
        """Yield what it is, what it refers to, and between whom."""
        message, pen = self._message, self._pen
        number = pen.code(message.source_id, NUMBER_CHARACTERS_MAX, "/source_id")
        yield pen.segment("BGM", DOCUMENTS[message.kind], number, ORIGINAL)
        yield pen.segment("DTM", (ISSUED_ON, day(message.issued_on), "102"))
        if message.supplied_on is not None:
            moved = LEFT_ON if message.kind == "invoice" else CAME_ON
            yield pen.segment("DTM", (moved, day(message.supplied_on), "102"))
        yield from self._references()
        told = self._asked.parties(pen, "BY", "DP")
        yield from self._party("SU", message.seller, "/seller")
        yield from self._party("IV", message.buyer, "/buyer")
        if "BY" in told:
            yield told["BY"]
        if "DP" in told:
            yield told["DP"]
        elif message.ship_to is not None:
            yield from self._party("DP", message.ship_to, "/ship_to")
        yield pen.segment("CUX", ("2", message.currency, OF_INVOICES))
        if message.due_on is not None:
            yield pen.segment("PYT" if pen.is_since(TERMS_SINCE) else "PAT", "3")
            yield pen.segment("DTM", (DUE_ON, day(message.due_on), "102"))

    def _references(self) -> Iterator[str]:
        message, pen = self._message, self._pen
        order = order_number(message.order, self._asked, pen)
        if order:
            yield pen.segment("RFF", ("ON", order))
            on = message.ordered_on
            if on is None and self._asked.order is not None:
                on = local(self._talk, self._asked.order.event_at).date()
            if on is not None:
                yield pen.segment("DTM", (ORDERED_ON, day(on), "102"))
        if message.ours:
            ours = pen.code(message.ours, NUMBER_CHARACTERS_MAX, "/ours")
            yield pen.segment("RFF", ("VN", ours))
        for n, corrected in enumerate(message.corrects):
            pointer = f"/corrects/{n}/number"
            number = pen.code(corrected.number, NUMBER_CHARACTERS_MAX, pointer)
            yield pen.segment("RFF", ("IV", number))
            yield pen.segment("DTM", (REFERRED_ON, day(corrected.issued_on), "102"))

    def _party(self, role: str, who: Party, at: str) -> Iterator[str]:
        """Yield who it is: by the code it was named by, with the address we know."""
        pen = self._pen
        gln = who.ids.get(GLN_SCHEME, "")
        called = (gln, "", BY_GS1) if pen.can_code(gln, NUMBER_CHARACTERS_MAX) else ()
        called = called or self._asked.called(pen, role)
        nowhere = Address(country="", lines=(), city="", name=who.name)
        if not (who.name or who.address or called):
            return
        yield party(role, who.address or nowhere, pen, name=who.name, called=called)
        if who.tax_id:
            number = pen.code(who.tax_id, NUMBER_CHARACTERS_MAX, f"{at}/tax_id")
            yield pen.segment("RFF", ("VA", number))

    def charges(self) -> Iterator[str]:
        """Yield what is charged or given beside goods."""
        for n, charge in enumerate(self._message.charges):
            code = CHARGES.get(charge.kind, "")
            words = self._pen.words(charge.title or charge.kind, NAME_CHARACTERS_MAX)
            yield from self._allowance(charge.net_minor, (code, "", "", words), f"/charges/{n}")
            yield from self._taxed(charge)

    def line(
        self, line: InvoiceLine, n: int, names: Names, known: AskedLine | None
    ) -> Iterator[str]:
        """Yield a line. What is given off its price stands below it, with the price before."""
        pen, at = self._pen, f"/lines/{n}"
        asked = known or UNASKED
        name, further = numbers_of(
            known, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
        )
        yield pen.segment("LIN", names.number(n), "", name)
        yield from further
        yield from title(line.title, pen)
        yield pen.segment("QTY", (INVOICED, *asked.counted(line.quantity, pen)))
        yield self._money(LINE, line.net_minor, f"{at}/net_minor")
        less = line_amount(line.unit_price_milli, line.quantity) - line.net_minor
        told = asked.priced(
            line.unit_price_milli,
            self._message.currency,
            line.quantity,
            pen,
            f"{at}/unit_price_milli",
        )
        yield pen.segment("PRI", ("AAB", *told[1:]) if less else told)
        yield from names.reference(n, pen, at)
        yield from self._taxed(line)
        if less:
            yield from self._allowance(-less, ("DI" if less > 0 else "",), f"{at}/net_minor")

    def _allowance(self, minor: int, what: tuple[str, ...], pointer: str) -> Iterator[str]:
        """Yield what is given (negative) or charged beside prices."""
        kind = "A" if minor < 0 else "C"
        yield self._pen.segment("ALC", kind, "", "", "", what)
        yield self._money(CHARGED, abs(minor), pointer)

    def _taxed(self, part: InvoiceLine | InvoiceCharge) -> Iterator[str]:
        yield self._rate(part.tax_rate_bp)
        yield self._money(TAX, part.tax_minor, "/tax_minor")

    def _rate(self, rate_bp: int) -> str:
        percent = self._pen.number(f"{(Decimal(rate_bp) / BASIS_POINTS).normalize():f}")
        # Why nothing is taxed, exempt or zero, nobody here knows.
        category = STANDARD if rate_bp else ""
        return self._pen.segment("TAX", "7", self._kind, "", "", ("", "", "", percent), category)

    def _money(self, kind: str, minor: int, pointer: str) -> str:
        return self._pen.segment(
            "MOA", (kind, self._pen.amount(minor, self._message.currency, pointer))
        )

    def sums(self) -> Iterator[str]:
        """Yield what it comes to, and the taxes by their rate."""
        message, pen = self._message, self._pen
        lines = sum(line.net_minor for line in message.lines)
        charges = sum(charge.net_minor for charge in message.charges)
        yield pen.segment("UNS", "S")
        yield self._money(LINES, lines, "/net_minor")
        if message.charges:
            yield self._money(CHARGES_IN_SUM, charges, "/net_minor")
        yield self._money(TAXED, message.net_minor, "/net_minor")
        yield self._money(TAX, message.tax_minor, "/tax_minor")
        yield self._money(GROSS, message.gross_minor, "/gross_minor")
        if message.paid:
            yield self._money(PREPAID, message.gross_minor, "/gross_minor")
        due = 0 if message.paid else message.gross_minor
        yield self._money(PAYABLE, due, "/gross_minor")
        taxed: dict[int, tuple[int, int]] = {}
        for part in (*message.lines, *message.charges):
            net, tax = taxed.get(part.tax_rate_bp, (0, 0))
            taxed[part.tax_rate_bp] = net + part.net_minor, tax + part.tax_minor
        for rate_bp, (net, tax) in sorted(taxed.items()):
            yield self._rate(rate_bp)
            yield self._money(TAX, tax, "/tax_minor")
            yield self._money(TAXED, net, "/net_minor")
