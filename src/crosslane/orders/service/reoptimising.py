"""Deciding open orders anew, all together: on demand and by the clock.

What is held back by a stop is allocated and not yet released. Others placed since may have made
another way of serving all of them cheaper. A *run* looks at a bounded number of such orders:
loading is one transaction, deciding is done outside any, in a thread of the worker, and each group
of changes is a transaction of its own. Both are effects, so whoever dies in the middle is taken
over.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec

from crosslane import inventory, locations, organization, sourcing
from crosslane.kernel import Refusal, new_id
from crosslane.orders.domain import OrderState
from crosslane.orders.domain.reoptimising import (
    Change,
    Figures,
    LineMove,
    Reoptimised,
    movable,
    promised,
)
from crosslane.orders.errors import NoSuchReoptimisation
from crosslane.orders.service.allocating import Search, request_of
from crosslane.orders.service.freed import parcels_of
from crosslane.orders.service.reoptimised import serve_otherwise
from crosslane.orders.service.resourcing import searches_of
from crosslane.orders.service.sheet import Doing
from crosslane.orders.storage import reoptimising as storage
from crosslane.orders.storage import states
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind, one_by_one
from crosslane.platform.lane import one_by_one as commands_one_by_one
from crosslane.sourcing import ORDERS_AT_ONCE_MAX, REOPTIMISATION, REOPTIMISING_SECONDS_MAX

if TYPE_CHECKING:
    from crosslane.sourcing.fields import Anew

DECIDE_KIND = "orders.reoptimise"
MOVE_KIND = "orders.serve_otherwise"
# What is loaded at once is made into questions in one step, in which the loop does nothing else.
LOADED_AT_ONCE = 100
# Whoever places an order meanwhile waits for the positions of a batch until it is committed.
MOVED_AT_ONCE_MAX = 25
# Beside the time to think: loops are compiled at their first use, problems are made.
SLACK_SECONDS = 60.0
REASON_CHARACTERS_MAX = 500
UNPLANNED = "unplanned"
UNDER_WAY = "under_way"


class Reoptimise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Decide open orders anew, all together.

    Args:
        orders: how many at most; as the policy says when None.
        seconds: for how long to think; likewise.
    """

    orders: Annotated[int, msgspec.Meta(ge=1, le=ORDERS_AT_ONCE_MAX)] | None = None
    seconds: Annotated[int, msgspec.Meta(ge=1, le=REOPTIMISING_SECONDS_MAX)] | None = None


class Decide(msgspec.Struct, frozen=True):
    """The body of the effect that decides: a run, and what each change must save."""

    run_id: UUID
    orders_max: int
    seconds: int
    saving_minor: int


class MoveOrders(msgspec.Struct, frozen=True):
    """The body of the effect that moves orders of a run."""

    run_id: UUID
    changes: list[Change]


class Part(msgspec.Struct, frozen=True):
    """Orders of one channel with all that they are decided on.

    Args:
        standing: their questions.
        orders: of each question its order's version, and where the units of its lines are.
    """

    standing: sourcing.Standing
    orders: Sequence[tuple[int, Mapping[UUID, tuple[UUID, int]]]]


class Loaded(msgspec.Struct, frozen=True):
    """What a run decides on; orders that it leaves aside by reason."""

    parts: Sequence[Part]
    aside: Mapping[str, int]


class Decided(msgspec.Struct, frozen=True):
    """What a run has decided: its figures, and changes in groups."""

    figures: Figures
    groups: Sequence[Sequence[Change]]


async def reoptimise(tx: Tx, wish: Reoptimise) -> Reoptimised:
    """Write a run down; a worker carries it out."""
    policy = await _policy(tx)
    run = Reoptimised(
        id=new_id(),
        asked_at=tx.now,
        asked_by=str(tx.actor),
        orders_max=wish.orders or policy.orders,
        seconds=wish.seconds or policy.seconds,
    )
    await storage.insert_run(tx, run)
    body = Decide(run.id, run.orders_max, run.seconds, policy.saving_minor)
    await effects.request(tx, [Effect(f"{DECIDE_KIND}:{run.id}", DECIDE_KIND, body)])
    return run


async def reoptimise_by_clock(tx: Tx) -> None:
    """Begin a run when the policy wants one; never while another one is under way."""
    policy = await _policy(tx)
    if not policy.every_minutes:
        return
    last = await storage.find_last_run(tx)
    waited = None if last is None else tx.now - last.asked_at
    if waited is None or waited >= timedelta(minutes=policy.every_minutes):
        await reoptimise(tx, Reoptimise())


async def _policy(tx: Tx) -> sourcing.Reoptimisation:
    policies = await organization.policies(tx)
    policy, _ = policies.resolve(REOPTIMISATION, tx.now)
    return policy


async def find_run(tx: Tx, run_id: UUID) -> Reoptimised:
    """Return a run.

    Raises:
        NoSuchReoptimisation: there is none.
    """
    found = await storage.find_run(tx, run_id)
    if found is None:
        raise NoSuchReoptimisation(id=str(run_id))
    return found


async def load(tx: Tx, call: EffectCall[Decide]) -> Loaded:
    """Load the orders of a run and all that they are decided on, by channel."""
    order_ids = await storage.list_held_back(tx, call.body.orders_max)
    aside: Counter[str] = Counter()
    units_of: dict[UUID, Mapping[UUID, tuple[UUID, int]]] = {}
    by_channel: dict[UUID, list[tuple[OrderState, Search]]] = defaultdict(list)
    for first in range(0, len(order_ids), LOADED_AT_ONCE):
        asked: list[tuple[OrderState, Mapping[UUID, int]]] = []
        found = await states.list_states(tx, order_ids[first : first + LOADED_AT_ONCE])
        for order_id, state in found.items():
            if units := movable(state):
                units_of[order_id] = units
                asked.append((state, {line: quantity for line, (_, quantity) in units.items()}))
            else:
                aside[UNDER_WAY] += 1
        for state, search in await searches_of(tx, asked):
            told = promised(state, [want.line.id for want in search.wanted])
            search.wanted_at, search.in_time = told, told is not None
            by_channel[search.channel.id].append((state, search))
    parts = [
        await _part(tx, channel_id, searches, units_of)
        for channel_id, searches in sorted(by_channel.items())
    ]
    return Loaded(parts, aside)


async def _part(
    tx: Tx,
    channel_id: UUID,
    searches: Sequence[tuple[OrderState, Search]],
    units_of: Mapping[UUID, Mapping[UUID, tuple[UUID, int]]],
) -> Part:
    variants = {want.line.variant_id for _, search in searches for want in search.wanted}
    survey = await inventory.survey(tx, sorted(variants), channel_id=channel_id)
    held: list[tuple[UUID, UUID]] = []
    for state, _ in searches:
        for line_id, (location_id, quantity) in units_of[state.order.id].items():
            survey.give_back(state.by_id[line_id].variant_id, location_id, quantity)
            held.append((state.order.id, location_id))
    returned = parcels_of(await locations.claims_held(tx, sorted(set(held))))
    standing = await sourcing.standing(
        tx, [request_of(search) for _, search in searches], survey, returned
    )
    orders = [(state.order.version, units_of[state.order.id]) for state, _ in searches]
    return Part(standing, orders)


async def decide(call: EffectCall[Decide], loaded: Loaded) -> Decided:
    """Decide the orders of a run, in a thread of its own."""
    return await asyncio.to_thread(_decide, call.body, loaded)


def _decide(body: Decide, loaded: Loaded) -> Decided:
    began = time.monotonic()
    total = sum(len(part.orders) for part in loaded.parts)
    aside = Counter(loaded.aside)
    groups: list[list[Change]] = []
    before = after = bound = decided = 0
    in_time = True
    for part in loaded.parts:
        seconds = max(1.0, body.seconds * len(part.orders) / total)
        came_to, changes = _decide_part(part, seconds, body.saving_minor, aside)
        groups += changes
        decided += came_to.decided
        before += came_to.before_milli
        after += came_to.after_milli
        bound += came_to.bound_milli
        in_time = in_time and came_to.in_time
    figures = Figures(
        decided=decided,
        aside=dict(aside),
        changed=sum(len(group) for group in groups),
        before_milli=before,
        after_milli=after,
        bound_milli=bound,
        took_milliseconds=round((time.monotonic() - began) * 1000),
        in_time=in_time,
    )
    return Decided(figures, groups)


def _decide_part(
    part: Part, seconds: float, saving_minor: int, aside: Counter[str]
) -> tuple["Anew", list[list[Change]]]:
    """Decide the orders of one channel; return what it came to, and the changes in groups."""
    # Arrays are loaded by the processes that decide, and by no other.
    from crosslane.sourcing.fields import decide_anew

    code_of = part.standing.world.network.by_id
    problems: list[sourcing.SourcingProblem] = []
    placed: list[dict[str, str]] = []
    asked: list[int] = []
    for number, problem in enumerate(sourcing.problems_of(part.standing)):
        if isinstance(problem, Refusal):
            aside[UNPLANNED] += 1
            continue
        lines = part.standing.requests[number].lines
        where = part.orders[number][1]
        placed.append(
            {
                line.key: code_of[where[wanted.key][0]].code
                for line, wanted in zip(problem.lines, lines, strict=True)
            }
        )
        problems.append(problem)
        asked.append(number)
    came_to = decide_anew(problems, placed, moving_milli=1_000 * saving_minor, seconds=seconds)
    aside.update(came_to.aside.values())
    groups = [
        [_change(part, asked[one.problem], one.places, one.before_milli) for one in group]
        for group in came_to.moved
    ]
    return came_to, groups


def _change(part: Part, number: int, places: Mapping[str, str], before_milli: int) -> Change:
    request, (version, where) = part.standing.requests[number], part.orders[number]
    by_code = part.standing.world.network.by_code
    lines = [
        LineMove(
            line_id=wanted.key,
            quantity=wanted.quantity,
            from_id=where[wanted.key][0],
            to_id=by_code[places[wanted.variant.sku]].id,
        )
        for wanted in request.lines
    ]
    return Change(request.order_id, version, lines, before_milli)


async def save_decided(tx: Tx, call: EffectCall[Decide], decided: Decided) -> None:
    """Save the figures of a run, and have its changes made in their order, some at a time."""
    run_id = call.body.run_id
    await storage.save_decided(tx, run_id, decided.figures)
    await effects.request(
        tx,
        [
            Effect(
                f"{MOVE_KIND}:{run_id}:{number}",
                MOVE_KIND,
                MoveOrders(run_id, changes),
                # The first due is the first made: later ones need what it gives up.
                due_at=tx.now + timedelta(microseconds=number),
            )
            for number, changes in enumerate(_batches(decided.groups))
        ],
    )


def _batches(groups: Iterable[Sequence[Change]]) -> Iterator[list[Change]]:
    """Yield changes in batches of a bounded size; groups stay together while they fit into one."""
    batch: list[Change] = []
    for group in groups:
        if batch and len(batch) + len(group) > MOVED_AT_ONCE_MAX:
            yield batch
            batch = []
        for change in group:
            if len(batch) == MOVED_AT_ONCE_MAX:
                yield batch
                batch = []
            batch.append(change)
    if batch:
        yield batch


async def give_up(tx: Tx, call: EffectCall[Decide], reason: str) -> None:
    """Save that a run could not be decided; its orders stay as they are."""
    await storage.save_failed(tx, call.body.run_id, reason[:REASON_CHARACTERS_MAX])


async def move(call: EffectCall[MoveOrders], body: MoveOrders) -> None:
    """Nothing is asked of anybody outside: changes are made as they are recorded."""
    del call, body


async def save_moved(tx: Tx, call: EffectCall[MoveOrders], result: None) -> None:
    """Make the changes of a batch, and count them."""
    del result
    body = call.body
    doing = Doing(call, tx.now, f"reoptimised:{body.run_id}")
    moved = await serve_otherwise(tx, body.changes, doing)
    await storage.count_moved(tx, body.run_id, moved, len(body.changes) - moved)


async def leave_alone(tx: Tx, call: EffectCall[MoveOrders], reason: str) -> None:
    """Count changes that could not be made at all."""
    del reason
    await storage.count_moved(tx, call.body.run_id, 0, len(call.body.changes))


REOPTIMISE = commands_one_by_one("orders.reoptimise", Reoptimise, Reoptimised, reoptimise)
DECIDE = EffectKind(
    DECIDE_KIND,
    Decide,
    call=decide,
    record=one_by_one(save_decided),
    dead=one_by_one(give_up),
    prepare=one_by_one(load),
    timeout_seconds=REOPTIMISING_SECONDS_MAX + SLACK_SECONDS,
)
# One at a time: what comes back together is saved in one transaction, and would hold the locks of
# all batches until the last of them is made.
MOVE = EffectKind(
    MOVE_KIND,
    MoveOrders,
    call=move,
    record=one_by_one(save_moved),
    dead=one_by_one(leave_alone),
    slots_max=1,
)
