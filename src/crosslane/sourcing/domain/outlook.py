"""The question what stock and capacity are worth to later orders, and the answer, as plain values.

The question is put together from a retailer's own days where the database is, and answered over
arrays by a process of its own (:mod:`crosslane.sourcing.fields.outlook`), so that whoever asks
loads none of what answering needs. Places, regions and variants are numbers in it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.organization import PolicyKind
from crosslane.sourcing.domain.problem import Tariff
from crosslane.sourcing.domain.world import Prices

NO_WAY = -1
NO_LIMIT = -1


class PriceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether and how the worker estimates what stock and capacity are worth to later orders.

    Args:
        on: whether prices are estimated and used; off, every order is decided for itself.
        every_minutes: time between two estimates.
        gather_minutes: when a place closes, opens or is changed, or stock is corrected, lost or
            delivered, all that happens within so many minutes is waited for, and prices are
            estimated then; 0 for by the clock only.
        horizon_days: how far ahead futures are drawn; what is left then is worth nothing. About
            the time until stock is replenished.
        history_days: demand of so many days is what futures are drawn from.
        futures: how many are drawn for an estimate.
        valid_hours: older prices are not used.
        lost_unit_milli: what a unit that a later order does not get costs besides its margin.
            Apart from the goodwill of the settings, which by default is a rule and no value.
        margin_percent: of the net price, where it is not known what a unit has cost.
        seconds_max: time that an estimate may take.
    """

    on: bool = True
    every_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 60
    gather_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 15
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=28)] = 7
    history_days: Annotated[int, msgspec.Meta(ge=1, le=180)] = 28
    futures: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 60
    valid_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 6
    lost_unit_milli: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 500_000
    margin_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 40
    seconds_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = 15


PRICES = PolicyKind("sourcing.prices", PriceSettings, PriceSettings(), ("tenant",))


class Way(msgspec.Struct, frozen=True, array_like=True):
    """What a parcel costs on one way: its tariff, and all that does not go by weight."""

    tariff: Tariff
    parcel_milli: int


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """Units of a variant at a location.

    Args:
        location: its number.
        units: available to promise.
        each_milli: cost of taking one, prices aside.
        known_milli: what one was said to be worth before.
    """

    location: int
    units: int
    each_milli: int
    known_milli: int = 0


class PastOrder(msgspec.Struct, frozen=True, array_like=True):
    """An order that came.

    Args:
        region: number of where it went.
        age_minutes: how long ago.
        lines: variant and quantity; a variant once.
    """

    region: int
    age_minutes: int
    lines: tuple[tuple[int, int], ...]


class CounterSales(msgspec.Struct, frozen=True, array_like=True):
    """Units of a variant that customers took at a location."""

    variant: int
    location: int
    units: int


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What are units and parcels worth to later orders?

    Args:
        seed: of the futures that are drawn.
        futures: how many are drawn.
        milliseconds_max: time to answer it.
        horizon_days: how far ahead they reach.
        history_minutes: time in which the past demand came.
        ways: kinds of way from locations to regions.
        routes: number of the way, by region and location; NO_WAY where none leads.
        unit_milli: work of one unit, by location.
        late_milli: cost of a parcel beyond a location's capacity of the day.
        capacity: parcels by location and day; NO_LIMIT for any number.
        known_capacity_milli: what a parcel was said to be worth before, by location and day.
        weights: grams of one unit, by variant.
        unserved_milli: cost of a unit that an order does not get, by variant.
        margin_milli: cost of a unit that a customer in a store does not find, by variant.
        slots: by variant.
        orders: past ones.
        sales: at counters in the same time.
    """

    seed: int
    futures: int
    milliseconds_max: int
    horizon_days: int
    history_minutes: int
    ways: Sequence[Way]
    routes: Sequence[Sequence[int]]
    unit_milli: Sequence[int]
    late_milli: int
    capacity: Sequence[Sequence[int]]
    known_capacity_milli: Sequence[Sequence[int]]
    weights: Sequence[int]
    unserved_milli: Sequence[int]
    margin_milli: Sequence[int]
    slots: Sequence[Sequence[Slot]]
    orders: Sequence[PastOrder]
    sales: Sequence[CounterSales]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Prices, and how they did on fresh futures.

    Args:
        scarcity_milli: (variant, location, what a unit is worth), where it is worth anything.
        capacity_milli: (location, day, what a parcel is worth), likewise.
        scale_percent: which part of what was estimated did best: 100, 50 or 0.
        futures: that the prices were estimated from.
        tried: fresh futures that they were tried on.
        myopic_milli: what these cost in the mean without prices.
        half_milli: with half of them.
        full_milli: with all of them.
        milliseconds: processor time.
        compiled: whether the loops were compiled.
    """

    scarcity_milli: list[tuple[int, int, int]]
    capacity_milli: list[tuple[int, int, int]]
    scale_percent: int
    futures: int
    tried: int
    myopic_milli: int
    half_milli: int
    full_milli: int
    milliseconds: int
    compiled: bool


class PriceRun(msgspec.Struct, frozen=True, kw_only=True):
    """One estimate, and what it stands on.

    Args:
        id: names it.
        at: when it was published.
        as_of: business time up to which demand was looked at.
        valid_until: from then on its prices are not used.
        horizon_days: see :class:`PriceSettings`.
        orders: past orders that futures are drawn from.
        counter_units: units sold at counters in the same time.
        variants: that are priced.
        variants_left: with demand and stock, and yet left at zero, because there were too many.
        scale_percent: see :class:`Answer`; likewise all that follows.
    """

    id: UUID
    at: datetime
    as_of: datetime
    valid_until: datetime
    horizon_days: int
    orders: int
    counter_units: int
    variants: int
    variants_left: int
    scale_percent: int
    futures: int
    tried: int
    myopic_milli: int
    half_milli: int
    full_milli: int
    milliseconds: int
    compiled: bool


class Published(msgspec.Struct, frozen=True):
    """The prices that were published last.

    Args:
        run: how they came about; None before the first.
        prices: see there.
    """

    run: PriceRun | None
    prices: Prices

    def holds(self, now: datetime) -> bool:
        """Say whether there are prices that are not too old at an instant of recording."""
        return self.run is not None and now < self.run.valid_until

    def at(self, now: datetime) -> Prices:
        """Return the prices that hold at an instant of recording."""
        return self.prices if self.holds(now) else Prices()


class Estimated(msgspec.Struct, frozen=True):
    """An estimate that is to be published.

    Args:
        run: how it came about.
        scarcity: (variant, location, milli).
        capacity: (location, day, milli).
    """

    run: PriceRun
    scarcity: list[tuple[UUID, UUID, int]]
    capacity: list[tuple[UUID, date, int]]
