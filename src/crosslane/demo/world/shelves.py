"""Shelves of the demo's places: an aisle for each category, bays and boards drawn by article.

One article in UNTOLD has no bin anywhere, as new goods have none until somebody scans their shelf;
one in FURTHER lies in a second one, behind the store.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from crosslane.demo.draws import draw
from crosslane.demo.world.goods import Article
from crosslane.demo.world.organization import Call

LINES_PER_CALL_MAX = 5_000
BAYS, BOARDS = 14, 5
UNTOLD, FURTHER = 15, 9


def bins(lying: Iterable[tuple[str, str]], articles: Sequence[Article]) -> Iterator[Call]:
    """Return the calls that tell where goods lie.

    Args:
        lying: places with the articles that lie there.
        articles: for their categories.
    """
    categories = sorted({article.category for article in articles})
    aisles = {article.sku: categories.index(article.category) for article in articles}
    skus: dict[str, set[str]] = defaultdict(set)
    for place, sku in lying:
        if draw(UNTOLD, "untold", sku):
            skus[place].add(sku)
    lines = [
        {"sku": sku, "location": place, "bins": _bins(place, sku, aisles[sku])}
        for place, there in sorted(skus.items())
        for sku in sorted(there)
    ]
    for start in range(0, len(lines), LINES_PER_CALL_MAX):
        yield Call("inventory/bins", {"lines": lines[start : start + LINES_PER_CALL_MAX]})


def _bins(place: str, sku: str, aisle: int) -> list[str]:
    bay, board = 1 + draw(BAYS, "bay", place, sku), 1 + draw(BOARDS, "board", place, sku)
    first = f"{chr(ord('A') + aisle)}{bay}-{board}"
    further = draw(FURTHER, "further", place, sku) == 0
    return [first, f"Z{1 + draw(BAYS, 'behind', place, sku)}"] if further else [first]
