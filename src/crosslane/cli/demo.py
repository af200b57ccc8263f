"""`crosslane demo`: a retailer with real order lines, on this machine, by one command."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import uvloop
from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from crosslane import demo as played
from crosslane.cli import BEGAN
from crosslane.cli.demo_report import report_of
from crosslane.demo import Selection, Source, Stage, World
from crosslane.platform.processes import collect_seldom
from crosslane.platform.settings import read_settings
from crosslane.platform.telemetry import start_logging

ORDERS_DEFAULT = 5_000
SEED_DEFAULT = 1
# Without a terminal a line is printed each time a task has come this much further.
PERCENT_PER_LINE = 25

Count = Annotated[int, Parameter(validator=validators.Number(gte=1))]


class Lines:
    """Tells in plain lines how far the demo is, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, tuple[int, int, int]] = {}

    def begin(self, name: str, total: int) -> None:
        """Note a task; told again, its total."""
        done, _, shown = self._tasks.get(name, (0, 0, 0))
        self._tasks[name] = (done, total, shown)

    def advance(self, name: str, by: int = 1) -> None:
        """Print a line when the task has come far enough since the last one."""
        done, total, shown = self._tasks[name]
        done += by
        percent = 100 * done // max(1, total)
        if percent >= shown + PERCENT_PER_LINE:
            self._console.print(f"{name}: {done:,} of {total:,}", highlight=False)
            shown = percent
        self._tasks[name] = (done, total, shown)


class Bars:
    """Tells by bars on a terminal how far the demo is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def begin(self, name: str, total: int) -> None:
        """Show a bar; told again, its total."""
        if name in self._tasks:
            self._progress.update(self._tasks[name], total=total)
        else:
            self._tasks[name] = self._progress.add_task(name, total=total)

    def advance(self, name: str, by: int = 1) -> None:
        """Move the bar."""
        self._progress.advance(self._tasks[name], by)


def demo(
    *,
    orders: Count = ORDERS_DEFAULT,
    all: bool = False,
    seed: int = SEED_DEFAULT,
    exit: bool = False,
    report: Path | None = None,
    remove: bool = False,
) -> None:
    """Start Crosslane, found the demo retailer "Marlow & Finch" and replay real order lines.

    A second run goes on where the first ended and doubles nothing. Afterwards Crosslane keeps
    serving until Ctrl-C.

    Args:
        orders: how many orders to replay.
        all: replay every order line there is, instead.
        seed: another seed draws other baskets, people and mishaps.
        exit: end when the report is printed.
        report: write the report to this file as JSON.
        remove: drop the demo retailer with everything it has, and do nothing else.
    """
    start_logging("warning")
    settings = read_settings(os.environ)
    if remove:
        asyncio.run(_remove(settings.home))
        return
    collect_seldom()
    uvloop.run(_until_stopped(_play(settings.home, None if all else orders, seed, exit, report)))


async def _remove(home: Path) -> None:
    await played.remove(home)
    Console().print("The demo retailer was removed.")


async def _until_stopped(play) -> None:
    """Run the demo; Ctrl-C and SIGTERM end it in good order."""
    task = asyncio.ensure_future(play)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise


async def _play(
    home: Path, orders: int | None, seed: int, ends: bool, report_file: Path | None
) -> None:
    console = Console()
    preparing = asyncio.create_task(asyncio.to_thread(_prepare, orders, seed))
    console.print("Starting Crosslane, a payment provider, a carrier and a mail server …")
    async with played.stage(home) as stands:
        source, selection = await preparing
        console.print(f"Order lines: {source.path}")
        with _watched(console) as progress:
            world = await played.build_world(stands, selection, seed, progress)
            outcome = await played.replay(world, selection, seed=seed, progress=progress)
        report = await report_of(
            stands.tenant,
            outcome,
            raw_file=source.path,
            invoices={invoice.number for invoice in selection.invoices},
            began=BEGAN,
        )
        played.print_report(report, console)
        if report_file:
            played.write_report(report, report_file)
        if not ends:
            _show_doors(console, stands, world)
            await played.live(world, selection, seed)
            await asyncio.Event().wait()


def _prepare(orders: int | None, seed: int) -> tuple[Source, Selection]:
    source = played.read_source()
    invoices = played.sort_lines(source.lines, source.codes)
    return source, played.select(invoices, orders, seed)


@contextmanager
def _watched(console: Console) -> Iterator[played.Progress]:
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield Bars(progress)


def _show_doors(console: Console, stands: Stage, world: World) -> None:
    """Print where everything is and how to get in."""
    # Browsers keep who is signed in for this name without HTTPS, and for no other.
    screens = stands.address.replace("127.0.0.1", "localhost")
    doors = Table.grid(padding=(0, 2))
    doors.add_row("sign in", f"{screens}/sign-in, by any log-in below and the password")
    doors.add_row("office", f"{screens}/office")
    doors.add_row("store", f"{screens}/store")
    doors.add_row("parts of pages", f"{screens}/design")
    doors.add_row("API", f"{stands.address}/api/v1")
    doors.add_row("described", f"{stands.address}/api/v1/openapi.json")
    doors.add_row("password", world.logins["ADMIN"].password)
    console.print(doors)
    people = Table("Log-in", "Role", "Works at", "Begins at")
    for login in world.logins.values():
        place = world.places[login.location].kind if login.location else ""
        begins = "/store" if place else "/office"
        people.add_row(login.email, login.role, login.location or "everywhere", begins)
    console.print(people)
    console.print(f"Keys and passwords rest in {stands.home / 'demo' / 'secrets.json'}.")
    console.print("Orders of today go on arriving. Crosslane keeps serving; Ctrl-C stops it.")
