"""What is tried on decisions of the past: other settings, places, capacities, tariffs, prices."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
)
from crosslane.sourcing.errors import SettingsRefused

WHOLE_PERCENT = 100
EVERY_SERVICE = ""
EVERYWHERE = ""
NO_CODES: frozenset[str] = frozenset()


class TriedPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stock and capacity are said to be worth to later orders; what is not named is worth 0.

    Args:
        scarcity: of one unit in 1/1000 minor unit, by SKU and code of the location.
        capacity: of one parcel in the same, by code of the location, on any day.
    """

    scarcity: Mapping[str, Mapping[str, int]] = {}
    capacity: Mapping[str, int] = {}


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise.

    Args:
        settings: fields of the settings of every decision, with their new values.
        closed: codes of locations that serve nobody.
        without: codes of locations that do not exist.
        parcels_per_day: limit of a location by its code.
        parcel_milli: work of sending a parcel from a location, by its code.
        carriage_percent: of what a delivery service asks, by its code; EVERY_SERVICE for all.
        hazardous: whether a location may send dangerous goods, by its code; EVERYWHERE for all that
            are not named.
        prices: in place of those that were published; None for the same.
    """

    settings: Mapping[str, Any] = {}
    closed: frozenset[str] = NO_CODES
    without: frozenset[str] = NO_CODES
    parcels_per_day: Mapping[str, int] = {}
    parcel_milli: Mapping[str, int] = {}
    carriage_percent: Mapping[str, int] = {}
    hazardous: Mapping[str, bool] = {}
    prices: TriedPrices | None = None

    @property
    def codes(self) -> frozenset[str]:
        """The locations that are named."""
        named = {*self.parcels_per_day, *self.parcel_milli, *self.hazardous} - {EVERYWHERE}
        return self.closed | self.without | named

    def settings_from(self, old: SourcingSettings) -> SourcingSettings:
        """Return settings with what is otherwise.

        Raises:
            SettingsRefused: there is no such field, or it does not take such a value.
        """
        if not self.settings:
            return old
        try:
            fields = msgspec.to_builtins(old) | self.settings
            return msgspec.convert(fields, SourcingSettings, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsRefused(reason=str(error)) from error


NO_TRIAL = Trial()


def tried(problem: SourcingProblem, trial: Trial, kinds: Mapping[str, str]) -> SourcingProblem:
    """Return a problem as it would have been asked.

    Capacities are left to the caller, who knows the days.

    Args:
        problem: as it was asked.
        trial: what is otherwise.
        kinds: of the locations by code, to know who sends by other settings.
    """
    if trial == NO_TRIAL:
        return problem
    settings = trial.settings_from(problem.settings)
    return SourcingProblem(
        problem.method,
        problem.currency,
        tuple(_line(line, trial) for line in problem.lines),
        tuple(_places(problem, trial, settings, kinds)),
        tuple(_tariff(tariff, trial.carriage_percent) for tariff in problem.tariffs),
        settings,
        problem.in_time,
    )


def _line(line: Line, trial: Trial) -> Line:
    found = [each for each in line.candidates if each.place not in trial.without]
    if trial.prices is not None:
        worth = trial.prices.scarcity.get(line.sku, {})
        found = [_priced(each, worth.get(each.place, 0)) for each in found]
    return msgspec.structs.replace(line, candidates=tuple(found))


def _priced(candidate: Candidate, scarcity_milli: int) -> Candidate:
    return msgspec.structs.replace(candidate, scarcity_milli=scarcity_milli)


def _places(
    problem: SourcingProblem, trial: Trial, settings: SourcingSettings, kinds: Mapping[str, str]
) -> Iterable[Place]:
    for place in problem.places:
        if place.code in trial.without:
            continue
        sends = place.sends
        if place.tariff != NO_CARRIAGE and settings.senders != problem.settings.senders:
            sends = kinds.get(place.code) in settings.senders
        worth = place.capacity_milli
        if trial.prices is not None:
            worth = 0 if place.is_full else trial.prices.capacity.get(place.code, 0)
        work, takes = place.handling_parcel_milli, place.takes_hazardous
        if place.tariff != NO_CARRIAGE:
            work = trial.parcel_milli.get(place.code, work)
            takes = trial.hazardous.get(place.code, trial.hazardous.get(EVERYWHERE, takes))
        yield msgspec.structs.replace(
            place,
            open=place.open and place.code not in trial.closed,
            takes_hazardous=takes,
            sends=sends,
            capacity_milli=worth,
            handling_parcel_milli=work,
        )


def _tariff(tariff: Tariff, percents: Mapping[str, int]) -> Tariff:
    percent = percents.get(tariff.service, percents.get(EVERY_SERVICE, WHOLE_PERCENT))
    if percent == WHOLE_PERCENT:
        return tariff
    return msgspec.structs.replace(
        tariff,
        prices_milli=tuple(price * percent // WHOLE_PERCENT for price in tariff.prices_milli),
        per_kg_milli=tariff.per_kg_milli * percent // WHOLE_PERCENT,
    )
