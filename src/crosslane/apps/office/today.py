"""Today: what needs a person now, and how the orders of the last hours do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from litestar import Request, Response

from crosslane import channels, insights, inventory, organization, returns
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order_filters import STOPS, address
from crosslane.insights import Pulse
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, page
from crosslane.platform.web import Caller

COUNTED_MAX = 250
"""What is counted row by row is counted up to so many."""
CHANNELS_MAX = 5
"""So many channels have a color of their own in the chart; the others share one."""
FEED_QUIET = timedelta(hours=24)
HOURS = {"day": 24, "week": 7 * 24, "month": 28 * 24}
BASIS = 10_000

Span = Literal["day", "week", "month"]


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a person.

    Args:
        title: what it is.
        count: how many.
        most: it was counted up to so many, 0 for all of them.
        href: the list behind it, "" where there is none.
        tone: how urgent it is.
        icon: name of its icon.
    """

    title: str
    count: int
    most: int = 0
    href: str = ""
    tone: str = "warn"
    icon: str = "alert"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the pulse.

    Args:
        title: what it is.
        basis_points: how many of 10,000, None where there is nothing to share.
        count: how many orders are behind it.
        detail: what they are, with ``%(n)s`` for the count.
        href: the list of them.
    """

    title: str
    basis_points: int | None
    count: int
    detail: str
    href: str


@page("/office", permission="orders:read")
async def show_today(caller: Caller, request: Request, span: Span = "day") -> Response:
    """Show what needs a person now, and how orders do."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        needs = await _needs(tx, viewer)
        pulse = await insights.pulse(tx, hours=HOURS[span])
        names = {one.code: one.name for one in (await organization.book(tx)).channels.values()}
        now = tx.now
    # The figures are of all locations: an associate is told of the own work in the store's pages.
    whole = viewer.actor.location_id is None
    shown, series = _series(pulse, names, PAGES.words(viewer)("Others"))
    return PAGES.answer(
        viewer,
        "today.html",
        block="live" if viewer.fragment else "",
        needs=[need for need in needs if need.count],
        quiet=[need for need in needs if not need.count],
        span=span,
        hours=HOURS,
        pulse=pulse,
        whole=whole,
        shares=_shares(pulse),
        names=shown,
        columns=_columns(pulse, series, viewer, daily=span != "day"),
        orders_href=address(_window(pulse)),
        costs=[(currency, milli, n) for currency, (milli, n) in sorted(pulse.planned.items()) if n],
        now=now,
        ended=pulse.until < now - timedelta(hours=1),
    )


async def _needs(tx: Tx, viewer: Viewer) -> list[Need]:
    own = viewer.actor.location_id is not None
    found = [] if own else await _order_needs(tx)
    here = {step.path for step in PAGES.steps(viewer)}

    def leads(base: str, path: str) -> str:
        return path if base in here else ""

    if not own and viewer.may("returns:read"):
        held = await returns.count_held(tx, COUNTED_MAX)
        href = leads("/office/returns", "/office/returns?show=held")
        found.append(Need(title="Returns held", count=held, most=COUNTED_MAX, href=href,
                          icon="return"))  # fmt: skip
    if not own and viewer.may("channels:read"):
        kept = await channels.count_quarantined(tx, COUNTED_MAX)
        href = leads("/office/messages", "/office/messages?state=quarantined")
        found.append(Need(title="Messages quarantined", count=kept, most=COUNTED_MAX, href=href,
                          icon="mail"))  # fmt: skip
    if viewer.may("operations:read"):
        dead, parked = len(await effects.list_dead(tx)), len(await log.list_parked(tx))
        found += [
            Need(title="Calls given up", count=dead, most=COUNTED_MAX, tone="bad", icon="unplug",
                 href=leads("/office/machine", "/office/machine/calls")),
            Need(title="Events parked", count=parked, most=COUNTED_MAX, tone="bad", icon="pause",
                 href=leads("/office/machine", "/office/machine/reactions")),
        ]  # fmt: skip
    if not own and viewer.may("inventory:read"):
        behind = await inventory.count_feeds_behind(tx, tx.now - FEED_QUIET, COUNTED_MAX)
        found.append(Need(title="Stock feeds silent for a day", count=behind, most=COUNTED_MAX,
                          href=leads("/office/stock", "/office/stock/feeds"), tone="neutral",
                          icon="cloud-off"))  # fmt: skip
    return found


async def _order_needs(tx: Tx) -> list[Need]:
    stops = [f"stop:{kind}" for kind in STOPS]
    counts = await insights.count(tx, [*stops, "waiting", "money:problem"])
    late, soon = await insights.count_due(tx)
    most = insights.DUE_COUNTED_MAX
    found = [
        Need(title=f"Stop: {STOPS[kind]}", count=counts.get(f"stop:{kind}", 0), tone="bad",
             href=address({"stop": kind}), icon="hand")
        for kind in STOPS
    ]  # fmt: skip
    return [
        *found,
        Need(title="Promises late", count=late, most=most, href=address({"promise": "late"}),
             tone="bad", icon="timer"),
        Need(title="Promises due within a day", count=soon, most=most,
             href=address({"promise": "soon"}), icon="calendar-clock"),
        Need(title="Waiting for stock", count=counts.get("waiting", 0),
             href=address({"is": "waiting"}), icon="package-search"),
        Need(title="Money refused or unclear", count=counts.get("money:problem", 0), tone="bad",
             href=address({"money": "problem"}), icon="banknote"),
    ]  # fmt: skip


def _window(pulse: Pulse) -> dict[str, str]:
    """Return the parameters by which the list shows the orders a pulse counts."""
    return {"placed_from": pulse.since.isoformat(), "placed_to": pulse.until.isoformat()}


def _share(part: int, whole: int) -> int | None:
    return (part * BASIS * 2 + whole) // (2 * whole) if whole else None


def _shares(pulse: Pulse) -> list[Share]:
    window = _window(pulse)
    kept, missed = pulse.of("promise:kept"), pulse.of("promise:missed")
    sent, split = pulse.of("method:ship"), pulse.of("split")
    touched = pulse.of("touched")
    return [
        Share(title="Promise kept", basis_points=_share(kept, kept + missed), count=missed,
              detail="%(n)s missed",
              href=address({"promise": "missed", **window})),
        Share(title="Sent in parts", basis_points=_share(split, sent), count=split,
              detail="%(n)s orders",
              href=address({"is": "split", **window})),
        Share(title="Touchless", basis_points=_share(pulse.orders - touched, pulse.orders),
              count=touched, detail="%(n)s by hand", href=address({"is": "touched", **window})),
    ]  # fmt: skip


def _series(
    pulse: Pulse, names: dict[str, str], others: str
) -> tuple[list[str], list[Sequence[int]]]:
    """Return the names and hours of the largest channels, the rest together."""
    ranked = sorted(pulse.by_channel.items(), key=lambda one: (-sum(one[1]), one[0]))
    shown = ranked[:CHANNELS_MAX]
    series = [(names.get(code, code), hours) for code, hours in shown]
    if rest := [hours for _, hours in ranked[CHANNELS_MAX:]]:
        series.append((others, [sum(column) for column in zip(*rest, strict=True)]))
    return [name for name, _ in series], [hours for _, hours in series]


def _columns(
    pulse: Pulse, series: list[Sequence[int]], viewer: Viewer, *, daily: bool
) -> list[tuple[datetime, datetime, list[int], str]]:
    """Return begin, end, orders of each series and the list behind for each column of the chart."""
    step = 24 if daily else 1
    hours = int((pulse.until - pulse.since) / timedelta(hours=1))
    made = []
    for at in range(0, hours, step):
        begin = pulse.since + timedelta(hours=at)
        end = begin + timedelta(hours=step)
        href = address({"placed_from": begin.isoformat(), "placed_to": end.isoformat()})
        made.append((begin, end, [sum(each[at : at + step]) for each in series], href))
    return made


ROUTES = [show_today]
