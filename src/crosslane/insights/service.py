"""Use cases of insights: keeping up with orders, finding them, the pulse, and saved views."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import locations, orders, payments, sourcing
from crosslane.insights import storage
from crosslane.insights.domain import COUNTED_APART, SOON, Known, Listed, listed, rarest
from crosslane.insights.errors import NoSuchView, TooManyViews
from crosslane.insights.storage import Stretch
from crosslane.kernel import Refusal, new_id
from crosslane.platform import log
from crosslane.platform.database import Record, Tx
from crosslane.platform.lane import Command, CommandKind

LOOKED_AT_MAX = 5_000
"""Orders looked through for one page of a list: what takes longer goes on with the next page."""
DUE_LOOKED_AT_MAX = 5_000
DUE_COUNTED_MAX = 1_000
# As many facets an hour as channels, methods, states and the like there may be.
HOUR_ROWS_MAX = 100_000
VIEWS_MAX = 20
TITLE_CHARACTERS_MAX = 60
QUERY_CHARACTERS_MAX = 1_000
HOUR = timedelta(hours=1)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a list is of.

    Args:
        facets: they have all of these.
        placed_from: placed then or later.
        placed_before: placed before then.
        due: of promises still to be kept: ``late``, or ``soon``, "" for any order.
    """

    facets: frozenset[str] = frozenset()
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    due: str = ""


class Found(msgspec.Struct, frozen=True):
    """A page of a list.

    Args:
        order_ids: newest first.
        next: business time and id where the next page begins, None when this is the last.
        cut_short: so many orders were looked through that the page ended before it was full.
    """

    order_ids: list[UUID]
    next: tuple[datetime, UUID] | None = None
    cut_short: bool = False


async def keep(
    tx: Tx, told: Mapping[UUID, tuple[int, int]], touched: frozenset[UUID] = frozenset()
) -> None:
    """Bring up to date what lists know of some orders; those that were read since are passed over.

    Args:
        tx: open transaction.
        told: orders of which something was told, with the latest position of the log that did.
        touched: those of them that somebody has changed by hand.
    """
    seen = await log.horizon(tx)
    before = await storage.list_known(tx, list(told))
    changed = [
        order_id
        for order_id, position in told.items()
        if order_id in touched or position >= _seen(before.get(order_id))
    ]
    states = await orders.list_states(tx, changed) if changed else {}
    if not states:
        return
    ids = list(states)
    fresh = [order_id for order_id in ids if order_id not in before]
    planned = await sourcing.planned_costs(tx, fresh) if fresh else {}
    delivered = await orders.list_deliveries(tx, ids)
    money = await payments.money_by_order(tx, ids)
    troubled = await orders.list_with_money_problem(tx, ids)
    codes = {at.id: at.code for at in (await locations.network(tx)).all}
    kept: list[Listed] = []
    for order_id, state in states.items():
        was = before.get(order_id)
        known = Known(
            money=money[order_id],
            problem=order_id in troubled,
            delivered=delivered.get(order_id, {}),
            planned_milli=was["planned_milli"] if was else planned.get(order_id),
            planned_currency=state.order.currency,
            touched=order_id in touched or bool(was and was["touched"]),
        )
        kept.append(listed(state, known, codes))
    await storage.save(tx, kept, seen)


def _seen(known: Record | None) -> tuple[int, int]:
    return (known["seen_epoch"], known["seen_txid"]) if known else (0, 0)


async def find(tx: Tx, wanted: Filter, *, after: tuple[datetime, UUID] | None, limit: int) -> Found:
    """Return a page of the orders that fit, newest first.

    No page looks through more than LOOKED_AT_MAX orders, however many there are; one of an
    associate has only orders that concern the own location.
    """
    wanted = await _own(tx, wanted)
    stretch = Stretch(after, wanted.placed_from, wanted.placed_before, LOOKED_AT_MAX)
    due_before, due_from = _due(tx, wanted)
    if not wanted.facets and due_before is None:
        return _whole(await orders.list_newest(tx, stretch.after, stretch.since, stretch.before,
                                               limit + 1), limit)  # fmt: skip
    if due_before is not None:
        stretch = msgspec.structs.replace(stretch, looked_at_most=DUE_LOOKED_AT_MAX)
        rows = await storage.list_due(
            tx, sorted(wanted.facets), stretch, due_before=due_before, due_from=due_from,
            limit=limit + 1,
        )  # fmt: skip
        return _whole([(row["placed_at"], row["order_id"]) for row in rows], limit)
    facet = rarest(wanted.facets)
    rows = await storage.walk_facet(tx, facet, sorted(wanted.facets - {facet}), stretch)
    fitting = [(row["placed_at"], row["order_id"]) for row in rows if row["fits"]]
    if len(fitting) > limit:
        return _whole(fitting, limit)
    if rows and rows[-1]["step"] == stretch.looked_at_most:
        last = (rows[-1]["placed_at"], rows[-1]["order_id"])
        return Found([order_id for _, order_id in fitting], last, cut_short=True)
    return Found([order_id for _, order_id in fitting])


async def fitting(tx: Tx, order_ids: Sequence[UUID], wanted: Filter) -> set[UUID]:
    """Return those of some orders that fit."""
    wanted = await _own(tx, wanted)
    if wanted == Filter():
        return set(order_ids)
    stretch = Stretch(None, wanted.placed_from, wanted.placed_before, len(order_ids))
    before, since = _due(tx, wanted)
    return await storage.list_fitting(
        tx, order_ids, sorted(wanted.facets), stretch, due_before=before, due_from=since
    )


class Shown(msgspec.Struct, frozen=True):
    """What a list says of an order besides what the order says itself.

    Args:
        due_at: the earliest promise of units that are not handed over, None for none.
        methods: ways of its goods.
        locations: codes of the locations it concerns.
    """

    due_at: datetime | None = None
    methods: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


async def shown(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, Shown]:
    """Return what lists say of some orders; those they have not heard of yet are left out."""
    return {
        row["order_id"]: Shown(
            row["due_at"], _named(row["facets"], "method"), _named(row["facets"], "location")
        )
        for row in await storage.list_shown(tx, order_ids)
    }


def _named(facets: Sequence[str], kind: str) -> tuple[str, ...]:
    split = [facet.partition(":") for facet in facets]
    return tuple(name for what, _, name in split if what == kind)


async def _own(tx: Tx, wanted: Filter) -> Filter:
    if tx.actor.location_id is None:
        return wanted
    code = (await locations.network(tx)).by_id[tx.actor.location_id].code
    return msgspec.structs.replace(wanted, facets=wanted.facets | {f"location:{code}"})


def _due(tx: Tx, wanted: Filter) -> tuple[datetime | None, datetime | None]:
    if wanted.due == "late":
        return tx.now, None
    return (tx.now + SOON, tx.now) if wanted.due == "soon" else (None, None)


def _whole(rows: Sequence[tuple[datetime, UUID]], limit: int) -> Found:
    shown = [order_id for _, order_id in rows[:limit]]
    return Found(shown, rows[limit - 1] if len(rows) > limit else None)


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How a retailer's orders of some hours do.

    Args:
        since: beginning of the first hour.
        until: end of the last hour.
        by_channel: orders of each hour, by channel.
        counts: orders with each facet, locations aside.
        planned: by currency, what orders cost together as planned, and how many that are of.
    """

    since: datetime
    until: datetime
    by_channel: dict[str, list[int]]
    counts: dict[str, int]
    planned: dict[str, tuple[int, int]]

    @property
    def orders(self) -> int:
        """How many orders were placed."""
        return sum(sum(hours) for hours in self.by_channel.values())

    def of(self, *facets: str) -> int:
        """Return how many orders have these facets, which exclude each other."""
        return sum(self.counts.get(facet, 0) for facet in facets)


async def pulse(tx: Tx, *, hours: int) -> Pulse:
    """Return the last hours in which anything was ordered: until now, or until the last order.

    Args:
        tx: open transaction.
        hours: how many.
    """
    latest = await storage.latest_hour(tx)
    this_hour = tx.now.replace(minute=0, second=0, microsecond=0)
    recent = latest is None or this_hour - latest < hours * HOUR
    until = (this_hour if recent or latest is None else latest) + HOUR
    since = until - hours * HOUR
    by_channel: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    planned: dict[str, tuple[int, int]] = {}
    for row in await storage.list_hours(tx, since, until, HOUR_ROWS_MAX):
        kind, _, name = row["facet"].partition(":")
        if kind == "channel":
            at = int((row["hour"] - since) / HOUR)
            by_channel.setdefault(name, [0] * hours)[at] += row["orders"]
        if kind == COUNTED_APART:
            milli, count = planned.get(name, (0, 0))
            planned[name] = (milli + row["planned_milli"], count + row["orders"])
        else:
            counts[row["facet"]] = counts.get(row["facet"], 0) + row["orders"]
    return Pulse(since=since, until=until, by_channel=by_channel, counts=counts, planned=planned)


async def count(tx: Tx, facets: Sequence[str]) -> Mapping[str, int]:
    """Return how many orders of all time have each of some facets."""
    return await storage.sum_facets(tx, facets)


async def count_due(tx: Tx) -> tuple[int, int]:
    """Return how many promises are late, and soon will be; DUE_COUNTED_MAX of each at most."""
    late = await storage.count_due(tx, tx.now, None, DUE_COUNTED_MAX)
    return late, await storage.count_due(tx, tx.now + SOON, tx.now, DUE_COUNTED_MAX)


class View(msgspec.Struct, frozen=True):
    """A list somebody wants to come back to.

    Args:
        query: filters and columns, as in the address of the list.
    """

    id: UUID
    title: str
    query: str


class SaveView(msgspec.Struct, frozen=True):
    """Keep a list under a title, in place of the own one that has it."""

    title: str
    query: str


class DeleteView(msgspec.Struct, frozen=True):
    """Forget a saved list."""

    view_id: UUID


async def list_views(tx: Tx) -> list[View]:
    """Return the saved views of whoever asks."""
    rows = await storage.list_views(tx, str(tx.actor), VIEWS_MAX)
    return [View(row["id"], row["title"], row["query"]) for row in rows]


async def _save_views(tx: Tx, commands: Sequence[Command[SaveView]]) -> list[View | Refusal]:
    [command] = commands
    title = command.body.title[:TITLE_CHARACTERS_MAX]
    account = str(command.actor)
    mine = await storage.list_views(tx, account, VIEWS_MAX)
    if len(mine) == VIEWS_MAX and title not in {row["title"] for row in mine}:
        return [TooManyViews(most=VIEWS_MAX)]
    query = command.body.query[:QUERY_CHARACTERS_MAX]
    saved = await storage.save_view(tx, new_id(), account, title, query)
    return [View(saved, title, query)]


async def _delete_views(tx: Tx, commands: Sequence[Command[DeleteView]]) -> list[Refusal | None]:
    [command] = commands
    view_id = command.body.view_id
    if not await storage.delete_view(tx, view_id, str(command.actor)):
        return [NoSuchView(view=str(view_id))]
    return [None]


SAVE_VIEW = CommandKind("insights.save_view", SaveView, View, _save_views, batch_max=1)
DELETE_VIEW = CommandKind("insights.delete_view", DeleteView, None, _delete_views, batch_max=1)
