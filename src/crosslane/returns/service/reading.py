"""What people read of returns: one whole, lists, the timeline."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crosslane import orders
from crosslane.kernel import BadOrderNumber, order_number, parse_order_number
from crosslane.payments import GivenBack, Method, OperationState
from crosslane.platform import log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.returns.domain import CAUSE, Return, State
from crosslane.returns.errors import NoSuchReturn
from crosslane.returns.storage import abuse, views, writing
from crosslane.returns.storage.abuse import Found

LETTER = "R"


def number_of(sequence: int) -> str:
    """Return the number people see for the return with this sequence, such as ``R00001T-8``."""
    return LETTER + order_number(sequence)


async def find_return(tx: Tx, named: str) -> Return:
    """Return a return by its number, as typed, or by its id.

    Raises:
        NoSuchReturn: there is none, or the caller may not see it.
    """
    return_id = await _id_of(tx, named)
    found = await writing.list_returns(tx, [return_id]) if return_id else {}
    if not found or not may_see(tx.actor, one := found[return_id]):
        raise NoSuchReturn(named=named[:60])
    return one


# Goods of these may still come, to any location whatever was announced.
COMES: frozenset[State] = frozenset(
    {"authorized", "in_transit", "declined", "cancelled", "expired"}
)


def may_see(actor: Actor, one: Return) -> bool:
    """Tell whether a return is a customer's own, or may come to an associate's location.

    What was announced for one location is brought to another: who has its number there sees it.
    """
    if actor.customer_id not in (None, one.customer_id):
        return False
    here = one.location_id in (None, actor.location_id)
    return actor.location_id is None or here or one.state in COMES


async def _id_of(tx: Tx, named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        pass
    try:
        number = LETTER + parse_order_number(named.strip().upper().removeprefix(LETTER))
    except BadOrderNumber:
        return None
    return (await views.find_by_number(tx, [number])).get(number)


async def list_found(
    tx: Tx,
    *,
    order_id: UUID | None = None,
    customer_id: UUID | None = None,
    location_id: UUID | None = None,
    state: State | None = None,
    held: bool | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Return]:
    """Return returns that fit every filter given, the newest first, as far as the caller may see.

    An associate sees those of the own location and those that may still come to any.
    """
    found = await views.list_ids(
        tx,
        order_id=order_id,
        customer_id=tx.actor.customer_id or customer_id,
        location_id=tx.actor.location_id or location_id,
        state=state,
        held=held,
        after=after,
        limit=limit,
    )
    whole = await writing.list_returns(tx, found)
    return [whole[return_id] for return_id in found]


async def returns_of_orders(tx: Tx, order_ids: list[UUID]) -> list[Return]:
    """Return all returns of some orders, in the order of their ids."""
    found = await views.list_of_orders(tx, order_ids)
    return list((await writing.list_returns(tx, found)).values())


async def given_for(tx: Tx, one: Return) -> list[GivenBack]:
    """Return which ways the money of a return has gone; none when it is settled with goods."""
    if one.order_id is not None:
        return await orders.given_for(tx, one.order_id, CAUSE, one.id)
    if one.settled_at is None or one.refund_minor <= 0:
        return []
    return [
        GivenBack(
            cause_id=str(one.id),
            method=Method(one.refund_method),
            account=one.refund_account,
            minor=one.refund_minor,
            state=OperationState.DONE,
        )
    ]


async def returns_of_customers(tx: Tx, customer_ids: Sequence[UUID], limit: int) -> list[Return]:
    """Return the latest returns of some customers."""
    found = await views.list_latest_of_customers(tx, customer_ids, limit)
    whole = await writing.list_returns(tx, found)
    return [whole[return_id] for return_id in found]


async def timeline(tx: Tx, named: str, *, after_no: int, limit: int) -> list[log.Entry]:
    """Return what has happened to a return, oldest first, each with who did it.

    Raises:
        NoSuchReturn: there is none, or the caller may not see it.
    """
    one = await find_return(tx, named)
    return await log.history(tx, f"return:{one.id}", after_no=after_no, limit=limit)


FINDINGS_MAX = 50


async def findings_of(tx: Tx, named: str) -> list[Found]:
    """Return the suspicions that a return reached.

    Raises:
        NoSuchReturn: there is none, or the caller may not see it.
    """
    one = await find_return(tx, named)
    return await abuse.list_findings(tx, return_ids=[one.id], limit=FINDINGS_MAX)


async def list_suspicions(
    tx: Tx,
    *,
    waiting: bool | None,
    kind: str | None,
    after: tuple[datetime, UUID, str] | None,
    limit: int,
) -> list[Found]:
    """Return suspicions that fit every filter given, the latest first.

    An associate sees none: they may be about colleagues.
    """
    if tx.actor.location_id is not None or tx.actor.customer_id is not None:
        return []
    return await abuse.list_findings(tx, waiting=waiting, kind=kind, after=after, limit=limit)
