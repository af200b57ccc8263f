"""How a simulation is told: as tables, or as JSON."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane.kernel import MILLI_PER_MINOR
from crosslane.sourcing import Comparison, OrderDifference

ROWS_MAX = 20
STANDARD_OUTPUT = "-"
MINOR_PER_UNIT = 100
SAME = "Nothing differs."
# What is told besides costs, by field.
FIGURES = (
    ("parcels", "parcels"),
    ("split_parcels", "split parcels"),
    ("late_parcels", "late parcels"),
    ("units", "units placed"),
    ("unfilled_units", "units without stock"),
)


def write_json(where: str, told: Any) -> None:
    """Write a document to a file, or print it."""
    document = msgspec.json.format(msgspec.json.encode(told)).decode() + "\n"
    if where == STANDARD_OUTPUT:
        sys.stdout.write(document)
    else:
        Path(where).write_text(document, encoding="utf-8")


def show_orders(found: Comparison, numbers: Mapping[str, str]) -> None:
    """Print what differs: totals, the work of locations, the orders whose cost changes most."""
    console = Console()
    made = f"{found.decisions:,} decisions on {found.orders:,} orders made again"
    if found.left_out:
        made += f", {found.left_out:,} left out because their orders were refused"
    console.print(f"{made}.")
    if found.is_empty:
        console.print(SAME)
        return
    before, after = found.recorded.costs_milli, found.simulated.costs_milli
    show_totals(
        console,
        [
            *(
                (f"cost, {each}", before.get(each, 0), after.get(each, 0), True)
                for each in sorted(before | after)
            ),
            *(
                (name, getattr(found.recorded, field), getattr(found.simulated, field), False)
                for field, name in FIGURES
            ),
        ],
    )
    show_work(
        console,
        [
            (each.location, each.recorded.parcels, each.simulated.parcels,
             each.recorded.units, each.simulated.units)
            for each in found.locations
            if each.recorded != each.simulated
        ],
    )  # fmt: skip
    if found.overdrawn_units:
        console.print(f"{found.overdrawn_units:,} units that it promised went to others in fact.")
    title = f"{len(found.differences):,} orders differ"
    if len(found.differences) > ROWS_MAX:
        title += f"; the {ROWS_MAX} whose cost changes most"
    table = Table("Order", "Recorded", "Simulated", "Cost", "Without stock", title=title)
    for each in found.differences[:ROWS_MAX]:
        table.add_row(numbers.get(str(each.order_id), str(each.order_id)), *_order(each))
    console.print(table)


def show_totals(console: Console, rows: Iterable[tuple[str, int, int, bool]]) -> None:
    """Print figures: name, as it was, as it would be, and whether they are milli."""
    table = Table("Total", "Recorded", "Simulated", "Difference", title="Totals")
    for name, before, after, money in rows:
        shown = _money if money else _count
        table.add_row(name, shown(before), shown(after), shown(after - before, sign="+"))
    console.print(table)


def show_work(console: Console, rows: Iterable[tuple[str, int, int, int, int]]) -> None:
    """Print locations: name, parcels as they were and would be, units likewise."""
    found = sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))
    title = f"Work of {len(found):,} locations differs"
    if len(found) > ROWS_MAX:
        title += f"; the {ROWS_MAX} where most does"
    table = Table("Location", "Parcels", "Simulated", "Units", "Simulated", title=title)
    for code, *numbers in found[:ROWS_MAX]:
        table.add_row(code, *(_count(number) for number in numbers))
    console.print(table)


def _order(each: OrderDifference) -> tuple[str, str, str, str]:
    more = [f"{_money(milli, sign='+')} {name}" for name, milli in each.more_milli.items()]
    lacking = each.simulated.unfilled_units - each.recorded.unfilled_units
    return (
        _placed(each.recorded_units),
        _placed(each.simulated_units),
        ", ".join(more),
        _count(lacking, sign="+"),
    )


def _placed(units: Mapping[str, Mapping[str, int]]) -> str:
    return "; ".join(
        f"{sku} {' + '.join(f'{n} {code}' for code, n in sorted(places.items()))}"
        for sku, places in sorted(units.items())
    )


def _money(milli: int, sign: str = "") -> str:
    minor = round(milli / MILLI_PER_MINOR)
    whole, rest = divmod(abs(minor), MINOR_PER_UNIT)
    shown = "-" if minor < 0 else sign
    return f"{shown}{whole:,}.{rest:02}"


def _count(number: int, sign: str = "") -> str:
    return f"{number:{sign},}"
