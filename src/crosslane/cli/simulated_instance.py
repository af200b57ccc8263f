"""An instance file beside itself under a change."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.cli.errors import InstanceRefused
from crosslane.cli.simulated import (
    ROWS_MAX,
    SAME,
    STANDARD_OUTPUT,
    show_totals,
    show_work,
    write_json,
)
from crosslane.sourcing import EVERY_SERVICE, Trial
from crosslane.sourcing.fields import (
    UNSERVED,
    WHOLE_PERCENT,
    FieldComparison,
    FieldTrial,
    load_instance,
    simulate_instance,
)

LATE = "late_milli"
FIGURES = (
    ("cost_milli", "cost", True),
    ("parcels", "parcels", False),
    ("split_orders", "split orders", False),
    ("late_parcels", "late parcels", False),
    ("cancelled_units", "units cancelled", False),
    ("lost_units", "units not found in stores", False),
)


def compare_instance(path: Path, trial: Trial, json: str) -> None:
    """Run an instance file under a change and as it is, and tell the difference.

    Args:
        path: of the file.
        trial: what is tried; locations are numbers.
        json: file to write everything to, `-` to print it, "" for neither.

    Raises:
        InstanceRefused: it is no instance file, or knows nothing of what is tried.
    """
    try:
        found = simulate_instance(load_instance(path), _field_trial(trial))
    except (OSError, ValueError) as error:
        raise InstanceRefused(reason=str(error).rstrip(".")) from error
    if json:
        costs = {
            "recorded_cost_milli": found.recorded.cost_milli,
            "simulated_cost_milli": found.simulated.cost_milli,
        }
        write_json(json, {"instance": path.name} | costs | msgspec.to_builtins(found))
    if json != STANDARD_OUTPUT:
        _show(found)


def _field_trial(trial: Trial) -> FieldTrial:
    settings = dict(trial.settings)
    late = settings.pop(LATE, None)
    services = trial.carriage_percent.keys() - {EVERY_SERVICE}
    if settings or services or trial.prices is not None:
        raise InstanceRefused(reason=f"an instance has {LATE}, no other settings and no services")
    if trial.hazardous:
        raise InstanceRefused(reason="an instance does not tell which goods are dangerous")
    return FieldTrial(
        closed=frozenset(_numbers(trial.closed | trial.without)),
        parcels_per_day=_by_number(trial.parcels_per_day),
        parcel_milli=_by_number(trial.parcel_milli),
        carriage_percent=trial.carriage_percent.get(EVERY_SERVICE, WHOLE_PERCENT),
        late_milli=None if late is None else int(late),
    )


def _numbers(codes: Iterable[str]) -> list[int]:
    return [int(code) for code in codes]


def _by_number(given: Mapping[str, int]) -> dict[int, int]:
    return {int(code): number for code, number in given.items()}


def _show(found: FieldComparison) -> None:
    console = Console()
    console.print(f"{found.recorded.orders:,} orders decided twice.")
    if found.is_empty:
        console.print(SAME)
        return
    show_totals(
        console,
        [
            (name, getattr(found.recorded, field), getattr(found.simulated, field), money)
            for field, name, money in FIGURES
        ],
    )
    show_work(
        console,
        [
            (f"{at.location}", at.parcels, at.simulated_parcels, at.units, at.simulated_units)
            for at in found.locations
        ],
    )
    title = f"{len(found.orders):,} orders and walk-ins differ"
    if len(found.orders) > ROWS_MAX:
        title += f"; the first {ROWS_MAX}"
    table = Table("Number", "Locations", "Simulated", title=title)
    for each in found.orders[:ROWS_MAX]:
        table.add_row(f"{each.event}", _locations(each.recorded), _locations(each.simulated))
    console.print(table)


def _locations(numbers: Iterable[int]) -> str:
    return " ".join("-" if number == UNSERVED else f"{number}" for number in numbers)
