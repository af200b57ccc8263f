"""Units that were held for an order beforehand are used before other stock is looked for."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from crosslane import inventory, locations, sourcing
from crosslane.kernel import new_id
from crosslane.locations import Network
from crosslane.orders.domain import OrderLine
from crosslane.orders.service import capacity
from crosslane.orders.service.allocating import Found
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.wishes import PreparedOrder, UnitsHeld
from crosslane.platform.database import Tx


class Held(NamedTuple):
    """Units of a hold that a line of an order wants."""

    draft: Draft
    line: OrderLine
    held: UnitsHeld
    units: int

    @property
    def place(self) -> inventory.Place:
        """Where they lie."""
        return inventory.Place(self.line.variant_id, self.held.location_id)


def held_for(drafts: Sequence[Draft]) -> list[Held]:
    """Return which units of holds orders want, whether they still hold or not."""
    return [each for draft in drafts for each in _asked(draft)]


async def use_holds(tx: Tx, asked: Sequence[Held], network: Network) -> None:
    """Turn holds into allocations, as far as they still hold.

    A hold that has run out or was let go is no refusal: its units are looked for like any others,
    and so are those of a location whose day is full by now.
    """
    answers = await inventory.confirm(
        tx,
        [
            inventory.Confirmation(
                hold_id=held.hold_id,
                fence=held.fence,
                quantity=units,
                cause=inventory.Cause("order", draft.id, line.id),
                channel_id=draft.resolved.channel.id,
                promised_for=held.promised_at,
            )
            for draft, line, held, units in asked
        ],
        causes=[one.draft.command for one in asked],
    )
    confirmed = [
        one
        for one, answer in zip(asked, answers, strict=True)
        if isinstance(answer, inventory.Allocated)
    ]
    sendable = await _keep_sendable(tx, confirmed, network)
    await _adopt(tx, sendable)
    for one in sendable:
        one.draft.found.append(
            Found(
                line_id=one.line.id,
                location_id=one.held.location_id,
                quantity=one.units,
                promised_at=one.held.promised_at,
            )
        )


async def _adopt(tx: Tx, confirmed: Sequence[Held]) -> None:
    """Keep with the orders how it was decided where their units were held."""
    adoptions = {
        (one.draft.id, one.held.draft_id): sourcing.Adoption(
            one.held.draft_id, new_id(), one.draft.id
        )
        for one in confirmed
        if one.held.draft_id is not None
    }
    kept = await sourcing.adopt_drafts(tx, list(adoptions.values()))
    by_order = {one.draft.id: one.draft for one in confirmed}
    for adoption in adoptions.values():
        if adoption.receipt_id in kept:
            by_order[adoption.order_id].receipts.append(adoption.receipt_id)


async def _keep_sendable(tx: Tx, confirmed: Sequence[Held], network: Network) -> list[Held]:
    """Claim a parcel of each location that sends; let go of the units whose day is full."""
    parcels: dict[tuple[UUID, UUID], list[Held]] = defaultdict(list)
    for one in confirmed:
        if one.held.location_id != one.line.store_id:
            parcels[one.draft.id, one.held.location_id].append(one)
    wishes = []
    for (order_id, location_id), theirs in parcels.items():
        timetable = network.by_id[location_id].timetable
        day = locations.dispatch_day(timetable, theirs[0].draft.order.placed_at)
        wish = capacity.Wish(order_id, order_id, location_id, day, 1) if day else None
        wishes.append([wish] if wish else [])
    granted = await capacity.claim(tx, wishes)
    late = [
        one
        for theirs, fits in zip(parcels.values(), granted, strict=True)
        for one in theirs
        if not fits
    ]
    if late:
        releases = [
            inventory.Release(
                variant_id=line.variant_id,
                location_id=held.location_id,
                quantity=units,
                cause=inventory.Cause("order", draft.id, line.id),
            )
            for draft, line, held, units in late
        ]
        await inventory.release_allocation(tx, releases)
    return [one for one in confirmed if one not in late]


def _asked(draft: Draft) -> list[Held]:
    """Return which line takes how many units of which hold, never more than it wants."""
    if not isinstance(draft.wish, PreparedOrder):
        return []
    lines = _stock_lines(draft)
    wanted: dict[UUID, int] = defaultdict(int)
    for line in lines.values():
        wanted[line.id] = line.quantity if line.method != "carry_out" else 0
    asked: list[Held] = []
    for held in draft.wish.holds:
        line = lines.get((held.line, held.variant_id))
        units = min(held.quantity, wanted[line.id]) if line else 0
        if line and units:
            wanted[line.id] -= units
            asked.append(Held(draft, line, held, units))
    return asked


def _stock_lines(draft: Draft) -> dict[tuple[int, UUID], OrderLine]:
    """Return the lines that carry stock by place of the wish's line and variant."""
    own = [line.id for line in draft.lines if line.parent_line_id is None]
    place = {line_id: n for n, line_id in enumerate(own)}
    return {
        (place[line.parent_line_id or line.id], line.variant_id): line for line in draft.stock_lines
    }
