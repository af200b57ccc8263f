"""Parcels of locations' days: what was recorded, and how many more a run of the past sends."""

from collections import Counter
from datetime import date
from uuid import UUID

import msgspec

# Code of a location and its local day.
Day = tuple[str, date]


class _Claim(msgspec.Struct):
    """What an order has at a location: its units, and the parcels that it claimed for them."""

    units: int = 0
    parcels: dict[Day, int] = {}


class Sending:
    """Counts parcels of those locations that can send only so many a day.

    Attributes:
        taken: parcels of a day by the record.
        more: parcels that the run sends more; no zeros.
    """

    def __init__(self) -> None:
        self.taken: Counter[Day] = Counter()
        self.more: Counter[Day] = Counter()
        self._recorded: dict[tuple[UUID, str], _Claim] = {}
        self._simulated: dict[tuple[UUID, str], _Claim] = {}

    def see(self, day: Day, taken: int) -> None:
        """Note what a decision saw."""
        self.taken[day] = taken

    def send(self, order_id: UUID, day: Day, parcels: int, units: int, *, recorded: bool) -> None:
        """Let an order claim parcels of a day, for units of a location."""
        claims = self._recorded if recorded else self._simulated
        claim = claims.setdefault((order_id, day[0]), _Claim())
        claim.units += units
        claim.parcels[day] = claim.parcels.get(day, 0) + parcels
        self._count(day, parcels, recorded=recorded)

    def give_back(self, order_id: UUID, code: str, units: int, *, recorded: bool) -> None:
        """Let units of an order go; with the last one of a location its parcels go too."""
        claims = self._recorded if recorded else self._simulated
        claim = claims.get((order_id, code))
        if claim is None:
            return
        claim.units -= units
        if claim.units <= 0:
            for day, parcels in claim.parcels.items():
                self._count(day, -parcels, recorded=recorded)
            del claims[order_id, code]

    def _count(self, day: Day, parcels: int, *, recorded: bool) -> None:
        if recorded:
            self.taken[day] += parcels
        self.more[day] += -parcels if recorded else parcels
        if not self.more[day]:
            del self.more[day]
