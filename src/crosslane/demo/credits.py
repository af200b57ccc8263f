"""What each credit note gives back: goods of earlier sales, goods nobody knows of, and money.

Only a line of goods with a customer can be matched. Its units come from what the same customer
bought of the same article before and has not given back yet: what was sold at the price of the
credit note first, the newest sale first; then what was sold at other prices, the newest first,
where the difference is a claim of its own. Units beyond what is left are an excess: an over-return
where the customer had bought the article at all, blind where not.

What is no goods is a claim:

| line | what becomes of it |
|---|---|
| POST, C2 | carriage given back on the newest order that charged as much |
| D, M and codes not in the product list | goodwill on the newest order that is worth as much |
| any of these where no order is | a claim without an order |
| AMAZONFEE, BANK CHARGES, CRUK, S, and whatever has no customer | an entry in the books by hand |

An order gives claims what is left of it after all its goods that ever come back. So matching sees
all credit notes before it settles any claim.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from crosslane.demo.raw import RawLine
from crosslane.demo.streams import CARRIAGE, MARKETPLACE_FEE, Invoice, Stream, is_credit

# Money for somebody else than the customer: the marketplace, the bank, a charity, the press.
BOOKED = frozenset({MARKETPLACE_FEE, "BANK CHARGES", "CRUK", "S"})

ClaimKind = Literal["shipping", "appeasement", "fee", "booked"]


class Take(Struct, frozen=True):
    """Units of a sold line that come back.

    Args:
        sale: number of the invoice they were sold on.
        sold: the line there.
        units: how many.
    """

    sale: str
    sold: RawLine
    units: int


class GivenBack(Struct, frozen=True):
    """A line of goods on a credit note.

    Args:
        line: as recorded, its quantity negative.
        takes: what earlier sales cover of it.
        bought: number of the newest invoice before on which the customer had bought the article,
            "" for none.
    """

    line: RawLine
    takes: tuple[Take, ...]
    bought: str

    @property
    def excess(self) -> int:
        """Units that no earlier sale covers."""
        return -self.line.quantity - sum(take.units for take in self.takes)

    @property
    def is_over(self) -> bool:
        """Whether more comes back than is left of what was sold."""
        return bool(self.bought) and self.excess > 0


class Claim(Struct, frozen=True):
    """Money for something that is no goods.

    Args:
        line: as recorded.
        kind: delivery given back, goodwill, something kept back, or an entry in the books.
        sale: number of the invoice on whose order it is credited, "" for none.
        amount_milli: 1/1000 penny without tax; what is kept back is negative.
    """

    line: RawLine
    kind: ClaimKind
    sale: str
    amount_milli: int


class CreditNote(Struct, frozen=True):
    """What a credit note gives back, but for what it cancels on the same day.

    Args:
        number: of the credit note.
        at: when it was recorded.
        customer: account number, "" for nobody known.
        country: as its lines name it.
        goods: its lines of goods.
        claims: its other lines, and differences of price.
    """

    number: str
    at: datetime
    customer: str
    country: str
    goods: tuple[GivenBack, ...]
    claims: tuple[Claim, ...]

    @property
    def sales(self) -> frozenset[str]:
        """Numbers of the invoices whose orders it is credited on."""
        takes = (take.sale for one in self.goods for take in one.takes)
        return frozenset({*takes, *(claim.sale for claim in self.claims if claim.sale)})


class Sold(Struct):
    """A line as it was sold, and how many of its units the customer still has."""

    sale: str
    line: RawLine
    left: int


class Worth(Struct):
    """A trade order, and what is left of its money, in 1/1000 penny without tax."""

    sale: str
    goods_milli: int
    carriage_milli: int

    @property
    def milli(self) -> int:
        """Of goods and carriage together."""
        return self.goods_milli + self.carriage_milli


def match_credits(invoices: Iterable[Invoice]) -> list[CreditNote]:
    """Match every credit note to earlier sales, in the order of time.

    Args:
        invoices: sorted into streams; sales that are not among them are not known.
    """
    known = list(invoices)
    cancelled = {invoice.cancels for invoice in known if invoice.cancels}
    shelf: dict[tuple[str, str], list[Sold]] = defaultdict(list)
    orders: dict[str, list[Worth]] = defaultdict(list)
    # Each credit note, its lines of goods, and how many orders its customer had placed by then.
    drafts: list[tuple[Invoice, tuple[GivenBack, ...], int]] = []
    for invoice in sorted(known, key=lambda one: one.at):
        customer = invoice.lines[0].line.customer
        if is_credit(invoice.number):
            goods = tuple(give_back(invoice, shelf))
            drafts.append((invoice, goods, len(orders[customer]) if customer else 0))
        elif invoice.stream is Stream.ACCOUNT and invoice.number not in cancelled:
            sold = invoice.order_lines
            worth = sum(line.amount_milli for line in sold)
            carriage = sum(line.amount_milli for line in invoice.carriage)
            orders[customer].append(Worth(invoice.number, worth, carriage))
            for line in sold:
                shelf[customer, line.sku].append(Sold(invoice.number, line, line.quantity))
    by_sale = {one.sale: one for several in orders.values() for one in several}
    for _, goods, _ in drafts:
        for take in (take for one in goods for take in one.takes):
            by_sale[take.sale].goods_milli -= take.units * take.sold.price_milli
    return [
        settle(invoice, goods, orders[invoice.lines[0].line.customer][:known_orders], by_sale)
        for invoice, goods, known_orders in drafts
    ]


def give_back(invoice: Invoice, shelf: dict[tuple[str, str], list[Sold]]) -> Iterator[GivenBack]:
    """Take what a credit note gives back from what its customer has, oldest last."""
    for entry in invoice.lines:
        line = entry.line
        if entry.stream is not Stream.CREDIT:
            continue
        bought = shelf[line.customer, line.sku] if line.customer else []
        newest_first = bought[::-1]
        newest_first.sort(key=lambda sold: sold.line.price_milli != line.price_milli)
        takes, wanted = [], -line.quantity
        for sold in newest_first:
            if units := min(wanted, sold.left):
                takes.append(Take(sold.sale, sold.line, units))
                sold.left -= units
                wanted -= units
        yield GivenBack(line, tuple(takes), bought[-1].sale if bought else "")


def settle(
    invoice: Invoice,
    goods: tuple[GivenBack, ...],
    before: Sequence[Worth],
    by_sale: dict[str, Worth],
) -> CreditNote:
    """Find an order for each claim of a credit note.

    Args:
        invoice: the credit note.
        goods: its lines of goods.
        before: the earlier orders of its customer, oldest first; what they have left is lowered.
        by_sale: all orders.
    """
    claims: list[Claim] = []
    for one in goods:
        for take in one.takes:
            milli = take.units * (one.line.price_milli - take.sold.price_milli)
            own = by_sale[take.sale]
            if milli < 0:
                own.goods_milli -= milli
                claims.append(Claim(one.line, "fee", take.sale, milli))
            elif milli:
                claims.append(claim(one.line, milli, [*before, own]))
    for entry in invoice.lines:
        if entry.stream is Stream.CLAIM:
            claims.append(claim(entry.line, -entry.line.amount_milli, before))
    first = invoice.lines[0].line
    return CreditNote(
        invoice.number, invoice.at, first.customer, first.country, goods, tuple(claims)
    )


def claim(line: RawLine, milli: int, orders: Sequence[Worth]) -> Claim:
    """Return a claim on the last of some orders that can bear it, or on none."""
    if line.sku in BOOKED or not line.customer:
        return Claim(line, "booked", "", milli)
    for order in reversed(orders):
        if line.sku in CARRIAGE and milli <= order.carriage_milli and milli <= order.milli:
            order.carriage_milli -= milli
            return Claim(line, "shipping", order.sale, milli)
    for order in reversed(orders):
        if milli <= order.milli:
            order.goods_milli -= milli
            return Claim(line, "appeasement", order.sale, milli)
    return Claim(line, "appeasement", "", milli)
