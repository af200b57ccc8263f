"""What happens in a replay, in the order of time; pure.

Trade orders and web baskets are single events. Marketplace orders of a day come as one file, sales
of a store and day as one till batch, both when the last of them had been recorded.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from crosslane.demo.baskets import Basket
from crosslane.demo.draws import draw
from crosslane.demo.raw import RawLine
from crosslane.demo.selection import Selection
from crosslane.demo.streams import Invoice, Stream
from crosslane.demo.world.stock import till_of
from crosslane.kernel import MILLI_PER_MINOR, allocate

PER_MILLE = 1_000
PICKUPS_PER_MILLE = 100
SHIPPED_TO_STORE_PER_MILLE = 60
AT_HOME = "United Kingdom"

Way = Literal["ship", "pickup", "ship_to_store"]


class Sale(Struct, frozen=True):
    """Lines that make one order.

    Args:
        stream: which kind of order.
        number: the channel's own number: the invoice's, of a web basket one that shows it is drawn.
        at: when it was recorded.
        lines: goods.
        customer: account number, "" for a consumer.
        country: as the lines name it.
        way: how the customer gets the goods; drawn.
        delivery_minor: what was charged for delivery, in pence without tax: a share of the batch's
            postage, or what the trade order's own lines of carriage say.
        carriage: those lines.
        invoice: number of the invoice it is from.
    """

    stream: Stream
    number: str
    at: datetime
    lines: tuple[RawLine, ...]
    customer: str
    country: str
    way: Way
    delivery_minor: int
    carriage: tuple[RawLine, ...]
    invoice: str

    @property
    def delivery_milli(self) -> int:
        """What was charged for delivery, in thousandths of a penny."""
        return self.delivery_minor * MILLI_PER_MINOR


class MarketplaceFile(Struct, frozen=True):
    """The marketplace orders of a day."""

    at: datetime
    day: date
    sales: tuple[Sale, ...]


class TillBatch(Struct, frozen=True):
    """What one till of a store sold in a day."""

    at: datetime
    day: date
    store: str
    sales: tuple[Sale, ...]


class StockNote(Struct, frozen=True):
    """A line that tells of units found or lost."""

    at: datetime
    line: RawLine


class Reversal(Struct, frozen=True):
    """A credit note of the same day that takes a whole order back."""

    at: datetime
    credit: Invoice

    @property
    def order(self) -> str:
        """Number of the invoice it takes back."""
        return self.credit.cancels


Step = Sale | MarketplaceFile | TillBatch | StockNote | Reversal


def list_steps(
    selection: Selection, stores: Sequence[str], delivered_only: Collection[str], seed: int
) -> list[Step]:
    """Return everything that happens, in the order of time.

    Args:
        selection: what is replayed.
        stores: codes of the stores whose tills take part; which one sold what is drawn.
        delivered_only: SKUs that no store hands out.
        seed: draws the stores, and how consumers want their goods.
    """
    single: list[Step] = []
    market: dict[date, list[Sale]] = defaultdict(list)
    tills: dict[tuple[date, str], list[Sale]] = defaultdict(list)
    for invoice in selection.invoices:
        if invoice.cancels:
            single.append(Reversal(invoice.at, invoice))
            continue
        single += list_notes(invoice)
        for sale in list_sales(invoice, selection, delivered_only, seed):
            if sale.stream is Stream.MARKETPLACE:
                market[sale.at.date()].append(sale)
            elif sale.stream is Stream.COUNTER:
                tills[sale.at.date(), till_of(sale.number, stores, seed)].append(sale)
            else:
                single.append(sale)
    files = [
        MarketplaceFile(max(sale.at for sale in sales), day, tuple(sales))
        for day, sales in market.items()
    ]
    batches = [
        TillBatch(max(sale.at for sale in sales), day, store, tuple(sales))
        for (day, store), sales in tills.items()
    ]
    # Sorting keeps the order of the file among what was recorded in the same minute.
    return sorted([*single, *files, *batches], key=lambda step: step.at)


def list_sales(
    invoice: Invoice, selection: Selection, delivered_only: Collection[str], seed: int
) -> list[Sale]:
    """Return the orders an invoice makes."""
    if invoice.stream is None:
        return []
    if baskets := selection.baskets.get(invoice.number):
        return list_web_sales(invoice, baskets, delivered_only, seed)
    first = invoice.order_lines[0]
    carriage = invoice.carriage if invoice.stream is Stream.ACCOUNT else ()
    return [
        Sale(
            stream=invoice.stream,
            number=invoice.number,
            at=invoice.at,
            lines=tuple(invoice.order_lines),
            customer=first.customer,
            country=first.country,
            way="ship",
            delivery_minor=sum(line.amount_milli for line in carriage) // MILLI_PER_MINOR,
            carriage=carriage,
            invoice=invoice.number,
        )
    ]


def list_web_sales(
    invoice: Invoice, baskets: Sequence[Basket], delivered_only: Collection[str], seed: int
) -> list[Sale]:
    """Return the baskets of a web batch as orders.

    Nothing is charged for what is collected at a store, so the whole postage is shared among the
    baskets that are delivered; the batch's total stays exact.
    """
    country = invoice.order_lines[0].country
    ways = [
        "ship"
        if any(line.sku in delivered_only for line in basket.lines)
        else draw_way(basket.number, country, seed)
        for basket in baskets
    ]
    if all(way != "ship" for way in ways):
        ways = ["ship"] * len(baskets)
    goods = [sum(line.amount_milli for line in basket.lines) for basket in baskets]
    weights = [value if way == "ship" else 0 for value, way in zip(goods, ways, strict=True)]
    shares = allocate(sum(basket.postage_minor for basket in baskets), weights)
    return [
        Sale(
            stream=Stream.WEB,
            number=basket.number,
            at=invoice.at,
            lines=basket.lines,
            customer="",
            country=country,
            way=way,
            delivery_minor=share,
            carriage=(),
            invoice=invoice.number,
        )
        for basket, way, share in zip(baskets, ways, shares, strict=True)
    ]


def draw_way(number: str, country: str, seed: int) -> Way:
    """Draw how a consumer wants the goods of a basket; abroad only parcels come."""
    if country != AT_HOME:
        return "ship"
    drawn = draw(PER_MILLE, "way", seed, number)
    if drawn < PICKUPS_PER_MILLE:
        return "pickup"
    if drawn < PICKUPS_PER_MILLE + SHIPPED_TO_STORE_PER_MILLE:
        return "ship_to_store"
    return "ship"


def list_notes(invoice: Invoice) -> list[StockNote]:
    """Return the stock notes of an invoice."""
    return [
        StockNote(entry.line.at, entry.line)
        for entry in invoice.lines
        if entry.stream is Stream.ADJUSTMENT
    ]


def sales_of(steps: Sequence[Step]) -> list[Sale]:
    """Return every sale of some steps."""
    return [
        sale
        for step in steps
        for sale in getattr(step, "sales", (step,) if isinstance(step, Sale) else ())
    ]
