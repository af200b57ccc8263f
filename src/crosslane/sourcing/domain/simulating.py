"""The past decided otherwise: what another rule, network or price would have made of it.

Each decision is made again from its receipt, in the order of time. What it may count on is what was
seen then, corrected by what this run has decided otherwise so far: a unit that the recorded
decisions took and this run did not is still there, and the reverse. Parcels of a location's day are
counted in the same way. So a run without a change asks exactly the questions of the past.

A location that had nothing to promise is in no receipt. Where this run has left units there, it is
built from the network as it is now; so are the days on which locations send.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.sourcing.domain.building import places_for, route_of
from crosslane.sourcing.domain.calendar import end_of
from crosslane.sourcing.domain.divergence import Demand, Divergence, LetGo
from crosslane.sourcing.domain.planning import SourcingPlan, plan
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    problem_of,
)
from crosslane.sourcing.domain.requests import KeptReceipt, SourcingRequest
from crosslane.sourcing.domain.sending import Sending
from crosslane.sourcing.domain.trial import Trial, tried
from crosslane.sourcing.domain.world import World


class Answered(msgspec.Struct, frozen=True):
    """A question and its answer."""

    problem: SourcingProblem
    plan: SourcingPlan

    @property
    def placed(self) -> dict[str, dict[str, int]]:
        """Units by SKU and place."""
        skus = {line.key: line.sku for line in self.problem.lines}
        placed: dict[str, dict[str, int]] = {}
        for given in self.plan.assignments:
            here = placed.setdefault(skus[given.line], {})
            here[given.place] = here.get(given.place, 0) + given.quantity
        return placed

    @property
    def units(self) -> Counter[str]:
        """Units by place."""
        units: Counter[str] = Counter()
        for given in self.plan.assignments:
            units[given.place] += given.quantity
        return units

    @property
    def parcels(self) -> Counter[str]:
        """Parcels by place; what is fetched where it lies is in none."""
        carried = {each.code for each in self.problem.places if each.tariff != NO_CARRIAGE}
        parcels: Counter[str] = Counter()
        for parcel in self.plan.parcels:
            if parcel.place in carried:
                parcels[parcel.place] += parcel.parcels
        return parcels


class Decided(msgspec.Struct, frozen=True):
    """One decision, as it was recorded and as this run makes it."""

    kept: KeptReceipt
    recorded: Answered
    simulated: Answered


class Simulation:
    """A run through recorded decisions under a change.

    Args:
        world: the network, tariffs and policies as they are now.
        trial: what is tried.

    Attributes:
        divergence: how far it has come from the record.
        overdrawn: units by SKU and place that this run promised and somebody else took in fact.
    """

    def __init__(self, world: World, trial: Trial) -> None:
        self.divergence = Divergence()
        self.overdrawn: dict[tuple[str, str], int] = {}
        self._world, self._trial = world, trial
        self._kinds = {code: at.kind for code, at in world.network.by_code.items()}
        self._sending = Sending()

    def let_go(self, gone: LetGo) -> None:
        """Let units go that the record let go."""
        order_id = gone.demand.order_id
        if gone.place:
            self._sending.give_back(order_id, gone.place, gone.quantity, recorded=True)
        for place, units in self.divergence.let_go(gone):
            self._sending.give_back(order_id, place, units, recorded=False)

    def decide(self, kept: KeptReceipt, request: SourcingRequest) -> Decided:
        """Make a recorded decision again.

        Args:
            kept: the decision.
            request: whither the goods went; its lines are not looked at.
        """
        receipt = kept.receipt
        recorded = Answered(receipt.problem, receipt.plan)
        asked = tried(self._asked(kept, request), self._trial, self._kinds)
        asked = self._with_capacities(asked, request.at)
        simulated = Answered(asked, plan(asked))
        wanted: Counter[Demand] = Counter()
        for line in receipt.problem.lines:
            wanted[Demand(kept.order_id, kept.method, line.sku)] += line.quantity
        self.divergence.decided(wanted, recorded.placed, simulated.placed)
        self._send(kept.order_id, recorded, simulated, request.at)
        return Decided(kept, recorded, simulated)

    def _asked(self, kept: KeptReceipt, request: SourcingRequest) -> SourcingProblem:
        """Return the question with the units that are there and wanted in this run."""
        problem = kept.receipt.problem
        lines = self._lines(kept, problem)
        if lines == problem.lines:
            return problem
        known = {place.code for place in problem.places}
        named = {each.place for line in lines for each in line.candidates}
        built = {place.code: place for place in self._built(problem, request, named - known)}
        reachable = known | built.keys()
        asked = problem_of(
            problem.method,
            problem.currency,
            [_only_at(line, reachable) for line in lines],
            [*problem.places, *built.values()],
            problem.tariffs,
            problem.settings,
        )
        return msgspec.structs.replace(asked, in_time=problem.in_time)

    def _lines(self, kept: KeptReceipt, problem: SourcingProblem) -> tuple[Line, ...]:
        wanted: Counter[str] = Counter()
        for line in problem.lines:
            wanted[line.sku] += line.quantity
        more = {
            sku: self.divergence.asked(Demand(kept.order_id, kept.method, sku), units) - units
            for sku, units in wanted.items()
        }
        lines: list[Line] = []
        for line in problem.lines:
            quantity = max(0, line.quantity + more[line.sku])
            more[line.sku] -= quantity - line.quantity
            taken = self.divergence.stock.get(line.sku)
            candidates = self._candidates(line, taken) if taken else line.candidates
            if quantity:
                lines.append(
                    msgspec.structs.replace(line, quantity=quantity, candidates=candidates)
                )
        return tuple(lines)

    def _candidates(self, line: Line, taken: Mapping[str, int]) -> tuple[Candidate, ...]:
        """Return what is there in this run, given the units it has taken more."""
        left: list[Candidate] = []
        for each in line.candidates:
            units = each.units - taken.get(each.place, 0)
            if units > 0:
                left.append(msgspec.structs.replace(each, units=units))
        seen = {each.place: each.units for each in line.candidates}
        for place, more in taken.items():
            if more > seen.get(place, 0):
                key = line.sku, place
                lacking = more - seen.get(place, 0)
                self.overdrawn[key] = max(lacking, self.overdrawn.get(key, 0))
            elif place not in seen:
                left.append(Candidate(place, -more))
        return tuple(left)

    def _built(
        self, problem: SourcingProblem, request: SourcingRequest, codes: Iterable[str]
    ) -> Iterable[Place]:
        """Yield places that had nothing to promise; nothing where goods are fetched elsewhere."""
        found = [at for code in sorted(codes) if (at := self._world.network.by_code.get(code))]
        if not found or request.method == "pickup":
            return
        try:
            route = route_of(self._world, request)
        except Refusal:
            return
        late = [each.overdue_days for each in problem.places if each.tariff != NO_CARRIAGE]
        hazardous = any(line.hazardous for line in problem.lines)
        for place in places_for(
            self._world, request, route, found, problem.settings, hazardous=hazardous
        ):
            if place.tariff == NO_CARRIAGE:
                yield place
                continue
            location = self._world.network.by_code[place.code]
            left, day = location.parcels_per_day, self._day(location, request.at)
            if left is not None and day is not None:
                left -= self._sending.taken[place.code, day]
            yield msgspec.structs.replace(
                place, capacity_left=left, overdue_days=min(late, default=0)
            )

    def _with_capacities(self, problem: SourcingProblem, at: datetime) -> SourcingProblem:
        """Return the question with the parcels that locations can still send in this run."""
        limits = self._trial.parcels_per_day
        if not limits and not self._sending.more:
            return problem
        places: list[Place] = []
        for place in problem.places:
            location = self._world.network.by_code.get(place.code)
            day = self._day(location, at) if location else None
            left = place.capacity_left
            if location is not None and day is not None and place.tariff != NO_CARRIAGE:
                if place.code in limits:
                    taken = self._sending.taken[place.code, day]
                    if left is not None:
                        taken = (location.parcels_per_day or 0) - left
                    left = limits[place.code] - taken
                if left is not None:
                    left -= self._sending.more[place.code, day]
            places.append(msgspec.structs.replace(place, capacity_left=left))
        return msgspec.structs.replace(problem, places=tuple(places))

    def _send(self, order_id: UUID, recorded: Answered, simulated: Answered, at: datetime) -> None:
        """Count the parcels of both against the days on which they go, where days have limits."""
        sending, by_code = self._sending, self._world.network.by_code
        for place in recorded.problem.places:
            location = by_code.get(place.code)
            if place.capacity_left is None or location is None:
                continue
            day = self._day(location, at)
            if day is not None and location.parcels_per_day is not None:
                sending.see((place.code, day), location.parcels_per_day - place.capacity_left)
        limited = {*self._trial.parcels_per_day}
        for answered in (recorded, simulated):
            limited |= {p.code for p in answered.problem.places if p.capacity_left is not None}
        for answered in (recorded, simulated):
            left = {place.code: place.capacity_left for place in answered.problem.places}
            units = answered.units
            for code, parcels in answered.parcels.items():
                location = by_code.get(code) if code in limited else None
                day = self._day(location, at, left[code], parcels) if location else None
                if day is not None:
                    whose = answered is recorded
                    sending.send(order_id, (code, day), parcels, units[code], recorded=whose)

    def _day(
        self, location: Location, at: datetime, left: int | None = None, parcels: int = 0
    ) -> date | None:
        """Return the day on which a location sends; the one after a day that is full."""
        day = self._world.days.of(location.timetable, at)
        if day is None or left is None or parcels <= left:
            return day
        return self._world.days.of(location.timetable, end_of(day, location.timetable.timezone))


def _only_at(line: Line, codes: Container[str]) -> Line:
    found = tuple(each for each in line.candidates if each.place in codes)
    return msgspec.structs.replace(line, candidates=found)
