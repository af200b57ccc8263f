"""Asking to bring goods back, or claiming something for goods that did not come as they should."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane import orders
from crosslane.kernel import Refusal, new_id
from crosslane.orders import NoSuchOrder, OrderLine, OrderState
from crosslane.organization import Channel
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether
from crosslane.returns import events
from crosslane.returns.domain import (
    Asked,
    ExchangeWish,
    Return,
    ReturnPolicy,
    refuse_line,
    refuse_quantity,
    sold_from,
)
from crosslane.returns.errors import (
    BlindNotAllowed,
    ClaimUnfit,
    NoReturnsHere,
    NoSuchOrderLine,
)
from crosslane.returns.service.authorizing import Allowed, let_come, promise
from crosslane.returns.service.looking import (
    ABILITY,
    OVERRIDE,
    Around,
    Looked,
    around,
    by_component,
    line_of,
    look_at,
)
from crosslane.returns.service.reading import number_of
from crosslane.returns.service.settling import entry_of, subject_of
from crosslane.returns.service.steps import RETURNS_AT_ONCE_MAX, no_news, time_of
from crosslane.returns.service.wanting import open_accounts, refund_wanted
from crosslane.returns.service.wishes import RequestLine, RequestReturn
from crosslane.returns.storage import views, writing

CLAIMED = ("money", "replacement")


async def request(tx: Tx, commands: Sequence[Command[RequestReturn]]) -> list[Return | Refusal]:
    """Ask to bring goods back; where the policy lets a rule decide, they may come at once.

    Units that others have asked for already are spoken for, whoever asks.
    """
    near = await around(tx)
    ids = await orders.find_ids(tx, [c.body.order for c in commands])
    named = [ids[c.body.order] for c in commands if c.body.order in ids]
    if len(set(named)) < len(named):
        raise NotTogether
    states = await orders.lock_orders(tx, named)
    looked = await look_at(tx, states, near)
    before = await _told_before(tx, looked, ids, commands)
    outcomes: list[Return | Refusal] = []
    for command in commands:
        known = before.get(command.key)
        try:
            outcomes.append(known or draft(near, looked, ids, command))
        except Refusal as refusal:
            outcomes.append(refusal)
    drafts = [
        (command, one)
        for command, one in zip(commands, outcomes, strict=True)
        if isinstance(one, Return) and command.key not in before
    ]
    refused = await _save(tx, near, looked, drafts)
    return [refused.get(one.id, one) if isinstance(one, Return) else one for one in outcomes]


async def _told_before(
    tx: Tx,
    looked: Looked,
    ids: Mapping[str, UUID],
    commands: Sequence[Command[RequestReturn]],
) -> dict[str, Return]:
    """Return the returns of commands whose channel has told the same before, by command."""
    sources: dict[tuple[UUID, str], str] = {}
    for command in commands:
        order_id = ids.get(command.body.order)
        if command.body.source_id and order_id in looked.states:
            channel_id = looked.states[order_id].order.channel_id
            sources[channel_id, command.body.source_id] = command.key
    found = await views.find_by_source(tx, list(sources)) if sources else {}
    whole = await writing.list_returns(tx, list(found.values()))
    return {sources[source]: whole[return_id] for source, return_id in found.items()}


async def _save(
    tx: Tx,
    near: Around,
    looked: Looked,
    drafts: Sequence[tuple[Command[RequestReturn], Return]],
) -> dict[UUID, Refusal]:
    await open_accounts(tx, [one for _, one in drafts])
    news = no_news()
    allowed: list[Allowed] = []
    waiting: list[Allowed] = []
    for (command, one), number in zip(
        drafts, await writing.take_numbers(tx, len(drafts)) if drafts else [], strict=True
    ):
        one.number = number_of(number)
        units = sum(line.requested for line in one.lines)
        asked = events.ReturnRequested(
            **subject_of(one), number=one.number, method=one.method, units=units
        )
        news.add(one, command, [entry_of(one, "request", one.occurred_at, command)], [asked])
        channel = near.book.channel_by_id(one.channel_id)
        policy, _ = near.policy(channel, looked.states[one.order_id].order.placed_at)
        by_rule = policy.decides == "auto" or command.body.override_reason
        each = Allowed(one=one, at=one.occurred_at, cause=command, tenders=command.body.tenders)
        if one.kind == "return":
            (allowed if by_rule else waiting).append(each)
    refused = await let_come(tx, near, looked, allowed, news)
    refused |= await promise(tx, near, looked, waiting)
    for return_id in refused:
        news.forget(return_id)
    await news.save(tx)
    return refused


def draft(
    near: Around, looked: Looked, ids: Mapping[str, UUID], command: Command[RequestReturn]
) -> Return:
    """Return what a request comes to, still to be authorized.

    Raises:
        Refusal: it may not be, with a pointer to why.
    """
    wish, actor = command.body, command.actor
    order_id = ids.get(wish.order)
    state = looked.states.get(order_id) if order_id else None
    if state is None or actor.customer_id not in (None, state.order.customer_id):
        raise NoSuchOrder(pointer="/order", order=wish.order)
    if wish.override_reason and not actor.may(OVERRIDE):
        raise BlindNotAllowed(pointer="/override_reason", why="the reason is a manager's")
    at = time_of(wish.occurred_at, near.now)
    refund = refund_wanted(wish.lines, wish.refund, state.order.customer_id)
    channel = near.book.channel_by_id(state.order.channel_id)
    one = _head(near, state, channel, command, at)
    if refund is not None:
        one.refund_method, one.refund_account = refund.method, refund.account
    whole, _ = near.policy(channel, state.order.placed_at)
    one.instant = whole.instant_refund and wish.kind == "return" and wish.method == "post"
    taken: dict[UUID, int] = {}
    for place, line in enumerate(wish.lines):
        for mine, quantity in _spread(looked, state, line, place, taken):
            taken[mine.id] = taken.get(mine.id, 0) + quantity
            _refuse(looked, mine, line, quantity, command, at, f"/lines/{place}")
            _add(one, looked, state, mine, line, quantity)
            if line.wanted == "replacement":
                one.exchange_wish = [*one.exchange_wish, _same_again(near, mine, quantity)]
    _refuse_market(near, one, channel, whole)
    return one


def _same_again(near: Around, line: OrderLine, quantity: int) -> ExchangeWish:
    """Return the wish for what a claim replaces, by its own way; it is collected, not carried."""
    store = near.network.by_id[line.store_id].code if line.store_id else ""
    method = "pickup" if line.method == "carry_out" else line.method
    return ExchangeWish(sku=line.sku, quantity=quantity, method=method, store=store)


def _refuse_market(near: Around, one: Return, channel: Channel, policy: ReturnPolicy) -> None:
    if one.location_id is None:
        return
    refusal = near.refuse_market(near.network.by_id[one.location_id], channel, policy)
    if refusal is not None:
        raise refusal


def _spread(
    looked: Looked,
    state: OrderState,
    wanted: RequestLine,
    place: int,
    taken: Mapping[UUID, int],
) -> list[tuple[OrderLine, int]]:
    """Share asked units over the order's lines; the last takes what none has left, to be refused.

    Raises:
        NoSuchOrderLine: the order has none of the kind.
    """
    named = [
        line
        for line in state.lines
        if (line.id == wanted.order_line if wanted.order_line else line.sku == wanted.sku)
    ]
    if not named:
        raise NoSuchOrderLine(pointer=f"/lines/{place}", line=str(wanted.order_line or wanted.sku))
    if named[0].is_bundle:
        return by_component(state, named[0], wanted.quantity)
    shares: list[tuple[OrderLine, int]] = []
    left = wanted.quantity
    for line in named:
        free = looked.bought[line.id].left - taken.get(line.id, 0)
        units = left if line is named[-1] else max(0, min(left, free))
        if units:
            shares.append((line, units))
            left -= units
    return shares


def _refuse(
    looked: Looked,
    line: OrderLine,
    wanted: RequestLine,
    quantity: int,
    command: Command[RequestReturn],
    at: datetime,
    pointer: str,
) -> None:
    """Refuse units that are not there, or that the policy keeps.

    Raises:
        ClaimUnfit, Refusal: why.
    """
    wish, bought = command.body, looked.bought[line.id]
    is_claim = wish.kind == "claim"
    if is_claim != (wanted.wanted in CLAIMED):
        raise ClaimUnfit(pointer=f"{pointer}/wanted", wanted=wanted.wanted)
    asked = Asked(
        quantity=quantity,
        reason=wanted.reason,
        item_state=wanted.item_state,
        wanted=wanted.wanted,
        method=wish.method,
        at=at,
    )
    refusal = refuse_quantity(bought, quantity)
    if refusal is None and not is_claim and not wish.override_reason:
        refusal = refuse_line(bought, asked)
    if refusal is not None:
        refusal.pointer = pointer
        raise refusal


def _add(
    one: Return,
    looked: Looked,
    state: OrderState,
    line: OrderLine,
    wanted: RequestLine,
    quantity: int,
) -> None:
    left = wanted.minor
    for sold_at, units in sold_from(state, line.id, quantity):
        claimed = 0
        if wanted.wanted == "money":
            worth = line.gross_minor * units // line.quantity
            claimed = worth if left is None else min(left, worth)
            left = None if left is None else left - claimed
        back = line_of(one, line, wanted, units, sold_at, looked.bought[line.id].policy_id)
        back.claimed_minor = claimed
        one.lines = [*one.lines, back]


def _head(
    near: Around,
    state: OrderState,
    channel: Channel,
    command: Command[RequestReturn],
    at: datetime,
) -> Return:
    wish, order = command.body, state.order
    location = near.network.require(wish.location, pointer="/location") if wish.location else None
    if location is not None and not location.can(ABILITY):
        raise NoReturnsHere(pointer="/location", location=location.code)
    return Return(
        id=new_id(),
        number="",
        state="requested",
        kind=wish.kind,
        method=wish.method,
        source_id=wish.source_id,
        order_id=order.id,
        order_number=order.number,
        channel_id=channel.id,
        channel=channel.code,
        entity=order.entity,
        currency=order.currency,
        customer_id=order.customer_id,
        location_id=location.id if location else None,
        requested_by=str(command.actor),
        exchange_wish=wish.exchange if wish.kind == "return" else [],
        reason=wish.override_reason,
        occurred_at=at,
        requested_at=near.now,
    )


REQUEST = CommandKind("returns.request", RequestReturn, Return, request, RETURNS_AT_ONCE_MAX)
