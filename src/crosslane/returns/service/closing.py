"""The end of returns: settled, let go on by a person, given up when nothing comes, closed."""

from collections.abc import Sequence
from uuid import UUID

from crosslane import orders, payments
from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether
from crosslane.returns import events
from crosslane.returns.domain import Return, go_on, require_state
from crosslane.returns.domain.goods import is_graded
from crosslane.returns.errors import NotHeld, ReturnHeldBack
from crosslane.returns.service import settling
from crosslane.returns.service.exchanging import Swap, gives_instead, swap, wait
from crosslane.returns.service.judging import judge
from crosslane.returns.service.looking import Around, Looked, around, look_at
from crosslane.returns.service.settling import Job, entry_of, subject_of
from crosslane.returns.service.steps import (
    RETURNS_AT_ONCE_MAX,
    News,
    fresh,
    no_news,
    open_named,
    time_of,
)
from crosslane.returns.service.suspecting import verdict_of
from crosslane.returns.service.wishes import Clear, Settle
from crosslane.returns.storage import views, writing
from crosslane.returns.storage.abuse import Verdict, decide_findings

EXPIRE_EVERY_SECONDS = 60.0
EXPIRED_AT_ONCE_MAX = 200


async def settle(tx: Tx, commands: Sequence[Command[Settle]]) -> list[Return | Refusal]:
    """Give money for what came back, or send what is claimed; a suspicion may hold it first."""
    named, near = await open_named(tx, commands), await around(tx)
    outcomes: dict[str, Return | Refusal] = {}
    jobs: list[Job] = []
    for command, one in named:
        outcomes[command.key] = one
        if isinstance(one, Refusal):
            continue
        try:
            at = time_of(command.body.occurred_at, tx.now)
            job = _job(near, one, at, command)
            job.most_minor = command.body.most_minor
            jobs.append(job)
        except Refusal as refusal:
            outcomes[command.key] = refusal
    news = no_news()
    refused = await settle_jobs(tx, near, jobs, news)
    await news.save(tx)
    return [
        answer if isinstance(answer, Refusal) else refused.get(answer.id) or fresh(answer)
        for answer in outcomes.values()
    ]


def _job(near: Around, one: Return, at, cause: log.Cause) -> Job:
    """Return a return that may be settled.

    Raises:
        ReturnHeldBack, NotInState: it may not.
    """
    if one.held:
        raise ReturnHeldBack(number=one.number, reason=one.hold_reason)
    require_state(one, "settle")
    place = near.network.by_id.get(one.location_id) if one.location_id else None
    return Job(one=one, at=at, cause=cause, location=place.code if place else "")


async def settle_jobs(tx: Tx, near: Around, jobs: Sequence[Job], news: News) -> dict[UUID, Refusal]:
    """Settle returns that were locked; return the refusals of those that cannot be."""
    order_ids = [job.one.order_id for job in jobs if job.one.order_id]
    if len(set(order_ids)) < len(order_ids):
        raise NotTogether
    states = await orders.lock_orders(tx, order_ids) if order_ids else {}
    looked = await look_at(tx, states, near, but_for=[job.one.id for job in jobs])
    held = await judge(tx, looked, [job for job in jobs if job.one.cleared_at is None])
    due = [job for job in jobs if job.one.id not in held]
    for job in jobs:
        if job.one.id in held:
            job.one.held, job.one.hold_reason = True, held[job.one.id]
            told = events.ReturnHeld(**subject_of(job.one), reason=job.one.hold_reason)
            news.add(job.one, job.cause, [entry_of(job.one, "hold", job.at, job.cause)], [told])
    await wait(tx, [(job.one, job.cause) for job in jobs if job.one.held])
    refused = await _send_claimed(tx, due)
    due = [job for job in due if job.one.id not in refused]
    answers = await settling.settle(tx, near, looked, due)
    for job, answer in zip(due, answers, strict=True):
        if isinstance(answer, Refusal):
            if job.one.exchange and job.one.kind == "claim":
                raise answer
            refused[job.one.id] = answer
        else:
            news.add(job.one, job.cause, answer.entries, answer.told)
    return refused


async def _send_claimed(tx: Tx, jobs: Sequence[Job]) -> dict[UUID, Refusal]:
    """Put replacements that are claimed on their orders."""
    claims = [job for job in jobs if job.one.kind == "claim"]
    return await swap(
        tx, [Swap(one=job.one, at=job.at, cause=job.cause, units={}) for job in claims]
    )


async def clear(tx: Tx, commands: Sequence[Command[Clear]]) -> list[Return | Refusal]:
    """Let held returns go on; a suspicion holds them no more.

    What was set aside in exchange goes out once they are settled, or what is chosen instead of it.

    Raises:
        Refusal: what is to go out instead cannot.
    """
    named, news = await open_named(tx, commands), no_news()
    outcomes = [
        NotHeld(number=one.number) if isinstance(one, Return) and not one.held else one
        for _, one in named
    ]
    cleared = [(c, one) for c, one in named if isinstance(one, Return) and one.held]
    await _choose(tx, [(c, one) for c, one in cleared if c.body.instead is not None])
    verdicts: list[Verdict] = []
    for command, one in cleared:
        one.held, one.cleared_at = False, tx.now
        instead = gives_instead(command.body.instead)
        told = events.ReturnCleared(**subject_of(one), reason=command.body.reason, instead=instead)
        news.add(one, command, [entry_of(one, "clear", tx.now, command)], [told])
        verdicts.append(verdict_of(one, "cleared", command.body.reason, command))
    await news.save(tx)
    await decide_findings(tx, verdicts)
    return [fresh(one) if isinstance(one, Return) else one for one in outcomes]


async def _choose(tx: Tx, chosen: Sequence[tuple[Command[Clear], Return]]) -> None:
    """Set other goods aside than were wished, or none; they go out once the return is settled.

    Raises:
        NotTogether: two of the returns are of one order.
        Refusal: they cannot be had, or are not paid.
    """
    order_ids = [one.order_id for _, one in chosen if one.order_id]
    if len(set(order_ids)) < len(order_ids):
        raise NotTogether
    if not chosen:
        return
    near = await around(tx)
    states = await orders.lock_orders(tx, order_ids)
    looked = await look_at(tx, states, near, but_for=[one.id for _, one in chosen])
    await swap(tx, [_swap(near, looked, command, one) for command, one in chosen])


def _swap(near: Around, looked: Looked, command: Command[Clear], one: Return) -> Swap:
    units = settling.creditable(looked, one)
    if one.besides is None:
        charges = settling.by_policy(near, looked, one, units)
    else:
        charges = [each.charge for each in one.besides]
    return Swap(
        one=one,
        at=near.now,
        cause=command,
        units=units,
        charges=charges,
        held=True,
        instead=command.body.instead,
    )


async def expire(tx: Tx) -> None:
    """Give up what has not come in time; of a return that came in part, the rest."""
    due = await writing.lock_returns(tx, await views.list_due(tx, EXPIRED_AT_ONCE_MAX))
    news = no_news()
    for one in due.values():
        if one.expires_at is None or one.expires_at > tx.now:
            continue
        if one.state in ("authorized", "in_transit"):
            go_on(one, "expire")
            one.ended_at = tx.now
            credited = one.refund_minor
            told = events.ReturnExpired(**subject_of(one), credited_minor=credited)
            news.add(one, tx, [entry_of(one, "expire", tx.now, tx)], [told])
        elif one.state == "received":
            one.awaited, one.expires_at = False, None
            if is_graded(one):
                go_on(one, "grade")
                one.graded_at = tx.now
                told = events.ReturnGraded(
                    **subject_of(one),
                    location_id=one.location_id,
                    units=[],
                    complete=True,
                    occurred_at=tx.now,
                )
                news.add(one, tx, [entry_of(one, "grade", tx.now, tx)], [told])
            else:
                news.add(one, tx)
    await news.save(tx)


async def settle_by_policy(tx: Tx, logged: Sequence[log.Logged[events.ReturnGraded]]) -> None:
    """Settle returns of which all is graded, where the policy leaves it to no person."""
    wanted = [entry for entry in logged if entry.event.complete]
    found = await writing.lock_returns(tx, [entry.event.return_id for entry in wanted])
    near, news = await around(tx), no_news()
    jobs: dict[UUID, Job] = {}
    for one in found.values():
        channel = near.book.channel_by_id(one.channel_id)
        policy, _ = near.policy(channel, one.occurred_at)
        if one.state == "graded" and not one.held and policy.settles == "auto":
            jobs[one.id] = _job(near, one, one.graded_at or tx.now, tx)
    await _settle_each(tx, near, list(jobs.values()), news)
    await news.save(tx)


async def _settle_each(tx: Tx, near: Around, jobs: Sequence[Job], news: News) -> None:
    """Settle jobs in rounds of one return per order; what is refused waits for a person."""
    waiting = list(jobs)
    while waiting:
        now: dict[UUID | None, Job] = {}
        for job in waiting:
            now.setdefault(job.one.order_id or job.one.id, job)
        waiting = [job for job in waiting if job not in now.values()]
        refused = await _settle_safely(tx, near, list(now.values()), news)
        for job in now.values():
            if job.one.id in refused:
                # It stays graded until somebody settles it otherwise; the reason is shown.
                job.one.reason = refused[job.one.id].message
                news.add(job.one, tx)


async def _settle_safely(
    tx: Tx, near: Around, jobs: Sequence[Job], news: News
) -> dict[UUID, Refusal]:
    """Settle returns together; one whose money cannot go where it shall keeps none from it."""
    try:
        async with tx.savepoint():
            return await settle_jobs(tx, near, jobs, news)
    except Refusal as refusal:
        if len(jobs) == 1:
            return {jobs[0].one.id: refusal}
    refused: dict[UUID, Refusal] = {}
    for job in jobs:
        refused |= await _settle_safely(tx, near, [job], news)
    return refused


async def close_paid(
    tx: Tx, logged: Sequence[log.Logged[events.ReturnSettled | payments.PaymentRefunded]]
) -> None:
    """Close settled returns whose money has gone where it shall."""
    mine = {e.event.return_id for e in logged if isinstance(e.event, events.ReturnSettled)}
    order_ids = {entry.event.order_id for entry in logged if entry.event.order_id}
    mine |= set(await views.list_settled(tx, list(order_ids))) if order_ids else set()
    found = await writing.lock_returns(tx, list(mine))
    moving = await payments.money_by_order(tx, list({x.order_id for x in found.values()} - {None}))
    news = no_news()
    for one in found.values():
        if one.state != "settled":
            continue
        money = moving.get(one.order_id) if one.order_id else None
        if money is not None and any(_refunding_minor(tender) > 0 for tender in money.tenders):
            continue
        go_on(one, "close")
        one.ended_at = tx.now
        told = events.ReturnClosed(**subject_of(one))
        news.add(one, tx, [entry_of(one, "close", tx.now, tx)], [told])
    await news.save(tx)


def _refunding_minor(tender: payments.TenderMoney) -> int:
    """Return what of a tender is on its way back."""
    kept = tender.captured_minor - tender.refunded_minor - tender.charged_back_minor
    return kept - tender.refundable_minor


SETTLE = CommandKind("returns.settle", Settle, Return, settle, RETURNS_AT_ONCE_MAX)
CLEAR = CommandKind("returns.clear", Clear, Return, clear, RETURNS_AT_ONCE_MAX)
