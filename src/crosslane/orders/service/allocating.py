"""Finding locations for units and promising their stock: plan, allocate, plan again for losers.

A plan is made on a snapshot without locks; only allocate promises, and then the day's capacity of
the locations is claimed. When stock or days went to somebody else in between, both are counted
again and the order is planned once more; what is then still open waits for stock. What other units
of the orders no longer need is given back with the first promise.

The first promise takes its positions in the one order of all. A later one holds them already, and
days besides, and may need a position that comes before; so it hardly waits for what others have,
and rather lets the transaction be run again.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import inventory, sourcing
from crosslane.catalog import Variant
from crosslane.kernel import MILLI_PER_MINOR, Refusal
from crosslane.locations import Location
from crosslane.orders.domain import OrderLine
from crosslane.orders.service import capacity
from crosslane.orders.service.freed import NOTHING, Freed
from crosslane.organization import Channel
from crosslane.platform.database import Tx
from crosslane.platform.impatience import impatient

ROUNDS_MAX = 3


class Wanted(msgspec.Struct, kw_only=True):
    """Units of a line that need a location; ``only`` one, when a joint decision gave it to them."""

    line: OrderLine
    variant: Variant
    quantity: int
    barred: frozenset[UUID] = frozenset()
    only: UUID | None = None


class Search(msgspec.Struct, kw_only=True):
    """The units of one order that need locations.

    Args:
        order_id: the order.
        channel: who sells; its ring-fences are open to it.
        currency: of all costs.
        country: where it is shipped; likewise postcode; "" when nothing is shipped.
        service: delivery service.
        at: business time.
        wanted: units by line, all of one method and store.
        store: where the customer gets them, None when they are shipped home.
        method: how.
        wanted_at: when the customer was promised them at the latest; None when nothing was said.
        in_time: they may not come later than that.
        before_milli: what the decision cost that a joint one replaces.
    """

    order_id: UUID
    channel: Channel
    currency: str
    country: str
    postcode: str
    service: str
    at: datetime
    method: str
    store: Location | None
    wanted: list[Wanted]
    wanted_at: datetime | None = None
    in_time: bool = False
    before_milli: int | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that were promised at a location."""

    line_id: UUID
    location_id: UUID
    quantity: int
    promised_at: datetime | None


class Result(msgspec.Struct, kw_only=True):
    """What came of one search.

    Args:
        found: promised units.
        receipts: decisions behind them.
        unclaimed: days' capacity still to be claimed, as the last thing the transaction writes.
        refusal: why nothing could be planned at all.
    """

    found: list[Found] = []
    receipts: list[UUID] = []
    unclaimed: list[capacity.Wish] = []
    refusal: Refusal | None = None


async def find_stock(
    tx: Tx, searches: Sequence[Search], *, confirms: bool = False, freed: Freed = NOTHING
) -> list[Result]:
    """Plan and promise units for orders of a batch, earlier ones first.

    Args:
        tx: open transaction.
        searches: what needs a location.
        confirms: the caller confirms claims of capacity that were put off.
        freed: units and places that may be found again; all of them are given back.

    Returns:
        One result per search; units not among ``found`` are left for the caller to backorder.

    Raises:
        SerializationError: who lost a race needs what others have locked; the transaction has to be
            run again.
    """
    results = [Result(found=[], receipts=[], unclaimed=[]) for _ in searches]
    if not searches:
        await freed.give_back(tx)
        return results
    surveys = await _surveys(tx, searches)
    for survey in surveys.values():
        freed.mark(survey)
    decided: list[sourcing.Sourced] = []
    open_ones = list(range(len(searches)))
    for number in range(ROUNDS_MAX):
        if not open_ones:
            break
        planned = await _plan(tx, [searches[n] for n in open_ones], surveys, freed)
        pairs = list(zip(open_ones, planned, strict=True))
        for n, plan in pairs:
            if isinstance(plan, Refusal):
                results[n].refusal = plan
        plans = [(n, plan) for n, plan in pairs if not isinstance(plan, Refusal)]
        async with impatient(tx) if number else nullcontext():
            lost = await _allocate(tx, plans, searches, results, confirms, freed)
        freed = NOTHING
        decided.extend(plan for n, plan in plans if n not in lost)
        open_ones = lost
        if lost:
            # What was asked for is locked by now: counted again, it is not lost a second time.
            surveys = await _surveys(tx, [searches[n] for n in lost])
    await sourcing.save_receipts(tx, decided)
    return results


async def foresee(tx: Tx, searches: Sequence[Search]) -> set[inventory.Place]:
    """Return where searches would find their units at this moment; nothing is locked or kept."""
    planned = await _plan(tx, searches, await _surveys(tx, searches), NOTHING)
    return {
        place
        for search, plan in zip(searches, planned, strict=True)
        if not isinstance(plan, Refusal)
        for place in _places(search, plan)
    }


def _places(search: Search, plan: sourcing.Sourced) -> list[inventory.Place]:
    variants = {want.line.id: want.line.variant_id for want in search.wanted}
    return [inventory.Place(variants[key], at) for key, at, _ in plan.placed]


async def _surveys(tx: Tx, searches: Sequence[Search]) -> dict[UUID, inventory.Survey]:
    """Read the stock each channel may use, by one statement per channel."""
    variants: dict[UUID, set[UUID]] = defaultdict(set)
    for search in searches:
        variants[search.channel.id].update(want.line.variant_id for want in search.wanted)
    return {
        channel_id: await inventory.survey(tx, sorted(ids), channel_id=channel_id)
        for channel_id, ids in variants.items()
    }


async def _plan(
    tx: Tx, searches: Sequence[Search], surveys: dict[UUID, inventory.Survey], freed: Freed
) -> list[sourcing.Sourced | Refusal]:
    planned: dict[int, sourcing.Sourced | Refusal] = {}
    for channel_id, survey in surveys.items():
        theirs = [n for n, search in enumerate(searches) if search.channel.id == channel_id]
        requests = [request_of(searches[n]) for n in theirs]
        answers = await sourcing.plan_orders(tx, requests, survey, freed.parcels)
        planned |= dict(zip(theirs, answers, strict=True))
    return [planned[n] for n in range(len(searches))]


def request_of(search: Search) -> sourcing.SourcingRequest:
    """Return the question to sourcing."""
    return sourcing.SourcingRequest(
        order_id=search.order_id,
        channel=search.channel,
        currency=search.currency,
        method=search.method,
        country=search.country,
        postcode=search.postcode,
        store=search.store,
        service=search.service,
        at=search.at,
        wanted_at=search.wanted_at,
        in_time=search.in_time,
        before_milli=search.before_milli,
        lines=[
            sourcing.LineAsked(
                key=want.line.id,
                variant=want.variant,
                quantity=want.quantity,
                barred=want.barred,
                only=want.only,
                price_milli=want.line.net_minor * MILLI_PER_MINOR // want.line.quantity,
            )
            for want in search.wanted
        ],
    )


async def _allocate(
    tx: Tx,
    plans: Sequence[tuple[int, sourcing.Sourced]],
    searches: Sequence[Search],
    results: Sequence[Result],
    confirms: bool,
    freed: Freed,
) -> list[int]:
    """Promise what was planned, each plan as a whole; return the losers of a race."""
    asked = [
        (n, plan, key, location_id, quantity)
        for n, plan in plans
        for key, location_id, quantity in plan.placed
    ]
    variant_of = {w.line.id: w.line.variant_id for n, _ in plans for w in searches[n].wanted}
    await freed.give_units(tx, (at for n, plan in plans for at in _places(searches[n], plan)))
    answers = await inventory.allocate(
        tx,
        [
            inventory.AllocationRequest(
                variant_id=variant_of[key],
                location_id=location_id,
                quantity=quantity,
                cause=inventory.Cause("order", searches[n].order_id, key),
                channel_id=searches[n].channel.id,
                promised_for=plan.promised_at,
                group=plan.receipt_id,
            )
            for n, plan, key, location_id, quantity in asked
        ],
    )
    refused = zip(asked, answers, strict=True)
    lost = {n for (n, *_), answer in refused if isinstance(answer, Refusal)}
    now = [(n, plan) for n, plan in plans if n not in lost]
    if confirms:
        later = {n for n, plan in now if capacity.may_wait(plan.room)}
        for n, plan in now:
            results[n].unclaimed += _wishes(plan) if n in later else ()
        now = [(n, plan) for n, plan in now if n not in later]
    full = await _claim(tx, now, freed)
    if full:
        releases = [
            inventory.Release(
                variant_id=variant_of[key],
                location_id=location_id,
                quantity=quantity,
                cause=inventory.Cause("order", searches[n].order_id, key),
            )
            for n, _, key, location_id, quantity in asked
            if n in full
        ]
        await inventory.release_allocation(tx, releases)
    lost |= full
    for n, plan, key, location_id, quantity in asked:
        if n not in lost:
            results[n].found.append(
                Found(
                    line_id=key,
                    location_id=location_id,
                    quantity=quantity,
                    promised_at=plan.promised_at,
                )
            )
    for n, plan in plans:
        if n not in lost:
            results[n].receipts.append(plan.receipt_id)
    return sorted(lost)


async def _claim(tx: Tx, plans: Sequence[tuple[int, sourcing.Sourced]], freed: Freed) -> set[int]:
    """Claim the capacity that plans need; return those whose days are full meanwhile."""
    granted = await capacity.claim(tx, [_wishes(plan) for _, plan in plans], freed.claims)
    return {n for (n, _), fits in zip(plans, granted, strict=True) if not fits}


def _wishes(plan: sourcing.Sourced) -> list[capacity.Wish]:
    return [
        capacity.Wish(
            plan.request.order_id,
            plan.receipt_id,
            location_id,
            plan.ship_days[location_id],
            parcels,
        )
        for location_id, parcels in plan.parcels.items()
    ]
