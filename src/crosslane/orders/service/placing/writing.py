"""Writing placed orders: records, first moves, goods carried out at once, the answer."""

from collections.abc import Sequence

from crosslane.kernel import Refusal
from crosslane.orders import events
from crosslane.orders.domain import NOWHERE, OrderLine, Stage, status
from crosslane.orders.service.moving import Step, hand_over
from crosslane.orders.service.placing import drafting
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.wishes import Placed, PlacedLine
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import writing
from crosslane.platform.database import Tx

WHY = "placed"


async def write(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Store orders, move their units to the first stage, tell the log."""
    if not drafts:
        return
    sheet = Sheet.begin((draft.state, _record(draft)) for draft in drafts)
    for draft in drafts:
        doing = Doing(draft.command, draft.order.placed_at, WHY)
        sheet.announce(
            events.OrderPlaced(
                order_id=draft.id,
                channel=draft.order.channel,
                lines=len(draft.lines),
                gross_minor=draft.priced.gross_minor,
                currency=draft.order.currency,
            ),
            doing,
        )
        for stop in draft.stops:
            raised = events.StopRaised(order_id=draft.id, stop_id=stop.id, stop_kind=stop.kind)
            sheet.announce(raised, doing)
        sheet.move(draft.id, draft.moves, doing)
        late = [move.line_id for move in draft.moves if move.to_stage is Stage.BACKORDERED]
        if late:
            sheet.announce(events.LinesBackordered(order_id=draft.id, line_ids=late), doing)
    await hand_over(tx, sheet, [step for draft in drafts for step in _carried_out(draft)])
    await sheet.write(tx)


def _record(draft: Draft) -> writing.NewOrder:
    return writing.NewOrder(
        order=draft.order,
        placed_by=str(draft.command.actor),
        lines=draft.lines,
        charges=draft.charges,
        stops=draft.stops,
        attributions=drafting.draft_attributions(draft.resolved.lines, draft.lines, WHY),
        words=" ".join(_words(draft)),
    )


def _words(draft: Draft) -> list[str]:
    # Where the channel has no number of its own for it, its identifier stands in.
    source = [draft.wish.source_id] if draft.wish.source_id else []
    return [*source, *dict.fromkeys(line.sku for line in draft.lines)]


def _carried_out(draft: Draft) -> list[Step]:
    return [
        Step(
            order_id=draft.id,
            line_id=line.id,
            location_id=NOWHERE,
            to_location_id=line.store_id,
            from_stage=Stage.OPEN,
            to_stage=Stage.HANDED_OVER,
            quantity=line.quantity,
            group=str(line.id),
            why=WHY,
            occurred_at=draft.order.placed_at,
            cause=draft.command,
        )
        for line in draft.stock_lines
        if line.method == "carry_out"
    ]


def answer(draft: Draft) -> Placed | Refusal:
    """Return what the caller is told."""
    if draft.refusal is not None:
        return draft.refusal
    state = draft.state
    return Placed(
        id=draft.id,
        number=draft.order.number,
        channel=draft.order.channel,
        source_id=draft.order.source_id,
        status=status(state),
        currency=draft.order.currency,
        net_minor=draft.priced.net_minor,
        tax_minor=draft.priced.tax_minor,
        gross_minor=draft.priced.gross_minor,
        lines=[_told(draft, line) for line in draft.stock_lines],
    )


def _told(draft: Draft, line: OrderLine) -> PlacedLine:
    waiting = draft.buckets.units(line.id, Stage.BACKORDERED)
    return PlacedLine(
        id=line.id,
        position=line.position,
        sku=line.sku,
        quantity=line.quantity,
        gross_minor=line.gross_minor,
        allocated=line.quantity - waiting - draft.buckets.units(line.id, Stage.OPEN),
        backordered=waiting,
        promised_at=line.promised_at,
    )
