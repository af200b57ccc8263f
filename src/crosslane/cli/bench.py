"""`crosslane bench`: benchmarks, each against what was agreed on or against a baseline."""

import asyncio
import math
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from crosslane import bench
from crosslane.bench import BOOK, DEMO, HELD, OFFERED, QUICK, RETURNED, STATED, Figure, Scale
from crosslane.cli.errors import CannotMeasure
from crosslane.platform.processes import collect_seldom
from crosslane.sourcing.fields import NoInstance

Bench = Callable[[Scale], Awaitable[list[Figure]]]
EVERY: dict[str, tuple[Bench, Scale]] = {
    "ready": (bench.ready, DEMO),
    "memory": (bench.memory, DEMO),
    "availability": (bench.availability, DEMO),
    "place": (bench.place, BOOK),
    "dialogue": (bench.dialogue, BOOK),
    "promise": (bench.promise, BOOK),
    "receipts": (bench.receipts, BOOK),
    "feed": (bench.feed, DEMO),
    "react": (bench.react, DEMO),
    "neighbours": (bench.neighbours, DEMO),
    "grow": (bench.grow, DEMO),
    "sourcing": (bench.sourcing, DEMO),
    "statement": (bench.stating, STATED),
    "returns": (bench.returning, RETURNED),
    "intake": (bench.intake, DEMO),
    "abuse": (bench.abuse, DEMO),
    "lists": (bench.lists, DEMO),
    "screens": (bench.screens, DEMO),
    "parse": (bench.parsing, DEMO),
    "offers": (bench.offering, OFFERED),
    "reoptimise": (bench.held_orders, HELD),
}
"""Each with the retailer that the figures agreed on are for."""
STANDARD_OUTPUT = "-"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class How:
    """How a benchmark is run and told.

    Args:
        quick: with a tiny retailer and for a moment, only to see whether it runs.
        seconds: how long each part is measured; the benchmark's own choice when not told.
        json: file to write the figures to as JSON, `-` to print them in place of a table.
    """

    quick: bool = False
    seconds: float | None = None
    json: Annotated[str, Parameter(allow_leading_hyphen=True)] = ""

    def check(self) -> None:
        """Refuse before anything is measured what would be found out after it.

        Raises:
            CannotMeasure: the seconds are no time, or the figures cannot be written.
        """
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise CannotMeasure(reason="--seconds takes a number above zero")
        if self.json.startswith("--"):
            raise CannotMeasure(reason="--json takes a file, or - to print figures")
        file = Path(self.json)
        if self.json in ("", STANDARD_OUTPUT):
            return
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise CannotMeasure(reason=f"{file} cannot be written")


AS_USUAL = How()


def ready(how: How = AS_USUAL) -> None:
    """Measure `crosslane serve` from the command to the first answer, cold and warm."""
    _run_one("ready", bench.ready, how)


def memory(how: How = AS_USUAL) -> None:
    """Measure the peak memory of web processes that serve a retailer of the demo's size."""
    _run_one("memory", bench.memory, how)


def availability(how: How = AS_USUAL) -> None:
    """Measure availability asked by 64 clients, against one query for each request."""
    _run_one("availability", bench.availability, how)


def place(how: How = AS_USUAL) -> None:
    """Measure whole orders over HTTP, against pgbench on the same cluster, and prove them."""
    _run_one("place", bench.place, how, BOOK)


def dialogue(how: How = AS_USUAL) -> None:
    """Measure carts that become orders in seven calls, against a bare route per call."""
    _run_one("dialogue", bench.dialogue, how, BOOK)


def promise(how: How = AS_USUAL) -> None:
    """Measure the promises of a cart at fifty places: decided by one core, and over HTTP."""
    _run_one("promise", bench.promise, how, BOOK)


def receipts(how: How = AS_USUAL) -> None:
    """Measure which share of placing goes into receipts, with and without them in turn."""
    _run_one("receipts", bench.receipts, how, BOOK)


def feed(how: How = AS_USUAL) -> None:
    """Measure a supply feed of a million rows, against COPY of them."""
    _run_one("feed", bench.feed, how)


def react(*, pace: float = bench.PACE, how: How = AS_USUAL) -> None:
    """Measure how fast the log becomes books, work and messages, and how far behind they are.

    Args:
        pace: how many orders come a second while a worker follows.
        how: see there.
    """
    _run_one("react", partial(bench.react, pace=pace), how)


def neighbours(how: How = AS_USUAL) -> None:
    """Measure how long a quiet retailer's clients wait while another floods the installation."""
    _run_one("neighbours", bench.neighbours, how)


def reoptimise(
    *instance: Path,
    orders: int = bench.OPEN_ORDERS,
    hindsight: bool = False,
    how: How = AS_USUAL,
) -> None:
    """Decide a retailer's open orders together, from the request until the last is moved.

    Args:
        instance: instance files; their open orders are decided in place of the retailer's, and how
            near to the bound they come is told.
        orders: how many orders of a file stand open.
        hindsight: decide all events of a file instead, as if they had been known.
        how: see there; `--seconds` is the time there is for each file.
    """
    if not instance:
        _run_one("reoptimise", bench.held_orders, how, HELD)
        return
    seconds = how.seconds or bench.REOPTIMISING_SECONDS
    if orders < 1:
        raise CannotMeasure(reason="name at least one order")
    given = partial(
        bench.reoptimising, instance, orders=orders, seconds=seconds, hindsight=hindsight
    )
    _run_one("reoptimise", lambda _: given(), how)


def grow(
    *,
    stored: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    how: How = AS_USUAL,
) -> None:
    """Measure placing with more orders stored, more locations, more variants.

    Args:
        stored: how many orders, from few to many; each takes 18 kB of disk.
        how: see there.
    """

    async def grown(scale: Scale) -> list[Figure]:
        sizes = tuple(sorted(stored or scale.orders_grown))
        if sizes[0] < scale.orders:
            raise CannotMeasure(reason=f"{scale.orders} orders are stored at least")
        return await bench.grow(msgspec.structs.replace(scale, orders_grown=sizes))

    _run_one("grow", grown, how)


def sourcing(
    *,
    instance: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    hindsight: bool = False,
    how: How = AS_USUAL,
) -> None:
    """Try the planner on instance files: looking ahead, each order alone, the nearest places.

    Args:
        instance: instance files; one made up of each family when there is none.
        hindsight: work out for each file what deciding all its events together could not cost less
            than, too; a minute each, or `--seconds`. Made-up ones always have it.
        how: see there.
    """
    how.check()
    seconds = how.seconds or bench.HINDSIGHT_SECONDS
    if instance:
        trying = bench.try_instances(instance, hindsight_seconds=seconds if hindsight else 0.0)
    else:
        trying = bench.try_families(QUICK if how.quick else DEMO, hindsight_seconds=seconds)
    tried = []
    with _instances_refused():
        for each in trying:
            tried.append(each)
            if how.json != STANDARD_OUTPUT:
                _show(each.instance, bench.figures_of(each))
    told = msgspec.to_builtins(bench.together(tried))
    _write({**told, "machine": bench.machine(), "instances": tried}, how)


def abuse(how: How = AS_USUAL) -> None:
    """Measure who is caught, and who passes, in made-up years with abuse of returns planted."""
    _run_one("abuse", bench.abuse, how)


def intake(how: How = AS_USUAL) -> None:
    """Measure orders delivered and placed, and what a delivery costs that comes again."""
    _run_one("intake", bench.intake, how)


def returns(how: How = AS_USUAL) -> None:
    """Measure returns settled through the lane, against each in a transaction of its own."""
    _run_one("returns", bench.returning, how, RETURNED)


def parse(how: How = AS_USUAL) -> None:
    """Measure how fast orders are read, family by family, and day files of tills and partners."""
    _run_one("parse", bench.parsing, how)


def offers(how: How = AS_USUAL) -> None:
    """Measure what a channel is told of 20,000 articles at first, and of a hundredth that moved."""
    _run_one("offers", bench.offering, how, OFFERED)


def screens(how: How = AS_USUAL) -> None:
    """Measure pages as browsers load them: what they weigh, when their first byte is there."""
    _run_one("screens", bench.screens, how)


def statement(how: How = AS_USUAL) -> None:
    """Measure the statement of a store-year, against adding up its postings."""
    _run_one("statement", bench.stating, how, STATED)


def lists(how: How = AS_USUAL) -> None:
    """Measure pages of orders when a million are stored, against one order read by its key."""
    _run_one("lists", bench.lists, how)


def instance(file: Path, *, family: str = "plain", seed: int = 1) -> None:
    """Write an instance file that is made up.

    Args:
        file: where to.
        family: what the retailer is like.
        seed: equal seeds give equal instances.
    """
    if family not in bench.FAMILIES:
        known = ", ".join(bench.FAMILIES)
        raise CannotMeasure(reason=f"there is no family {family}; there are {known}")
    bench.write_instance(file, bench.made_up(bench.FAMILIES[family], seed))


def every(how: How = AS_USUAL) -> None:
    """Run all of them, one after the other."""
    _write({name: _measure(name, *one, how) for name, one in EVERY.items()}, how)


def _run_one(name: str, measure: Bench, how: How, scale: Scale = DEMO) -> None:
    _write(_measure(name, measure, scale, how), how)


def _measure(name: str, measure: Bench, scale: Scale, how: How) -> dict[str, Any]:
    how.check()
    scale = QUICK if how.quick else scale
    if how.seconds is not None:
        scale = msgspec.structs.replace(scale, seconds=how.seconds)
    collect_seldom()  # as do the processes in whose stead this one is measured
    with _instances_refused():
        figures = asyncio.run(_awaited(measure, scale))
    if how.json != STANDARD_OUTPUT:
        _show(name, figures)
    named = {figure.key: figure.value for figure in figures if figure.key}
    return {**named, "machine": bench.machine(), "figures": figures}


@contextmanager
def _instances_refused() -> Iterator[None]:
    """Tell of a file that is no instance file in one line."""
    try:
        yield
    except NoInstance as error:
        raise CannotMeasure(reason=str(error)) from error


async def _awaited(measure: Bench, scale: Scale) -> list[Figure]:
    return await measure(scale)


def _write(told: dict[str, Any], how: How) -> None:
    document = msgspec.json.format(msgspec.json.encode(told)).decode() + "\n"
    if how.json == STANDARD_OUTPUT:
        sys.stdout.write(document)
    elif how.json:
        Path(how.json).write_text(document, encoding="utf-8")


def _show(name: str, figures: list[Figure]) -> None:
    table = Table("Measured", "Value", "Unit", "Should be", title=name, caption=bench.machine())
    for figure in figures:
        wanted = [
            f"{word} {limit:g}"
            for word, limit in (("at least", figure.least), ("at most", figure.most))
            if limit is not None
        ]
        style = {None: "", True: "green", False: "bold red"}[figure.reached]
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, " ".join(wanted), style=style)
    Console().print(table)
