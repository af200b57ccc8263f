"""Units that were held for an order beforehand are used before other stock is looked for."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from crosslane import inventory
from crosslane.orders.domain import OrderLine
from crosslane.orders.service.allocating import Found
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.wishes import PreparedOrder, UnitsHeld
from crosslane.platform.database import Tx


async def use_holds(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Turn holds into allocations, as far as the orders want their units and they still hold.

    A hold that has run out or was let go is no refusal: its units are looked for like any others.
    """
    asked = [pair for draft in drafts for pair in _asked(draft)]
    if not asked:
        return
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
        causes=[draft.command for draft, *_ in asked],
    )
    for (draft, line, held, units), answer in zip(asked, answers, strict=True):
        if isinstance(answer, inventory.Allocated):
            draft.found.append(
                Found(
                    line_id=line.id,
                    location_id=held.location_id,
                    quantity=units,
                    promised_at=held.promised_at,
                )
            )


def _asked(draft: Draft) -> list[tuple[Draft, OrderLine, UnitsHeld, int]]:
    """Return which line takes how many units of which hold, never more than it wants."""
    if not isinstance(draft.wish, PreparedOrder):
        return []
    lines = _stock_lines(draft)
    wanted: dict[UUID, int] = defaultdict(int)
    for line in lines.values():
        wanted[line.id] = line.quantity if line.method != "carry_out" else 0
    asked: list[tuple[Draft, OrderLine, UnitsHeld, int]] = []
    for held in draft.wish.holds:
        line = lines.get((held.line, held.variant_id))
        units = min(held.quantity, wanted[line.id]) if line else 0
        if line and units:
            wanted[line.id] -= units
            asked.append((draft, line, held, units))
    return asked


def _stock_lines(draft: Draft) -> dict[tuple[int, UUID], OrderLine]:
    """Return the lines that carry stock by place of the wish's line and variant."""
    own = [line.id for line in draft.lines if line.parent_line_id is None]
    place = {line_id: n for n, line_id in enumerate(own)}
    return {
        (place[line.parent_line_id or line.id], line.variant_id): line for line in draft.stock_lines
    }
