"""Small baskets out of the consumer web shop's daily batches.

The shop recorded a day's web orders as one long invoice with one line of postage. Which lines
were bought together is not known: here it is drawn, and such baskets are marked as synthetic by
their number. The lines themselves stay whole and real.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from crosslane.demo.draws import draw
from crosslane.demo.raw import RawLine
from crosslane.demo.streams import WEB_POSTAGE
from crosslane.kernel import MILLI_PER_MINOR, allocate

BASKET_LINES_MAX = 6


class Basket(Struct, frozen=True):
    """One drawn web order: real lines, and its share of the batch's postage in pence."""

    number: str
    lines: tuple[RawLine, ...]
    postage_minor: int

    @property
    def amount_milli(self) -> int:
        """Goods and postage without VAT, in thousandths of a penny."""
        goods = sum(line.amount_milli for line in self.lines)
        return goods + self.postage_minor * MILLI_PER_MINOR


def split_batch(number: str, lines: Sequence[RawLine], seed: int) -> list[Basket]:
    """Split a web batch into baskets of 1 to 6 lines whose total is exactly the batch's.

    Postage is shared by the value of the goods, to the penny (largest remainder).

    Args:
        number: the batch's invoice number; baskets are numbered ``<number>-S<n>`` from 1.
        lines: goods and postage, at least one line of goods.
        seed: another seed draws other baskets.

    Raises:
        ValueError: postage without goods, or postage that is no whole pence.
    """
    goods = [line for line in lines if line.sku != WEB_POSTAGE]
    if not goods:
        raise ValueError(f"batch {number} has no goods to share its postage among")
    postage_milli = sum(line.amount_milli for line in lines if line.sku == WEB_POSTAGE)
    postage_minor, rest = divmod(postage_milli, MILLI_PER_MINOR)
    if rest:
        raise ValueError(f"the postage of batch {number} is no whole pence")
    groups = list(cut(number, goods, seed))
    values = [sum(line.amount_milli for line in group) for group in groups]
    shares = allocate(postage_minor, values)
    return [
        Basket(f"{number}-S{position}", tuple(group), share)
        for position, (group, share) in enumerate(zip(groups, shares, strict=True), 1)
    ]


def cut(number: str, goods: Sequence[RawLine], seed: int) -> Iterator[Sequence[RawLine]]:
    """Cut lines into runs of 1 to 6, the lengths drawn."""
    start = 0
    while start < len(goods):
        length = 1 + draw(BASKET_LINES_MAX, "basket", seed, number, start)
        yield goods[start : start + length]
        start += length
