"""What a year is made of, and the hand that draws it."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

BEGIN = datetime(2010, 1, 4, tzinfo=UTC)
DAYS = 365
STORES = 12
STAFF_OF_STORES = (1, 2, 3, 4, 6, 8)
CASH_SHARE = 0.5
FAULTY_SHARE = 0.1
WORN_SHARE = 0.025


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that left; of a web order ``store`` is None."""

    receipt: str
    at: datetime
    customer: UUID | None = None
    card: str = ""
    store: int | None = None
    sold_by: str = ""
    buyer_staff: str = ""
    cash: bool = False
    lines: dict[str, tuple[int, int]]

    @property
    def minor(self) -> int:
        """What it was worth."""
        return sum(units * price for units, price in self.lines.values())


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that come back, as the year plans it.

    Args:
        actor: planted kind and number of who does it, "" for honest people. Nothing that is
            weighed has it; likewise the shape of those who are honest.
    """

    sale: Sale
    at: datetime
    units: dict[str, int]
    store: int | None
    taken_by: str = ""
    customer: UUID | None = None
    card: str = ""
    cash: bool = False
    faulty: bool = False
    worn: bool = False
    with_receipt: bool = True
    known_receipt: bool = True
    actor: str = ""
    shape: str = ""


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """A year: sales and returns, each in the order of time."""

    sales: list[Sale]
    backs: list[Back]


class Draw:
    """Draws the sales and returns of a year; equal seeds draw equal years.

    Attributes:
        staff: numbers of the members of staff, store by store.
        shape: name of those whose returns are drawn now.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - not for secrets
        self.sales: list[Sale] = []
        self.backs: list[Back] = []
        self.staff = [
            [f"S{store:02}-{n}" for n in range(self.chance.choice(STAFF_OF_STORES))]
            for store in range(STORES)
        ]
        self.shape = ""
        self._ids = 0

    def person(self) -> UUID:
        """Somebody new."""
        self._ids += 1
        return UUID(int=self._ids)

    def day(self, first: int = 0, last: int = DAYS - 1) -> datetime:
        """A moment in opening hours."""
        day = self.chance.randint(first, last)
        return BEGIN + timedelta(days=day, minutes=self.chance.randint(9 * 60, 20 * 60))

    def later(self, at: datetime, first: int, last: int) -> datetime:
        """A moment some days later, in opening hours."""
        day = at.replace(hour=0, minute=0) + timedelta(days=self.chance.randint(first, last))
        return max(
            day + timedelta(minutes=self.chance.randint(9 * 60, 20 * 60)),
            at + timedelta(minutes=20),
        )

    def one(self, of: Sequence[str]) -> str:
        """One of several."""
        return self.chance.choice(list(of))

    def sale(self, at: datetime, lines: Sequence[tuple[int, int]], **told: Any) -> Sale:
        """Sell; a line is units and the price of one."""
        self._ids += 1
        goods = {f"A{self._ids}-{n}": line for n, line in enumerate(lines)}
        made = Sale(receipt=f"R{self._ids}", at=at, lines=goods, **told)
        self.sales.append(made)
        return made

    def till(self, at: datetime, store: int, lines: Sequence[tuple[int, int]], **told: Any) -> Sale:
        """Sell over a counter, half of it for cash."""
        told.setdefault("sold_by", self.one(self.staff[store]))
        told.setdefault("cash", self.chance.random() < CASH_SHARE)
        return self.sale(at, lines, store=store, **told)

    def back(self, sale: Sale, at: datetime, units: dict[str, int], **told: Any) -> None:
        """Bring goods back by the buyer's own hands, unless told otherwise."""
        told.setdefault("customer", sale.customer)
        told.setdefault("card", sale.card)
        store = told.setdefault("store", sale.store)
        if isinstance(store, int):
            told.setdefault("taken_by", self.one(self.staff[store]))
            told.setdefault("cash", sale.cash)
        if "actor" not in told:
            told.setdefault("faulty", self.chance.random() < FAULTY_SHARE)
            worn = not told["faulty"] and self.chance.random() < WORN_SHARE
            told.setdefault("worn", worn)
        self.backs.append(Back(sale=sale, at=at, units=units, shape=self.shape, **told))

    def price(self, low: int = 800, high: int = 6_000) -> int:
        """What one unit costs."""
        return self.chance.randint(low, high)

    def some(self, sale: Sale, share: float) -> dict[str, int]:
        """Some units of a sale, by chance; perhaps none."""
        drawn = {
            sku: sum(self.chance.random() < share for _ in range(units))
            for sku, (units, _) in sale.lines.items()
        }
        return {sku: units for sku, units in drawn.items() if units}


def whole(sale: Sale) -> dict[str, int]:
    """Everything that was sold."""
    return {sku: units for sku, (units, _) in sale.lines.items()}
