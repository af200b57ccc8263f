"""The orders of a replay as its client knows them: what was sold, to whom, and since when."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from crosslane.demo.credits import CreditNote
from crosslane.demo.replay.timeline import Reversal, Sale, Step


class Sold(Struct, frozen=True):
    """An order that was taken in.

    Args:
        id: identifier of the order.
        number: its number for people.
        source: the channel's own number of it.
        sale: what was recorded; None for an order the replay does not know.
    """

    id: UUID
    number: str
    source: str
    sale: Sale | None

    @classmethod
    def of(cls, placed: Mapping[str, Any], sale: Sale) -> "Sold":
        """Return the order of an answer to placing it."""
        return cls(UUID(placed["id"]), placed["number"], sale.number, sale)

    @classmethod
    def told(cls, message: Mapping[str, Any], source: str, sale: Sale) -> "Sold":
        """Return the order that a message of a channel became."""
        return cls(UUID(message["order_id"]), message["order_number"], source, sale)


class Left(Struct, frozen=True):
    """Parcels of an order that have left: how many, and when the last of them did."""

    parcels: int
    at: datetime


class Register:
    """Orders by their numbers; some are waited for, some are left alone until taken back.

    Args:
        steps: what will happen.
        notes: what credit notes give back.
    """

    def __init__(self, steps: Iterable[Step], notes: Iterable[CreditNote]) -> None:
        self._left: dict[str, Left] = {}
        self._refused: set[str] = set()
        self._coming_back = {sale for note in notes for sale in note.sales}
        self._by_source: dict[str, Sold] = {}
        self._by_number: dict[str, Sold] = {}
        self._since: dict[str, datetime] = {}
        self._waited_for = {
            step.order: asyncio.Event() for step in steps if isinstance(step, Reversal)
        }
        self._kept_back = set(self._waited_for)

    def find(self, source: str) -> Sold | None:
        """Return the order with the channel's own number."""
        return self._by_source.get(source)

    def by_number(self, number: str) -> Sold | None:
        """Return the order with a number for people."""
        return self._by_number.get(number)

    def enter(self, sold: Sold) -> None:
        """Write an order down."""
        self._by_source[sold.source] = sold
        self._by_number[sold.number] = sold
        self._wake(sold.source)

    def refuse(self, source: str) -> None:
        """Say that there will be no such order."""
        self._refused.add(source)
        self._wake(source)

    def is_refused(self, source: str) -> bool:
        """Whether there will be no such order."""
        return source in self._refused

    def comes_back(self, source: str) -> bool:
        """Whether something of an order is given back later, so that its customer is honest."""
        return source in self._coming_back

    def note_left(self, number: str, at: datetime) -> None:
        """Say that a parcel of an order has left at a business time."""
        before = self._left.get(number, Left(0, at))
        self._left[number] = Left(before.parcels + 1, max(before.at, at))

    def left(self, number: str) -> Left | None:
        """Return what has left of an order, None for nothing yet."""
        return self._left.get(number)

    async def wait_for(self, source: str) -> Sold | None:
        """Return an order once it is there, None when it was refused."""
        if source in self._waited_for:
            await self._waited_for[source].wait()
        return self._by_source.get(source)

    def is_kept_back(self, number: str) -> bool:
        """Whether an order will be taken back, so that nobody has begun to pick it."""
        sold = self._by_number.get(number)
        return sold is not None and sold.source in self._kept_back

    def let_go(self, source: str) -> None:
        """Say that an order was taken back, or cannot be."""
        self._kept_back.discard(source)

    def since(self, number: str) -> datetime | None:
        """Return since when other stock is looked for, None where nothing went wrong."""
        return self._since.get(number)

    def delay(self, number: str, at: datetime) -> None:
        """Say that units of an order had to be found elsewhere at a business time."""
        self._since[number] = max(at, self._since.get(number, at))

    def _wake(self, source: str) -> None:
        if source in self._waited_for:
            self._waited_for[source].set()
