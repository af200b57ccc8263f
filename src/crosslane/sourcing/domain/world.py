"""What a batch of requests is decided on, and how the parcels of one of them travel."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from crosslane.carriers import RateBook
from crosslane.catalog import Variant
from crosslane.inventory import Survey
from crosslane.locations import CapacityKey, Location, Network, Point
from crosslane.organization import PolicyBook
from crosslane.sourcing.domain.calendar import DaysAt, DispatchDays
from crosslane.sourcing.domain.policies import DANGEROUS_GOODS, MARKDOWN, Saving
from crosslane.sourcing.domain.problem import SourcingSettings, Tariff
from crosslane.sourcing.domain.requests import LineAsked
from crosslane.sourcing.domain.stood import Ground, Stood
from crosslane.vendors import Vendor

NOTHING: Mapping[UUID, int] = {}


class Route(msgspec.Struct, frozen=True):
    """How the parcels of a request travel.

    Args:
        service: code of the delivery service; "" when nothing is carried.
        zone: zone of the destination.
        tariff: what it costs; None when nothing is carried.
        goal: where it is, None when unknown.
        country: of the destination; likewise postcode.
        postcode: see there.
    """

    service: str
    zone: str
    tariff: Tariff | None
    goal: Point | None
    country: str = ""
    postcode: str = ""


class Prices(msgspec.Struct, frozen=True):
    """What stock and capacity are worth to later orders, as was published last; empty for nothing.

    Args:
        scarcity: of one unit in 1/1000 minor unit, by variant and location.
        capacity: of one parcel in the same, by location and day.
    """

    scarcity: Mapping[UUID, Mapping[UUID, int]] = {}
    capacity: Mapping[CapacityKey, int] = {}


class World(msgspec.Struct):
    """What a batch is decided on.

    Args:
        network: the locations.
        book: carriers and prices.
        policies: what the retailer has decided.
        days: days of dispatch.
        taken: parcels of each location's day, those of the batch's earlier plans included.
        prices: what stock and capacity are worth to later orders.
        costs: what a unit has cost in 1/1000 minor unit, by variant; empty when nobody counts it.
        demanding: vendors that are not asked for any little order, by location.
        agreed: what their units cost in 1/1000 minor unit, by location and variant.
        instants: the days of the instants that were asked for.
        held: the lines that were asked for, by identity, with the locations that hold any.
        sets: locations that hold any of some lines, by code, found once for each set of them.
        savings: the markdowns that can be saved, by code of the location and instant.
        cheapest: the service that is taken when a request names none, by country, postcode and day.
        parcels: what a parcel costs from each location that was asked for, carriage and distance
            aside, None where it may not send; by instant, method and settings. They hold until a
            parcel of the location is counted.
        alike: locations that may send, with what a parcel costs from them as above, the cheapest
            first; by instant, method, settings and who was asked for. They hold as long.
        grounds: what the locations are on any day, by settings; they hold as long as the network.
        standings: what they are for every order of an instant, likewise.
    """

    network: Network
    book: RateBook
    policies: PolicyBook
    days: DispatchDays
    taken: dict[CapacityKey, int]
    prices: Prices = Prices()
    costs: Mapping[UUID, int] = NOTHING
    demanding: Mapping[UUID, Vendor] = {}
    agreed: Mapping[tuple[UUID, UUID], int] = {}
    instants: dict[datetime, DaysAt] = {}
    held: dict[int, tuple[Sequence[LineAsked], dict[UUID, Location]]] = {}
    sets: dict[frozenset[UUID], dict[UUID, Location]] = {}
    savings: dict[tuple[str, datetime], tuple[Saving, ...]] = {}
    cheapest: dict[tuple[str, str, date], str] = {}
    parcels: dict[tuple[datetime, str, SourcingSettings], dict[UUID, int | None]] = {}
    alike: dict[
        tuple[datetime, str, SourcingSettings, frozenset[UUID]], list[tuple[int, list[Location]]]
    ] = {}
    grounds: dict[SourcingSettings, Ground] = {}
    standings: dict[tuple[datetime, SourcingSettings], Stood] = {}

    def use(self, location_id: UUID, day: date, parcels: int) -> int:
        """Count parcels of a plan against a location's day; return how many it has then."""
        taken = self.taken.get((location_id, day), 0) + parcels
        self.taken[location_id, day] = taken
        for known in self.parcels.values():
            known.pop(location_id, None)
        self.alike.clear()
        for stood in self.standings.values():
            stood.use(location_id, day, parcels)
        return taken

    def days_at(self, at: datetime) -> DaysAt:
        """Return the days on which locations send what is released at an instant."""
        if at not in self.instants:
            self.instants[at] = DaysAt(self.days, at)
        return self.instants[at]

    def holders(self, lines: Sequence[LineAsked], survey: Survey) -> dict[UUID, Location]:
        """Return the locations that hold any of the goods asked for, by code.

        Also those that keep all they hold for others: a receipt tells of them. They are found once:
        as plans only take from a survey, some may have none left by now.
        """
        known = self.held.get(id(lines))
        if known is None:
            ids = survey.lying([line.variant.id for line in lines])
            found = self.sets.get(ids)
            if found is None:
                by_id = self.network.by_id.get
                found = self.sets[ids] = _by_code([at for each in ids if (at := by_id(each))])
            known = self.held[id(lines)] = lines, found
        return known[1]

    @property
    def marks_down(self) -> bool:
        """Whether anybody has ever said that some stock should go before it is marked down."""
        return bool(self.policies.scopes(MARKDOWN))

    def saving_milli(self, variant: Variant, location: str, units: int, at: datetime) -> int:
        """Return what is saved by each unit that is taken here instead of being marked down."""
        key = location, at
        if key not in self.savings:
            found, _ = self.policies.resolve(MARKDOWN, at, location=location)
            self.savings[key] = found.savings
        for saving in self.savings[key]:
            if saving.concerns(variant.sku, variant.category_path):
                return saving.unit_milli if units > saving.above_units else 0
        return 0

    @property
    def limits_hazardous(self) -> bool:
        """Whether anybody has ever said who may send dangerous goods."""
        return bool(self.policies.scopes(DANGEROUS_GOODS))

    def sends_hazardous(self, location: str, at: datetime) -> bool:
        """Say whether a location may send dangerous goods at an instant."""
        found, _ = self.policies.resolve(DANGEROUS_GOODS, at, location=location)
        return found.sends


def _by_code(locations: Iterable[Location]) -> dict[UUID, Location]:
    return {at.id: at for at in sorted(locations, key=attrgetter("code"))}
