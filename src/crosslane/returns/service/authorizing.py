"""Letting goods come, or not; and that they will not come, or are on their way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import Refusal
from crosslane.orders import ExchangeEnd, TenderWish
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether
from crosslane.returns import events
from crosslane.returns.domain import Return, go_on
from crosslane.returns.errors import NotHeld
from crosslane.returns.service.exchanging import Swap, gives_instead, swap, wait
from crosslane.returns.service.looking import Around, Looked, around, look_at
from crosslane.returns.service.settling import Job, by_policy, entry_of, settle, subject_of
from crosslane.returns.service.steps import (
    RETURNS_AT_ONCE_MAX,
    News,
    fresh,
    no_news,
    open_named,
    time_of,
)
from crosslane.returns.service.suspecting import verdict_of
from crosslane.returns.service.wishes import Authorize, Cancel, Decline, Dispatch, Instead
from crosslane.returns.storage.abuse import Verdict, decide_findings


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """A return that may come.

    Args:
        tenders: how the customer pays what goods in exchange cost beyond the credit.
        instead: what goes out in place of what was wished; None for that.
    """

    one: Return
    at: datetime
    cause: log.Cause
    tenders: Sequence[TenderWish] = ()
    instead: Instead | None = None


async def let_come(
    tx: Tx, near: Around, looked: Looked, allowed: Sequence[Allowed], news: News
) -> dict[UUID, Refusal]:
    """Let returns come; what is wanted in exchange is promised and held until they have.

    What was set aside while a person decided waits on; other goods may go out in place of it.

    Nothing comes of a claim, so it is ready to be settled.

    Returns:
        The refusals by return: what is wanted in exchange cannot be had.

    Raises:
        Refusal: what is to go out instead cannot.
    """
    for each in allowed:
        one = each.one
        channel = near.book.channel_by_id(one.channel_id)
        whole, _ = near.policy(channel, looked.states[one.order_id].order.placed_at)
        if one.kind == "return":
            # Counted from when it is told at the earliest: a return told of late has its days too.
            one.expires_at = max(each.at, tx.now) + timedelta(days=whole.expires_days)
    set_aside = [(each.one, each.cause) for each in allowed if each.one.exchange]
    refused = await swap(tx, [_swap(near, looked, each) for each in allowed if _wants(each)])
    await wait(tx, set_aside)
    for each in allowed:
        one = each.one
        if one.id in refused:
            continue
        go_on(one, "authorize")
        one.authorized_at = each.at
        told = events.ReturnAuthorized(
            **subject_of(one),
            method=one.method,
            expires_at=one.expires_at,
            instead=gives_instead(each.instead),
        )
        entries = [entry_of(one, "authorize", each.at, each.cause)]
        if one.kind == "claim":
            one.state, one.graded_at = "graded", each.at
            entries.append(entry_of(one, "grade", each.at, each.cause))
        news.add(one, each.cause, entries, [told])
    return refused


async def promise(
    tx: Tx, near: Around, looked: Looked, asked: Sequence[Allowed]
) -> dict[UUID, Refusal]:
    """Set aside what is wanted in exchange until a person has decided whether returns may come.

    Returns:
        The refusals by return: it cannot be had, or is not paid.
    """
    wanted = [each for each in asked if _wants(each)]
    return await swap(tx, [_swap(near, looked, each, held=True) for each in wanted])


def _wants(each: Allowed) -> bool:
    wished = each.one.kind == "return" and bool(each.one.exchange_wish)
    return wished or each.instead is not None


def _swap(near: Around, looked: Looked, each: Allowed, *, held: bool = False) -> Swap:
    one = each.one
    units = {line.id: line.requested for line in one.lines}
    return Swap(
        one=one,
        at=each.at,
        cause=each.cause,
        units=units,
        charges=by_policy(near, looked, one, units),
        tenders=each.tenders,
        hold_until=one.expires_at,
        held=held,
        instead=each.instead,
    )


async def authorize(tx: Tx, commands: Sequence[Command[Authorize]]) -> list[Return | Refusal]:
    """Let goods come, as a person decided."""
    named = await open_named(tx, commands)
    near, news = await around(tx), no_news()
    wanted = [(c, one) for c, one in named if isinstance(one, Return) and one.state == "requested"]
    order_ids = [one.order_id for _, one in wanted if one.order_id]
    if len(set(order_ids)) < len(order_ids):
        raise NotTogether
    states = await orders.lock_orders(tx, order_ids)
    looked = await look_at(tx, states, near, but_for=[one.id for _, one in wanted])
    allowed = [
        Allowed(one=one, at=tx.now, cause=command, instead=command.body.instead)
        for command, one in wanted
    ]
    refused = await let_come(tx, near, looked, allowed, news)
    await news.save(tx)
    return [_after(one, "authorize", refused, news) for _, one in named]


def _after(
    one: Return | Refusal, verb, refused: dict[UUID, Refusal], news: News
) -> Return | Refusal:
    if isinstance(one, Refusal):
        return one
    if one.id in refused:
        return refused[one.id]
    if one.id in news.changed:
        return fresh(one)
    return refuse_state(one, verb)


def refuse_state(one: Return, verb) -> Refusal:
    """Return the refusal of a verb that a return is not in the state for."""
    try:
        go_on(one, verb)
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"{one.state} allows {verb}")


async def decline(tx: Tx, commands: Sequence[Command[Decline]]) -> list[Return | Refusal]:
    """Do not let goods come, or give nothing for those that wait for a person; with a reason."""
    return await _end(tx, commands, "decline")


async def cancel(tx: Tx, commands: Sequence[Command[Cancel]]) -> list[Return | Refusal]:
    """Note that goods will not come; what was promised in exchange is given up."""
    return await _end(tx, commands, "cancel")


async def _end(tx: Tx, commands: Sequence[Command], verb) -> list[Return | Refusal]:
    named, news = await open_named(tx, commands), no_news()
    outcomes: list[Return | Refusal] = []
    given_up: list[ExchangeEnd] = []
    verdicts: list[Verdict] = []
    for command, one in named:
        if isinstance(one, Refusal):
            outcomes.append(one)
            continue
        if one.state == "graded" and not one.held:
            outcomes.append(NotHeld(number=one.number))
            continue
        try:
            go_on(one, verb)
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        if one.held:
            verdicts.append(verdict_of(one, "declined", command.body.reason, command))
        one.held = False
        one.reason, one.ended_at = command.body.reason, tx.now
        if one.exchange and one.order_id:
            given_up.append(ExchangeEnd(one.order_id, one.id, one.reason or verb, command))
        event = events.ReturnDeclined if verb == "decline" else events.ReturnCancelled
        told = event(**subject_of(one), reason=one.reason)
        news.add(one, command, [entry_of(one, verb, tx.now, command)], [told])
        outcomes.append(fresh(one))
    await orders.end_exchanges(tx, given_up)
    await news.save(tx)
    await decide_findings(tx, verdicts)
    return outcomes


async def dispatch(tx: Tx, commands: Sequence[Command[Dispatch]]) -> list[Return | Refusal]:
    """Note that goods are on their way; where the policy says so, money is given at once."""
    named, news, near = await open_named(tx, commands), no_news(), await around(tx)
    outcomes: list[Return | Refusal] = []
    due: list[Job] = []
    for command, one in named:
        if isinstance(one, Refusal):
            outcomes.append(one)
            continue
        try:
            at = time_of(command.body.occurred_at, tx.now)
            go_on(one, "dispatch")
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        one.dispatched_at = at
        told = events.ReturnDispatched(**subject_of(one), occurred_at=at)
        news.add(one, command, [entry_of(one, "dispatch", at, command)], [told])
        if one.instant:
            due.append(Job(one=one, at=at, cause=command, ahead=True))
        outcomes.append(one)
    await _give_at_once(tx, near, due, news)
    await news.save(tx)
    return [fresh(one) if isinstance(one, Return) else one for one in outcomes]


async def _give_at_once(tx: Tx, near: Around, due: Sequence[Job], news: News) -> None:
    """Give money for goods that are on their way.

    Raises:
        Refusal: it cannot go where it shall; nothing of the batch is done then.
    """
    if not due:
        return
    states = await orders.lock_orders(tx, [job.one.order_id for job in due if job.one.order_id])
    looked = await look_at(tx, states, near, but_for=[job.one.id for job in due])
    for job, answer in zip(due, await settle(tx, near, looked, due), strict=True):
        if isinstance(answer, Refusal):
            raise answer
        news.add(job.one, job.cause, answer.entries, answer.told)


AUTHORIZE = CommandKind("returns.authorize", Authorize, Return, authorize, RETURNS_AT_ONCE_MAX)
DECLINE = CommandKind("returns.decline", Decline, Return, decline, RETURNS_AT_ONCE_MAX)
CANCEL = CommandKind("returns.cancel", Cancel, Return, cancel, RETURNS_AT_ONCE_MAX)
DISPATCH = CommandKind("returns.dispatch", Dispatch, Return, dispatch, RETURNS_AT_ONCE_MAX)
