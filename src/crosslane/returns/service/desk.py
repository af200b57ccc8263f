"""Over the counter: goods are asked for, received, graded and settled by one command.

What has happened already, such as at a till without a line, is booked as it was: no rule refuses
it, and units above what the order has left are taken as blind ones.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import catalog, orders
from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether
from crosslane.returns import events
from crosslane.returns.domain import Return
from crosslane.returns.errors import GivesOtherwise
from crosslane.returns.service import goods, settling
from crosslane.returns.service.drafting import BESIDE, Draft, draft
from crosslane.returns.service.exchanging import Swap, swap
from crosslane.returns.service.judging import judge
from crosslane.returns.service.looking import Around, Looked, around, look_at
from crosslane.returns.service.naming import Known, lowest_of
from crosslane.returns.service.reading import number_of
from crosslane.returns.service.settling import Job, Settled, entry_of, subject_of
from crosslane.returns.service.wanting import open_accounts
from crosslane.returns.service.wishes import TakeBack, TakenBack, TakenLine
from crosslane.returns.storage import blind, views, writing
from crosslane.returns.storage.writing import Entry

# Fewer than elsewhere: the goods and the cash of one store wait for the whole batch.
DESKS_AT_ONCE_MAX = 32


async def take_back(tx: Tx, commands: Sequence[Command[TakeBack]]) -> list[TakenBack | Refusal]:
    """Take goods back, all commands by the same statements; each as a whole.

    Two desks that bring the same units are one after the other: the second is told what is left.
    """
    near = await around(tx)
    known = await _known(tx, near, commands)
    told_before = await _told_before(tx, near, commands)
    drafts: list[Draft | Refusal | TakenBack] = []
    for command in commands:
        source = _source(near, command.body)
        if source in told_before:
            drafts.append(answer_of(*told_before[source]))
            continue
        try:
            drafts.append(draft(near, known, command))
        except Refusal as refusal:
            drafts.append(refusal)
    mine = [one for one in drafts if isinstance(one, Draft)]
    refused = await _carry_out(tx, near, known.looked, mine)
    return [_answer(one, refused) if isinstance(one, Draft) else one for one in drafts]


def _source(near: Around, wish: TakeBack) -> tuple[UUID, str] | None:
    channel = near.book.channels.get(wish.channel)
    return (channel.id, wish.source_id) if channel and wish.source_id else None


async def _told_before(
    tx: Tx, near: Around, commands: Sequence[Command[TakeBack]]
) -> dict[tuple[UUID, str] | None, list[Return]]:
    """Return what came of what others have told before, by channel and source id.

    Raises:
        NotTogether: two commands tell the same.
    """
    sources = [source for c in commands if (source := _source(near, c.body))]
    if len(set(sources)) < len(sources):
        raise NotTogether
    if not sources:
        return {}
    asked = [(channel_id, id + end) for channel_id, id in sources for end in ("", BESIDE)]
    found = await views.find_by_source(tx, asked)
    whole = await writing.list_returns(tx, list(found.values()))
    told: dict[tuple[UUID, str] | None, list[Return]] = {}
    for (channel_id, source_id), return_id in sorted(found.items()):
        source = channel_id, source_id.removesuffix(BESIDE)
        told.setdefault(source if source in sources else (channel_id, source_id), []).append(
            whole[return_id]
        )
    return told


async def _known(tx: Tx, near: Around, commands: Sequence[Command[TakeBack]]) -> Known:
    """Look up and lock everything that a batch names.

    Raises:
        NotTogether: two of its commands name the same order.
    """
    names = [c.body.order for c in commands if c.body.order]
    ids = await orders.find_ids(tx, names) if names else {}
    order_ids = [ids[name] for name in names if name in ids]
    if len(set(order_ids)) < len(order_ids):
        raise NotTogether
    states = await orders.lock_orders(tx, order_ids) if order_ids else {}
    looked = await look_at(tx, states, near) if states else Looked({}, {}, {})
    skus = {line.sku for c in commands for line in c.body.lines}
    variants = await catalog.variants_by_sku(tx, list(skus)) if skus else {}
    parts = {part.variant_id for variant in variants.values() for part in variant.components}
    components = await catalog.variants_by_id(tx, list(parts)) if parts else {}
    lowest = await lowest_of(tx, near, commands, variants)
    return Known(ids, looked, variants, components, lowest)


async def _carry_out(
    tx: Tx, near: Around, looked: Looked, drafts: Sequence[Draft]
) -> dict[str, Refusal]:
    """Book what was drafted; return the refusals of commands, of which nothing is left behind."""
    await _number(tx, drafts)
    await open_accounts(tx, [job.one for one in drafts for job in one.jobs])
    arrivals = [arrival for one in drafts for arrival in one.arrivals]
    await goods.protect(tx, arrivals)
    jobs = [job for one in drafts for job in one.jobs]
    # What was just received is credited, so that it counts before the goods are in stock.
    for arrival in arrivals:
        arrival.line.received += arrival.quantity
    held = await judge(tx, looked, jobs)
    for job in jobs:
        if job.one.id in held:
            job.one.held, job.one.hold_reason = True, held[job.one.id]
    swapped = await _swap(tx, near, looked, drafts)
    due = [job for job in jobs if not job.one.held and job.one.id not in swapped]
    settled = await settling.settle(tx, near, looked, due)
    answers: dict[UUID, Settled | Refusal] = {**swapped}
    answers |= dict(zip((job.one.id for job in due), settled, strict=True))
    refused = _refused(drafts, answers)
    for arrival in arrivals:
        arrival.line.received -= arrival.quantity
    taken = [one for one in drafts if one.command.key not in refused]
    entries = [
        entry_of(job.one, deed, job.at, job.cause)
        for one in taken
        for job in one.jobs
        for deed in ("request", "grade")
    ]
    entries += await goods.take_in(tx, near, [a for one in taken for a in one.arrivals])
    await _save(tx, taken, answers, entries)
    return refused


async def _swap(
    tx: Tx, near: Around, looked: Looked, drafts: Sequence[Draft]
) -> dict[UUID, Refusal]:
    """Put goods wanted in exchange on their orders, before those that came are credited.

    Those of a return that a person has to look at are set aside until that has happened.
    """
    swaps: list[Swap] = []
    for one in drafts:
        for job in one.jobs:
            if not job.one.exchange_wish:
                continue
            units = {line.id: line.received for line in job.one.lines}
            if job.one.besides is None:
                charges = settling.by_policy(near, looked, job.one, units)
            else:
                charges = [each.charge for each in job.one.besides]
            swaps.append(
                Swap(
                    one=job.one,
                    at=job.at,
                    cause=job.cause,
                    units=units,
                    charges=charges,
                    tenders=one.command.body.tenders,
                    held=job.one.held,
                    till=job.one.location_id,
                )
            )
    return await swap(tx, swaps)


async def _number(tx: Tx, drafts: Sequence[Draft]) -> None:
    jobs = [job for one in drafts for job in one.jobs]
    numbers = await writing.take_numbers(tx, len(jobs)) if jobs else []
    for job, number in zip(jobs, numbers, strict=True):
        job.one.number = number_of(number)


def _refused(
    drafts: Sequence[Draft], answers: Mapping[UUID, Settled | Refusal]
) -> dict[str, Refusal]:
    """Return the refusals by command.

    Raises:
        NotTogether: one part of a command was refused after another was booked, among others.
        Refusal: likewise, of the only command: everything is undone.
    """
    refused: dict[str, Refusal] = {}
    for one in drafts:
        theirs = [answers.get(job.one.id) for job in one.jobs]
        refusals = [answer for answer in theirs if isinstance(answer, Refusal)]
        otherwise = None if refusals else _gives_otherwise(one)
        if otherwise is not None:
            refusals = [otherwise]
        if not refusals:
            continue
        # What was found in a return that is held is kept already, too.
        done = otherwise is not None or any(job.one.exchange or job.one.held for job in one.jobs)
        if len(refusals) < len(theirs) or done:
            raise refusals[0] if len(drafts) == 1 else NotTogether
        refused[one.command.key] = refusals[0]
    return refused


def _gives_otherwise(one: Draft) -> GivesOtherwise | None:
    """Return why a command is refused whose customer was told something else, or None."""
    shown = one.command.body.shown_minor
    minor = sum(_gives_minor(job.one) for job in one.jobs)
    if shown in (None, minor):
        return None
    return GivesOtherwise(pointer="/shown_minor", minor=minor, shown=shown)


def _gives_minor(one: Return) -> int:
    """Return what the customer gets for a return now; below zero is what they pay."""
    return -one.paid_minor if one.held else one.refund_minor - one.exchange_minor


async def _save(
    tx: Tx,
    taken: Sequence[Draft],
    answers: Mapping[UUID, Settled | Refusal],
    entries: list[Entry],
) -> None:
    told: list[events.ReturnEvent] = []
    causes: list[log.Cause] = []
    for one in taken:
        for job in one.jobs:
            news: list[events.ReturnEvent] = [_received(job)] if job.one.received_at else []
            answer = answers.get(job.one.id)
            if isinstance(answer, Settled):
                entries += answer.entries
                news += answer.told
            if job.one.held:
                entries.append(entry_of(job.one, "hold", job.at, job.cause))
                reason = job.one.hold_reason
                news.append(events.ReturnHeld(**subject_of(job.one), reason=reason))
            told += news
            causes += [job.cause] * len(news)
    await writing.save_returns(tx, [job.one for one in taken for job in one.jobs], entries)
    await blind.insert_charges(tx, [e for e in told if isinstance(e, events.BlindUnitsCredited)])
    await log.append(tx, told, causes)


def _received(job: Job) -> events.ReturnReceived:
    one = job.one
    return events.ReturnReceived(
        **subject_of(one),
        location_id=one.location_id,
        units=[
            events.ReceivedUnits(
                line_id=line.id,
                order_line_id=line.order_line_id,
                variant_id=line.variant_id,
                quantity=line.received,
            )
            for line in one.lines
        ],
        awaited=False,
        occurred_at=job.at,
    )


def _answer(one: Draft, refused: Mapping[str, Refusal]) -> TakenBack | Refusal:
    refusal = refused.get(one.command.key)
    return refusal or answer_of(*(job.one for job in one.jobs))


def answer_of(one: Return, beside: Return | None = None) -> TakenBack:
    """Tell what taking goods back came to, of a return and of the blind one beside it."""
    both = [one] if beside is None else [one, beside]
    return TakenBack(
        return_id=one.id,
        number=one.number,
        order_id=one.order_id,
        blind_return_id=beside.id if beside else None,
        state=one.state,
        held=one.held,
        hold_reason=one.hold_reason,
        refund_minor=sum(each.refund_minor for each in both),
        currency=one.currency,
        exchange=one.exchange,
        exchange_minor=one.exchange_minor,
        paid_minor=one.paid_minor,
        lines=[
            TakenLine(
                return_line=line.id,
                order_line=line.order_line_id,
                sku=line.sku,
                quantity=line.received,
                net_minor=line.net_minor,
                tax_minor=line.tax_minor,
            )
            for each in both
            for line in each.lines
        ],
    )


TAKE_BACK = CommandKind("returns.take_back", TakeBack, TakenBack, take_back, DESKS_AT_ONCE_MAX)
