"""Which invoices are replayed: whole telling days, filled up evenly to a number of orders."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from crosslane.demo.baskets import Basket, split_batch
from crosslane.demo.credits import CreditNote, GivenBack, match_credits
from crosslane.demo.draws import draw
from crosslane.demo.streams import ORDERS, Invoice, Stream, is_credit

# The first days, the change of the tax rate on 4 January, the pair of 74,215 units on 18 January,
# a day with damages and marketplace fees, and the last days before the file ends.
DEFAULT_DAYS = (
    date(2010, 12, 1),
    date(2010, 12, 2),
    date(2011, 1, 4),
    date(2011, 1, 5),
    date(2011, 1, 6),
    date(2011, 1, 18),
    date(2011, 5, 16),
    *(date(2011, 8, day) for day in (24, 25, 26, 28, 30, 31)),
)
TAX_CHANGE = date(2011, 1, 4)
# The country whose trade accounts buy in euro, as the lines name it.
IN_EURO = "EIRE"
# One web batch holds hundreds of baskets: it may take this part of what is left, so that every
# channel has its share of a short replay.
BATCH_SHARE = 4


class Selection(Struct, frozen=True):
    """What is replayed.

    Args:
        invoices: in the order of the file.
        baskets: of each web batch.
        notes: what the credit notes among them give back.
    """

    invoices: tuple[Invoice, ...]
    baskets: dict[str, list[Basket]]
    notes: Sequence[CreditNote] = ()

    @property
    def orders(self) -> int:
        """How many orders it makes."""
        return sum(map(self.orders_of, self.invoices))

    def count(self, numbers: Collection[str]) -> int:
        """How many orders some of its invoices make."""
        return sum(self.orders_of(one) for one in self.invoices if one.number in numbers)

    def orders_of(self, invoice: Invoice) -> int:
        """How many orders one invoice makes: each basket of a web batch is one."""
        if invoice.stream is None:
            return 0
        return len(self.baskets.get(invoice.number, ())) or 1


def select(
    invoices: Sequence[Invoice],
    orders: int | None,
    seed: int,
    days: Sequence[date] = DEFAULT_DAYS,
) -> Selection:
    """Choose invoices for a number of orders, the same ones for the same seed.

    Everything of the days that is no order (stock notes, charges) is always in. So are the telling
    orders of :func:`list_telling` and :func:`list_returned`, even where fewer orders are asked for.
    Orders of the days come next, then orders of all other days, each spread evenly over the time.

    A credit note is in when all orders are that it gives something back of, and none is besides. A
    blind one, which has no order, is in when it is of the days. All of them are matched whatever is
    chosen: a longer replay gives back what a shorter one gave, on the same orders.

    Args:
        invoices: all there are, sorted into streams.
        orders: how many orders to reach; fewer come out where there are no more. None takes
            everything, orders or not.
        seed: draws the baskets and where the even spread begins.
        days: the days taken first.
    """
    baskets = draw_baskets(invoices, seed)
    notes = match_credits(invoices)
    whole = Selection(tuple(invoices), baskets, notes)
    if orders is None:
        return whole
    on_days = [invoice for invoice in invoices if invoice.day in days]
    chosen = {invoice.number for invoice in list_telling(on_days)} | list_returned(notes)
    everything = chosen | {invoice.number for invoice in on_days if invoice.stream}
    if whole.count(everything) <= orders:
        chosen = everything
    left = orders - whole.count(chosen)
    for pool in (on_days, invoices):
        left = fill(whole, [i for i in pool if i.stream], chosen, left, seed)
    chosen |= {i.number for i in on_days if i.stream is None and not is_credit(i.number)}
    cancelling = {i.number: i.cancels for i in invoices if i.cancels}
    chosen |= {number for number, cancelled in cancelling.items() if cancelled in chosen}
    others = (note for note in notes if note.number not in cancelling)
    chosen |= {note.number for note in others if is_chosen(note, chosen, days)}
    return Selection(
        tuple(invoice for invoice in invoices if invoice.number in chosen),
        {number: split for number, split in baskets.items() if number in chosen},
        list_chosen(notes, chosen),
    )


def draw_baskets(invoices: Iterable[Invoice], seed: int) -> dict[str, list[Basket]]:
    """Split every web batch."""
    return {
        invoice.number: split_batch(invoice.number, invoice.order_lines, seed)
        for invoice in invoices
        if invoice.stream is Stream.WEB
    }


def fill(whole: Selection, pool: Sequence[Invoice], chosen: set[str], left: int, seed: int) -> int:
    """Add invoices to the chosen, evenly over the pool, and return the orders still wanting."""
    for position in spread(len(pool), seed):
        if left <= 0:
            break
        invoice = pool[position]
        orders = whole.orders_of(invoice)
        if invoice.number not in chosen and orders <= max(1, left // BATCH_SHARE):
            chosen.add(invoice.number)
            left -= orders
    return left


def spread(count: int, seed: int) -> Iterator[int]:
    """Yield every position once, so that each beginning of the row is spread evenly.

    Bits in reverse order (van der Corput's sequence), begun at a drawn place.
    """
    if count == 0:
        return
    bits = max(1, (count - 1).bit_length())
    begin = draw(count, "spread", seed)
    for index in range(1 << bits):
        position = int(format(index, f"0{bits}b")[::-1], 2)
        if position < count:
            yield (begin + position) % count


def is_chosen(note: CreditNote, sales: Collection[str], days: Collection[date]) -> bool:
    """Whether all orders of a credit note are chosen, or it has none and is of the days."""
    return note.sales.issubset(sales) if note.sales else note.at.date() in days


def list_chosen(notes: Sequence[CreditNote], chosen: Collection[str]) -> list[CreditNote]:
    """The credit notes among the chosen invoices.

    That more comes back than is left can be told where the order is chosen and all that came back
    of it; elsewhere nobody knows that the customer had bought the article.
    """
    left_out = {
        (take.sale, one.line.sku)
        for note in notes
        if note.number not in chosen
        for one in note.goods
        for take in one.takes
    }

    def known(one: GivenBack) -> GivenBack:
        there = one.bought in chosen and (one.bought, one.line.sku) not in left_out
        return one if there else replace(one, bought="")

    return [
        replace(note, goods=tuple(map(known, note.goods)))
        for note in notes
        if note.number in chosen
    ]


def list_returned(notes: Sequence[CreditNote]) -> set[str]:
    """The orders of the credit notes no replay goes without, by the numbers of their invoices.

    The first one that gives back more than was left, the first one of an order in euro, and the
    first one of an order that was sold at the tax rate before.
    """
    single = [note for note in notes if len(note.sales) == 1]
    found = [
        next((n for n in single if any(g.is_over and g.takes for g in n.goods)), None),
        next((n for n in single if n.country == IN_EURO), None),
        next((n for n in single if n.at.date() >= TAX_CHANGE and sold_before(n)), None),
    ]
    return {sale for note in found if note for sale in note.sales}


def sold_before(note: CreditNote) -> bool:
    """Whether goods of a credit note were sold before the tax rate changed."""
    return any(take.sold.at.date() < TAX_CHANGE for one in note.goods for take in one.takes)


def list_telling(invoices: Sequence[Invoice]) -> list[Invoice]:
    """The orders no replay goes without: both tax rates, cancellations, the longest, all kinds.

    The first trade order before and after the tax change, the first one with a rejected line,
    every cancelled order, the trade order of most lines, the shortest web batch, and the first
    order of the marketplace and of the counter.
    """
    by_stream = {
        stream: [invoice for invoice in invoices if invoice.stream is stream] for stream in ORDERS
    }
    trade = by_stream[Stream.ACCOUNT]
    cancelled = {invoice.cancels for invoice in invoices if invoice.cancels}
    found = [
        next((i for i in trade if i.day < TAX_CHANGE), None),
        next((i for i in trade if i.day >= TAX_CHANGE), None),
        next((i for i in trade if any(e.stream is Stream.REJECTED for e in i.lines)), None),
        *(i for i in invoices if i.number in cancelled),
        max(trade, key=lambda i: len(i.lines), default=None),
        min(by_stream[Stream.WEB], key=lambda i: len(i.lines), default=None),
        next(iter(by_stream[Stream.MARKETPLACE]), None),
        next(iter(by_stream[Stream.COUNTER]), None),
    ]
    return list({invoice.number: invoice for invoice in found if invoice}.values())
