"""Money for what came back: of an order by the order itself, of blind goods by a payout."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import orders, payments
from crosslane.kernel import Refusal, allocate, new_id
from crosslane.orders import (
    Credited,
    CreditLine,
    CreditRequest,
    NewCharge,
    OrderState,
    RefundPart,
)
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.pricing import Amounts
from crosslane.returns import events
from crosslane.returns.domain import (
    CAUSE,
    Besides,
    Kept,
    RefundMethod,
    Return,
    ReturnLine,
    delivery_minor,
    fee_minor,
    go_on,
    units_kept,
)
from crosslane.returns.domain.blind import value_of
from crosslane.returns.domain.goods import to_credit
from crosslane.returns.errors import RefundUnfit
from crosslane.returns.service.looking import Around, Looked
from crosslane.returns.service.wishes import RefundWish
from crosslane.returns.storage.writing import Entry

# What a store's own till gives: cash, or its card terminal.
AT_STORES = ("cash", "card")
FEE_TITLE = "Return fee"
DELIVERY_TITLE = "Delivery given back"
CLAIM_TITLE = "Claim"


class Job(msgspec.Struct, kw_only=True):
    """A return that is to be settled.

    Args:
        one: the return, which is changed when it is.
        happened: the money has been given already; nothing refuses it.
        ahead: the goods are still on their way.
        location: code of the location at whose till it is given, "" for none.
        before: parts of the refund with an amount of their own, before the return's own way.
        most_minor: more than this is kept back as a fee, gross; None for no such limit.
    """

    one: Return
    at: datetime
    cause: log.Cause
    happened: bool = False
    ahead: bool = False
    location: str = ""
    before: Sequence[RefundWish] = ()
    most_minor: int | None = None


class Settled(msgspec.Struct, frozen=True):
    """What settling came to: what was given per line, and what the journal and the log keep."""

    entries: list[Entry]
    told: list[events.ReturnEvent]


async def settle(
    tx: Tx, near: Around, looked: Looked, jobs: Sequence[Job]
) -> list[Settled | Refusal]:
    """Give money for what came back, every return as a whole, all orders by the same statements.

    Args:
        tx: open transaction; returns and orders are locked.
        near: the surroundings.
        looked: the orders of the returns.
        jobs: what is settled; of one order one at most.
    """
    answers: list[Settled | Refusal | None] = [None] * len(jobs)
    ordered = [(n, job) for n, job in enumerate(jobs) if job.one.order_id]
    blind = [(n, job) for n, job in enumerate(jobs) if not job.one.order_id]
    for n, answer in await _settle_ordered(tx, near, looked, ordered):
        answers[n] = answer
    for n, answer in await _settle_blind(tx, near, blind):
        answers[n] = answer
    return [answer for answer in answers if answer is not None]


async def _settle_ordered(
    tx: Tx, near: Around, looked: Looked, jobs: Sequence[tuple[int, Job]]
) -> list[tuple[int, Settled | Refusal]]:
    done: list[tuple[int, Settled | Refusal]] = []
    asked: list[tuple[int, Job, CreditRequest]] = []
    for n, job in jobs:
        request = _request(near, looked, job)
        if request.lines or request.charges:
            asked.append((n, job, request))
        else:
            done.append((n, _settled(job, None, looked.states[job.one.order_id])))
    answers = await orders.credit(tx, [request for _, _, request in asked]) if asked else []
    for (n, job, _), answer in zip(asked, answers, strict=True):
        refused = isinstance(answer, Refusal)
        state = looked.states[job.one.order_id]
        done.append((n, answer if refused else _settled(job, answer, state)))
    return done


def _request(near: Around, looked: Looked, job: Job) -> CreditRequest:
    one = job.one
    units = creditable(looked, one)
    if one.kind == "claim":
        lines, charges = [], _claimed(looked.states[one.order_id], one)
    else:
        lines = credit_lines(one, units)
        charges = by_policy(near, looked, one, units)
    if job.one.besides is not None:
        charges = [each.charge for each in job.one.besides]
    if job.most_minor is not None:
        charges += _kept_back(looked.states[one.order_id], lines, charges, job.most_minor)
    return CreditRequest(
        order_id=one.order_id,
        cause_kind=CAUSE,
        cause_id=one.id,
        at=job.at,
        lines=lines,
        charges=charges,
        exchange_id=one.id if one.exchange else None,
        refund_to=_refund_to(job),
        refunds=_parts(job),
        refund_happened=job.happened,
        by=job.cause,
    )


def _kept_back(
    state: OrderState, lines: Sequence[CreditLine], charges: Sequence[NewCharge], most_minor: int
) -> list[NewCharge]:
    """Return what lowers a credit to what was given for it, nothing when it is no more."""
    planned = orders.plan_credit(state, lines, charges)
    over = 0 if isinstance(planned, Refusal) else planned.given.gross_minor - most_minor
    return [NewCharge("fee", FEE_TITLE, over)] if over > 0 else []


def _claimed(state: OrderState, one: Return) -> list[NewCharge]:
    """Return the money that is claimed, as goodwill on the lines; others are sent otherwise."""
    return [
        NewCharge("appeasement", CLAIM_TITLE, -line.claimed_minor, line.order_line_id)
        for line in one.lines
        if line.wanted == "money" and line.claimed_minor and state.line(line.order_line_id)
    ]


def _refund_to(job: Job) -> payments.RefundTo | None:
    return _whither(job, job.one.refund_method, job.one.refund_account)


def _whither(job: Job, method: RefundMethod, account: UUID | None) -> payments.RefundTo | None:
    """Return where money goes that does not go back the way it came."""
    if method not in ("stored_value", *AT_STORES):
        return None
    return payments.RefundTo(
        method=method,
        account=account,
        location_id=job.one.location_id if method in AT_STORES else None,
        location=job.location if method in AT_STORES else "",
    )


def _parts(job: Job) -> list[RefundPart]:
    """Return the parts of a refund that come before what is left of it."""
    return [
        RefundPart(to=to, minor=part.minor, happened=job.happened)
        for part in job.before
        if (to := _whither(job, part.method, part.account))
    ]


def by_policy(
    near: Around, looked: Looked, one: Return, units: Mapping[UUID, int]
) -> list[NewCharge]:
    """Return fee and delivery as the policy wants them; a fee never exceeds what is given.

    Args:
        near: the surroundings.
        looked: the order.
        one: a return of that order.
        units: how many of each of its lines are given for.
    """
    if one.order_id is None:
        return []
    state = looked.states[one.order_id]
    channel = near.book.channel_by_id(one.channel_id)
    whole, _ = near.policy(channel, state.order.placed_at)
    kept = [
        Kept(units[line.id], line.reason, looked.bought[line.order_line_id].policy)
        for line in one.lines
        if line.order_line_id and units.get(line.id)
    ]
    given = sum(part.quantity for part in kept)
    delivery = delivery_minor(whole, state, units_kept(state) - given)
    charges = []
    if delivery and kept:
        charges.append(NewCharge("shipping", DELIVERY_TITLE, -delivery))
    fee = fee_minor(whole, kept)
    if fee:
        planned = orders.plan_credit(state, credit_lines(one, units), charges)
        worth = 0 if isinstance(planned, Refusal) else planned.given.gross_minor
        if fee := min(fee, worth):
            charges.append(NewCharge("fee", FEE_TITLE, fee))
    return charges


def credit_lines(one: Return, units: Mapping[UUID, int]) -> list[CreditLine]:
    """Return units of return lines as the order credits them, by its own lines."""
    summed: Counter[UUID] = Counter()
    for line in one.lines:
        if line.order_line_id and units.get(line.id):
            summed[line.order_line_id] += units[line.id]
    return [CreditLine(line_id, quantity) for line_id, quantity in summed.items()]


def creditable(looked: Looked, one: Return) -> dict[UUID, int]:
    """Return units to give for by return line: those that came, as far as the order has them.

    More may have come than was sold, or another return was quicker.
    """
    left: dict[UUID, int] = {}
    units: dict[UUID, int] = {}
    for line in one.lines:
        bought = looked.bought.get(line.order_line_id) if line.order_line_id else None
        if bought is not None:
            free = left.get(bought.line.id, bought.handed - bought.returned)
            units[line.id] = min(to_credit(one, line), free)
            left[bought.line.id] = free - units[line.id]
    return units


def _settled(job: Job, answer: Credited | None, state: OrderState) -> Settled:
    """Note what was given; nothing when nothing of what came had been sold."""
    one = job.one
    entries: list[Entry] = []
    if answer is not None:
        entries = _share_out(job, answer)
        # Goodwill beyond the goods is taken off earlier fees and delivery: it is neither here.
        one.fee_minor = max(0, _charged(answer, "fee"))
        one.delivery_minor = max(0, -_charged(answer, "shipping"))
        one.refund_minor = answer.gross_minor
    if not job.ahead:
        entries.append(_end(job))
    if answer is None and one.instant:
        return Settled(entries, [])
    by_id = state.by_id
    lines = [
        events.SettledLine(
            order_line_id=units.line_id,
            variant_id=units.variant_id,
            sku=by_id[units.line_id].sku,
            sold_at=units.location_id,
            received_at=None if one.kind == "claim" else one.location_id,
            quantity=units.quantity,
            net_minor=units.net_minor,
            tax_minor=units.tax_minor,
            tax_rate_bp=units.tax_rate_bp,
            jurisdiction=units.jurisdiction,
        )
        for units in (answer.units if answer else ())
    ]
    return Settled(entries, [_event(job, lines)])


def _end(job: Job) -> Entry:
    go_on(job.one, "settle")
    job.one.settled_at = job.at
    return entry_of(job.one, "settle", job.at, job.cause)


def _charged(answer: Credited, kind: str) -> int:
    return sum(c.net_minor + c.tax_minor for c in answer.charges if c.charge_kind == kind)


def _share_out(job: Job, answer: Credited) -> list[Entry]:
    """Tell every line what was given for its units; lines of one order line share by units."""
    quantity: Counter[UUID] = Counter()
    net: Counter[UUID] = Counter()
    tax: Counter[UUID] = Counter()
    for units in answer.units:
        quantity[units.line_id] += units.quantity
        net[units.line_id] += units.net_minor
        tax[units.line_id] += units.tax_minor
    mine: dict[UUID, list[ReturnLine]] = defaultdict(list)
    for line in job.one.lines:
        if line.order_line_id in quantity and to_credit(job.one, line):
            mine[line.order_line_id].append(line)
    entries: list[Entry] = []
    for line_id, lines in mine.items():
        left = quantity[line_id]
        units = []
        for line in lines:
            units.append(min(to_credit(job.one, line), left))
            left -= units[-1]
        nets, taxes = allocate(net[line_id], units), allocate(tax[line_id], units)
        for line, given, net_minor, tax_minor in zip(lines, units, nets, taxes, strict=True):
            entries.append(_give(job, line, given, net_minor, tax_minor))
    return entries


def _give(job: Job, line: ReturnLine, units: int, net_minor: int, tax_minor: int) -> Entry:
    line.credited += units
    line.net_minor += net_minor
    line.tax_minor += tax_minor
    return Entry(
        return_id=job.one.id,
        return_line_id=line.id,
        deed="credit",
        quantity=units,
        net_minor=net_minor,
        tax_minor=tax_minor,
        location_id=job.one.location_id,
        actor=str(job.cause.actor),
        occurred_at=job.at,
    )


async def _settle_blind(
    tx: Tx, near: Around, jobs: Sequence[tuple[int, Job]]
) -> list[tuple[int, Settled | Refusal]]:
    answers: list[tuple[int, Settled | Refusal]] = []
    wanted: list[tuple[int, Job, payments.PayOut]] = []
    for n, job in jobs:
        due = due_minor(near, job)
        if due < 0:
            answers.append((n, RefundUnfit(why="charges are more than the goods are worth")))
        elif due == 0:
            answers.append((n, _settled_blind(near, job)))
        elif job.one.refund_method == "original":
            answers.append((n, RefundUnfit(why="without an order there is no way back")))
        else:
            wanted.append((n, job, _payout(job, due)))
    paid = await payments.pay_out(tx, [payout for _, _, payout in wanted])
    for (n, job, _), answer in zip(wanted, paid, strict=True):
        refused = isinstance(answer, Refusal)
        answers.append((n, answer if refused else _settled_blind(near, job)))
    return answers


def due_minor(near: Around, job: Job) -> int:
    """Return what a blind return gives in all, gross, in minor units."""
    values = [_value(near, job.one, line) for line in job.one.lines]
    charges = sum(each.amounts.gross_minor for each in job.one.besides or ())
    return sum(value.gross_minor for value in values) - charges


def _value(near: Around, one: Return, line: ReturnLine) -> Amounts:
    mode = near.book.channel_by_id(one.channel_id).tax_mode
    units = to_credit(one, line)
    return value_of(line.unit_price_milli or 0, units, line.tax_rate_bp or 0, mode)


def _payout(job: Job, minor: int) -> payments.PayOut:
    one = job.one
    at_store = one.refund_method in AT_STORES
    return payments.PayOut(
        cause_kind=CAUSE,
        cause_id=str(one.id),
        channel_id=one.channel_id,
        method=one.refund_method,
        currency=one.currency,
        minor=minor,
        at=job.at,
        location_id=one.location_id if at_store else None,
        location=job.location if at_store else "",
        account=one.refund_account,
        happened=job.happened,
    )


def _settled_blind(near: Around, job: Job) -> Settled:
    one = job.one
    one.refund_minor = due_minor(near, job)
    entries: list[Entry] = []
    lines: list[events.SettledLine] = []
    units: list[events.BlindUnits] = []
    for line in one.lines:
        quantity = to_credit(one, line)
        if not quantity:
            continue
        value = _value(near, one, line)
        entries.append(_give(job, line, quantity, value.net_minor, value.tax_minor))
        told = {
            "variant_id": line.variant_id,
            "quantity": quantity,
            "net_minor": value.net_minor,
            "tax_minor": value.tax_minor,
            "tax_rate_bp": line.tax_rate_bp or 0,
            "jurisdiction": line.jurisdiction,
        }
        units.append(
            events.BlindUnits(
                line_id=line.id, location_id=one.location_id, tax_class=line.tax_class, **told
            )
        )
        lines.append(
            events.SettledLine(
                order_line_id=None,
                sku=line.sku,
                sold_at=None,
                received_at=one.location_id,
                **told,
            )
        )
    entries.append(_end(job))
    credited = events.BlindUnitsCredited(
        **subject_of(one),
        selling_entity=one.entity,
        currency=one.currency,
        units=units,
        charges=_blind_charges(one, job.one.besides or ()),
        occurred_at=job.at,
    )
    return Settled(entries, [credited, _event(job, lines)])


def _blind_charges(one: Return, besides: Sequence[Besides]) -> list[events.BlindCharge]:
    jurisdiction = next((line.jurisdiction for line in one.lines), "")
    return [
        events.BlindCharge(
            charge_id=new_id(),
            charge_kind=each.charge.kind,
            net_minor=each.amounts.net_minor,
            tax_minor=each.amounts.tax_minor,
            tax_rate_bp=each.tax_rate_bp,
            jurisdiction=jurisdiction,
        )
        for each in besides
    ]


def _event(job: Job, lines: list[events.SettledLine]) -> events.ReturnSettled:
    one = job.one
    return events.ReturnSettled(
        **subject_of(one),
        return_kind=one.kind,
        selling_entity=one.entity,
        received_at=None if one.kind == "claim" else one.location_id,
        currency=one.currency,
        lines=lines,
        fee_minor=one.fee_minor,
        delivery_minor=one.delivery_minor,
        refund_minor=one.refund_minor,
        customer_id=one.customer_id,
        staff=one.staff,
        actor=str(job.cause.actor),
        exchange=bool(one.exchange),
        occurred_at=job.at,
    )


def subject_of(one: Return) -> Mapping[str, UUID | None]:
    """Return what every event of a return begins with."""
    return {"return_id": one.id, "order_id": one.order_id, "channel_id": one.channel_id}


def entry_of(one: Return, deed, at: datetime, cause: log.Cause) -> Entry:
    """Return the journal entry of a step of a whole return."""
    return Entry(
        return_id=one.id,
        deed=deed,
        location_id=one.location_id,
        actor=str(cause.actor),
        occurred_at=at,
    )
