"""`crosslane bench`: benchmarks, each against what was agreed on or against a baseline."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import msgspec
from rich.console import Console
from rich.table import Table

from crosslane import bench
from crosslane.bench import DEMO, QUICK, Figure, Scale

Bench = Callable[[Scale], Awaitable[list[Figure]]]
EVERY: dict[str, Bench] = {
    "ready": bench.ready,
    "memory": bench.memory,
    "availability": bench.availability,
    "place": bench.place,
}


def ready(*, quick: bool = False, json: bool = False) -> None:
    """Measure `crosslane serve` from the command to the first answer, cold and warm.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        json: print JSON instead of a table.
    """
    _run({"ready": bench.ready}, quick, json)


def memory(*, quick: bool = False, json: bool = False) -> None:
    """Measure the peak memory of web processes that serve a retailer of the demo's size.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        json: print JSON instead of a table.
    """
    _run({"memory": bench.memory}, quick, json)


def availability(*, quick: bool = False, json: bool = False) -> None:
    """Measure availability asked by 64 clients, against one query for each request.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        json: print JSON instead of a table.
    """
    _run({"availability": bench.availability}, quick, json)


def place(*, quick: bool = False, json: bool = False) -> None:
    """Measure orders placed through the lane, against one transaction for each.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        json: print JSON instead of a table.
    """
    _run({"place": bench.place}, quick, json)


def every(*, quick: bool = False, json: bool = False) -> None:
    """Run all of them, one after the other.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        json: print JSON instead of tables.
    """
    _run(EVERY, quick, json)


def _run(wanted: dict[str, Bench], quick: bool, json: bool) -> None:
    measured: dict[str, list[Figure]] = {}
    for name, measure in wanted.items():
        measured[name] = asyncio.run(_measure(measure, QUICK if quick else DEMO))
        if not json:
            _show(name, measured[name])
    if json:
        sys.stdout.write(msgspec.json.encode(measured).decode() + "\n")


async def _measure(measure: Bench, scale: Scale) -> list[Figure]:
    return await measure(scale)


def _show(name: str, figures: list[Figure]) -> None:
    table = Table("Measured", "Value", "Unit", "Should be", title=name)
    for figure in figures:
        wanted = [
            f"{word} {limit:g}"
            for word, limit in (("at least", figure.least), ("at most", figure.most))
            if limit is not None
        ]
        style = {None: "", True: "green", False: "bold red"}[figure.reached]
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, " ".join(wanted), style=style)
    Console().print(table)
