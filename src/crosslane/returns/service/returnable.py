"""What of an order may still come back: until when, what it would give, and why not."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import Refusal
from crosslane.orders import CreditLine, CreditRequest, NoSuchOrder
from crosslane.platform.database import Tx
from crosslane.returns.domain import CAUSE, Asked, Bought, Way, refuse_line
from crosslane.returns.domain.deciding import NO_UNITS_LEFT
from crosslane.returns.service.looking import Around, around, look_at

NONE_HANDED_OVER = "nothing of it was handed over yet"
NOTHING = UUID(int=0)


class ReturnableLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order as a return would find it.

    Args:
        handed: units handed over; of these came back ``returned`` and are announced ``pending``.
        left: units that may be asked for.
        until: last day for money; likewise for others in exchange. None while nothing was handed
            over.
        gross_minor: what all units left would give, with tax, in minor units; likewise without.
        fee_minor: kept back of each unit, unless the reason waives it.
        refused: why it may not come back for no reason of ours; "" when it may.
        refusal: stable name of that.
    """

    order_line: UUID
    sku: str
    title: str
    quantity: int
    handed: int
    returned: int
    pending: int
    left: int
    until: date | None
    exchange_until: date | None
    net_minor: int
    tax_minor: int
    gross_minor: int
    fee_minor: int
    final_sale: bool
    refused: str
    refusal: str


class Returnable(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order may come back.

    Args:
        gross_minor: what all of it would give, before fee and delivery.
        fee_minor: kept back of the whole return, unless every reason waives it.
        methods: by post, over a counter.
    """

    order_id: UUID
    number: str
    currency: str
    gross_minor: int
    fee_minor: int
    methods: list[Way]
    lines: list[ReturnableLine]


async def list_returnable(tx: Tx, named: str, *, at: datetime | None = None) -> Returnable:
    """Tell what of an order may come back now; who has its number may ask, at any store.

    Raises:
        NoSuchOrder: there is none, or it is another customer's.
    """
    near = await around(tx)
    order_id = (await orders.find_ids(tx, [named])).get(named)
    states = await orders.list_states(tx, [order_id]) if order_id else {}
    state = states.get(order_id) if order_id else None
    if state is None or tx.actor.customer_id not in (None, state.order.customer_id):
        raise NoSuchOrder(order=named[:60])
    looked = await look_at(tx, states, near)
    bought = list(looked.bought.values())
    channel = near.book.channel_by_id(state.order.channel_id)
    whole, _ = near.policy(channel, state.order.placed_at)
    worth = await _worth(tx, state.order.id, bought, near)
    lines = [_line(one, worth.get(one.line.id, (0, 0)), at or near.now) for one in bought]
    return Returnable(
        order_id=state.order.id,
        number=state.order.number,
        currency=state.order.currency,
        gross_minor=sum(line.gross_minor for line in lines),
        fee_minor=whole.fee_minor,
        methods=sorted(whole.methods),
        lines=lines,
    )


async def _worth(
    tx: Tx, order_id: UUID, bought: list[Bought], near: Around
) -> dict[UUID, tuple[int, int]]:
    """Return net and tax of all that is left, by line, as the order would credit them together."""
    lines = [CreditLine(one.line.id, one.left) for one in bought if one.left]
    if not lines:
        return {}
    request = CreditRequest(
        order_id=order_id, cause_kind=CAUSE, cause_id=NOTHING, at=near.now, lines=lines
    )
    (answer,) = await orders.quote_credits(tx, [request])
    if isinstance(answer, Refusal):
        return {}
    worth: dict[UUID, tuple[int, int]] = {}
    for units in answer.units:
        net, tax = worth.get(units.line_id, (0, 0))
        worth[units.line_id] = net + units.net_minor, tax + units.tax_minor
    return worth


def _line(one: Bought, worth: tuple[int, int], at: datetime) -> ReturnableLine:
    why, code = _why_not(one, at)
    net_minor, tax_minor = worth
    return ReturnableLine(
        order_line=one.line.id,
        sku=one.line.sku,
        title=one.line.title,
        quantity=one.line.quantity,
        handed=one.handed,
        returned=one.returned,
        pending=one.pending,
        left=one.left,
        until=one.until(),
        exchange_until=one.until("exchange"),
        net_minor=net_minor,
        tax_minor=tax_minor,
        gross_minor=net_minor + tax_minor,
        fee_minor=one.policy.unit_fee_minor,
        final_sale=one.policy.final_sale,
        refused=why,
        refusal=code,
    )


def _why_not(one: Bought, at: datetime) -> tuple[str, str]:
    """Return why a line may not come back for no reason of ours, and the name of that."""
    if not one.handed:
        return NONE_HANDED_OVER, "none-handed-over"
    if not one.left:
        pending = f"all are on their way by return {one.pending_number}"
        if one.pending:
            return pending, "on-its-way"
        if one.replaced:
            return f"all were replaced by claim {one.replaced_number}", "replaced"
        return NO_UNITS_LEFT, "none-left"
    asked = Asked(
        quantity=one.left,
        reason="changed_mind",
        item_state="new",
        wanted="refund",
        method=next(iter(sorted(one.policy.methods)), "counter"),
        at=at,
    )
    refusal = refuse_line(one, asked)
    return (refusal.message, refusal.code) if refusal else ("", "")
