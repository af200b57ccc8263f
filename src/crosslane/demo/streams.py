"""Every recorded line goes into exactly one stream, by the first rule that fits it.

The rules read an invoice as a whole, because what a line is shows in its neighbors: postage of
the consumer shop makes a web batch, a customer number a trade order, and an invoice of nothing
but zero prices is stock work. Nothing is dropped: the streams add up to the file.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from crosslane.demo.raw import RawLine
from crosslane.kernel import MILLI_PER_MINOR

WEB_POSTAGE = "DOT"
MARKETPLACE_FEE = "AMAZONFEE"
# Listed among the codes that are no goods, yet articles: sold on the web, in no product list.
WEB_ONLY_ARTICLES = "DCGS"
# Delivery charged to trade orders.
CARRIAGE = frozenset({"POST", "C2"})


class Stream(StrEnum):
    """Where a line goes: four kinds of order, stock work, money beside the goods, or back.

    What comes back is an order cancelled whole on its day, goods (``credit``), or money for
    something that is no goods (``claim``).
    """

    ACCOUNT = "account"
    WEB = "web"
    MARKETPLACE = "marketplace"
    COUNTER = "counter"
    ADJUSTMENT = "adjustment"
    CHARGE = "charge"
    CANCELLATION = "cancellation"
    CREDIT = "credit"
    CLAIM = "claim"
    REJECTED = "rejected"


ORDERS = frozenset({Stream.ACCOUNT, Stream.WEB, Stream.MARKETPLACE, Stream.COUNTER})
CREDITS = frozenset({Stream.CANCELLATION, Stream.CREDIT, Stream.CLAIM})


class SortedLine(Struct, frozen=True, gc=False):
    """A line, its stream and, where it is rejected, why."""

    line: RawLine
    stream: Stream
    reason: str = ""


class Invoice(Struct, frozen=True):
    """All lines of one invoice number, in the order of the file.

    ``cancels`` names the order that a credit note takes back whole on the same day.
    """

    number: str
    lines: tuple[SortedLine, ...]
    cancels: str = ""

    @property
    def at(self) -> datetime:
        """When its first line was recorded."""
        return self.lines[0].line.at

    @property
    def day(self) -> date:
        """The local day of its first line."""
        return self.at.date()

    @property
    def order_lines(self) -> list[RawLine]:
        """The lines to be placed as an order, the postage of a web batch among them."""
        return [entry.line for entry in self.lines if entry.stream in ORDERS]

    @property
    def carriage(self) -> tuple[RawLine, ...]:
        """The lines of a trade order that charge its delivery, in whole pennies."""
        return tuple(
            entry.line
            for entry in self.lines
            if entry.stream is Stream.CHARGE
            and entry.line.sku in CARRIAGE
            and entry.line.amount_milli > 0
            and entry.line.amount_milli % MILLI_PER_MINOR == 0
        )

    @property
    def stream(self) -> Stream | None:
        """The kind of order this is; None where no line is to be placed."""
        return next((entry.stream for entry in self.lines if entry.stream in ORDERS), None)


class Codes(Struct, frozen=True):
    """What the codes mean: the SKUs of the product list, and codes that are no goods."""

    products: frozenset[str]
    charges: frozenset[str]


def sort_lines(lines: Iterable[RawLine], codes: Codes) -> list[Invoice]:
    """Sort lines into streams, invoice by invoice in the order in which invoices began."""
    grouped: dict[str, list[RawLine]] = defaultdict(list)
    for line in lines:
        grouped[line.invoice].append(line)
    fee_days = {
        line.at.date() for group in grouped.values() for line in group if is_marketplace_fee(line)
    }
    cancelled = match_cancellations(grouped, codes)
    return [
        sort_invoice(number, group, codes, fee_days, cancelled.get(number, ""))
        for number, group in grouped.items()
    ]


def sort_invoice(
    number: str, group: Sequence[RawLine], codes: Codes, fee_days: set[date], cancels: str
) -> Invoice:
    """Sort the lines of one invoice."""
    if is_credit(number):
        given = (SortedLine(line, credit_stream(line, codes, cancels)) for line in group)
        return Invoice(number, tuple(given), cancels)
    kind = order_kind(group, fee_days)
    has_goods = any(is_goods(line, codes) for line in group)
    stock_work = not group[0].customer and all(line.price_milli == 0 for line in group)
    entries = []
    for line in group:
        reason = refuse_line(line, codes, stock_work=stock_work)
        if reason:
            entries.append(SortedLine(line, Stream.REJECTED, reason))
        elif stock_work:
            entries.append(SortedLine(line, Stream.ADJUSTMENT))
        elif kind is Stream.WEB and line.sku == WEB_POSTAGE and has_goods:
            entries.append(SortedLine(line, Stream.WEB))
        elif line.sku in codes.charges:
            entries.append(SortedLine(line, Stream.CHARGE))
        else:
            entries.append(SortedLine(line, kind))
    return Invoice(number, tuple(entries))


def credit_stream(line: RawLine, codes: Codes, cancels: str) -> Stream:
    """The stream of a credit note's line.

    A cancellation takes back what its order has: goods of the product list and their delivery.
    """
    if cancels and (line.sku in codes.products or line.sku in CARRIAGE):
        return Stream.CANCELLATION
    return Stream.CREDIT if line.sku in codes.products else Stream.CLAIM


def order_kind(group: Sequence[RawLine], fee_days: set[date]) -> Stream:
    """The kind of order an invoice's goods are.

    Without customer and without web postage it is a marketplace order on a day on which the
    marketplace charged its fee, on any other day a sale over the counter.
    """
    if group[0].customer:
        return Stream.ACCOUNT
    if any(line.sku == WEB_POSTAGE for line in group):
        return Stream.WEB
    if group[0].at.date() in fee_days:
        return Stream.MARKETPLACE
    return Stream.COUNTER


def refuse_line(line: RawLine, codes: Codes, *, stock_work: bool) -> str:
    """Why a line can be neither placed nor booked; empty when it can."""
    if not line.invoice.isdigit():
        return "bad debt: an entry in the books, not an order"
    if line.sku not in codes.products and (
        line.sku not in codes.charges or line.sku.startswith(WEB_ONLY_ARTICLES)
    ):
        return "the code is not in the product list"
    if stock_work:
        return "stock note on a code that is no goods" if line.sku in codes.charges else ""
    if line.quantity <= 0:
        return "negative quantity on what is no credit note"
    return "" if line.price_milli > 0 else "no price"


def is_credit(invoice: str) -> bool:
    """Credit notes have numbers that begin with C."""
    return invoice.startswith("C")


def is_marketplace_fee(line: RawLine) -> bool:
    """Whether a line is the fee of the marketplace, charged or given back."""
    return line.sku == MARKETPLACE_FEE


def is_goods(line: RawLine, codes: Codes) -> bool:
    """Whether a line sells a product for money."""
    return line.sku in codes.products and line.price_milli > 0 and line.quantity > 0


def match_cancellations(grouped: dict[str, list[RawLine]], codes: Codes) -> dict[str, str]:
    """Find the credit notes that take back a whole order of the same customer and day.

    Every line must be given back at its quantity and price. An order is cancelled once at most,
    the latest one before the credit note first. What nobody is named for was carried away, or is
    a marketplace's to cancel: it comes back.

    Returns:
        The cancelled order's invoice number by the credit note's.
    """
    credited = {
        _buyer(group)
        for number, group in grouped.items()
        if is_credit(number) and group[0].customer
    }
    near = [(number, group) for number, group in grouped.items() if _buyer(group) in credited]
    open_orders: dict[object, list[str]] = defaultdict(list)
    found = {}
    for number, group in sorted(near, key=lambda item: item[1][0].at):
        if not is_credit(number):
            if any(is_goods(line, codes) for line in group) and number.isdigit():
                open_orders[fingerprint(group, sign=1)].append(number)
        elif open_orders[fingerprint(group, sign=-1)]:
            found[number] = open_orders[fingerprint(group, sign=-1)].pop()
    return found


def fingerprint(group: Sequence[RawLine], *, sign: int) -> object:
    """What an order and the credit note of all of it have in common."""
    contents = Counter((line.sku, line.price_milli, sign * line.quantity) for line in group)
    return *_buyer(group), frozenset(contents.items())


def _buyer(group: Sequence[RawLine]) -> tuple[str, date]:
    """Return who an invoice is for, and its day."""
    return group[0].customer, group[0].at.date()
