"""Goods that come: as announced or not, in parts, and what becomes of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from crosslane import catalog, orders
from crosslane.catalog import UnknownSku, Variant
from crosslane.inventory import BundleHasNoStock
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.returns import events
from crosslane.returns.domain import Disposition, Return, ReturnLine, go_on, require_state
from crosslane.returns.domain.goods import is_graded, to_grade
from crosslane.returns.domain.states import comes_late
from crosslane.returns.errors import NoSuchReturnLine, NothingReceived, TooManyGraded
from crosslane.returns.service import goods
from crosslane.returns.service.exchanging import wait
from crosslane.returns.service.goods import Arrival, Verdict
from crosslane.returns.service.looking import Around, around
from crosslane.returns.service.settling import entry_of, subject_of
from crosslane.returns.service.steps import (
    RETURNS_AT_ONCE_MAX,
    News,
    fresh,
    no_news,
    open_named,
    time_of,
)
from crosslane.returns.service.wishes import Grade, Receive, ReceiveLine

LATE = "its goods came although it was {state}"


async def receive(tx: Tx, commands: Sequence[Command[Receive]]) -> list[Return | Refusal]:
    """Receive goods of returns, at any location that takes returns.

    More than announced is received too, and so is an article nobody had announced, as a wrong item.
    What had been declined, cancelled or given up and comes all the same is held for a person.
    """
    named, near = await open_named(tx, commands), await around(tx)
    skus = {line.sku for c in commands for line in c.body.lines if line.sku}
    variants = await catalog.variants_by_sku(tx, list(skus)) if skus else {}
    outcomes: list[Return | Refusal] = []
    arrivals: list[tuple[Return, list[Arrival]]] = []
    late: set[UUID] = set()
    for command, one in named:
        if isinstance(one, Refusal):
            outcomes.append(one)
            continue
        try:
            given_up = comes_late(one)
            theirs = _arrivals(near, variants, command, one)
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        if given_up:
            late.add(one.id)
        arrivals.append((one, theirs))
        outcomes.append(one)
    news = no_news()
    await _take_in(tx, near, [a for _, theirs in arrivals for a in theirs], news)
    by_id = {one.id: command for command, one in named if isinstance(one, Return)}
    for one, theirs in arrivals:
        _note(one, theirs, by_id[one.id], tx.now, news, late=one.id in late)
    await wait(tx, [(one, by_id[one.id]) for one, _ in arrivals if not one.awaited])
    await news.save(tx)
    return [fresh(one) if isinstance(one, Return) else one for one in outcomes]


async def _take_in(tx: Tx, near: Around, arrivals: Sequence[Arrival], news: News) -> None:
    # Their orders are locked, so that units of one line come back each at its own cost.
    order_ids = {a.one.order_id for a in arrivals if a.one.order_id}
    if order_ids:
        await orders.lock_orders(tx, list(order_ids))
    news.entries += await goods.take_in(tx, near, arrivals)


def _arrivals(
    near: Around, variants: Mapping[str, Variant], command: Command[Receive], one: Return
) -> list[Arrival]:
    """Return what came, having moved the return on.

    Raises:
        Refusal: the return is not there yet or not any more, or a field is wrong.
    """
    wish = command.body
    location = near.own_location(wish.location, command.actor)
    channel = near.book.channel_by_id(one.channel_id)
    whole, _ = near.policy(channel, one.occurred_at, location=location.code)
    refusal = near.refuse_market(location, channel, whole)
    if refusal is not None:
        raise refusal
    at = time_of(wish.occurred_at, near.now)
    told = wish.lines
    if not told and not any(line.received for line in one.lines):
        told = [ReceiveLine(return_line=x.id, quantity=x.requested) for x in one.lines]
    if not told and not wish.complete:
        raise NothingReceived(pointer="/lines")
    placed = [_place(variants, one, line, n) for n, line in enumerate(told)]
    late = comes_late(one)
    if late:
        one.held, one.hold_reason, one.ended_at = True, LATE.format(state=one.state), None
    go_on(one, "receive")
    one.lines = [*one.lines, *(line for line, _, _ in placed if line not in one.lines)]
    one.location_id, one.received_at = location.id, at
    # Nobody waits for the rest of what was not to come.
    one.awaited = not wish.complete and not late
    return [
        Arrival(
            one=one,
            line=line,
            quantity=quantity,
            disposition=disposition,
            location_id=location.id,
            at=at,
            cause=command,
        )
        for line, quantity, disposition in placed
    ]


def _place(
    variants: Mapping[str, Variant], one: Return, told: ReceiveLine, place: int
) -> tuple[ReturnLine, int, Disposition | None]:
    """Return the line of units that came: one of the return, or a new one for a wrong item."""
    pointer = f"/lines/{place}"
    if told.return_line is not None:
        line = one.line(told.return_line)
        if line is None:
            raise NoSuchReturnLine(pointer=f"{pointer}/return_line", line=str(told.return_line))
        return line, told.quantity, told.disposition
    variant = variants.get(told.sku or "")
    if variant is None:
        raise UnknownSku(pointer=f"{pointer}/sku", sku=(told.sku or "")[:64])
    if variant.is_bundle:
        raise BundleHasNoStock(pointer=f"{pointer}/sku", sku=variant.sku)
    for line in one.lines:
        if line.variant_id == variant.id:
            return line, told.quantity, told.disposition
    wrong = ReturnLine(
        id=new_id(),
        return_id=one.id,
        position=len(one.lines) + 1 + place,
        order_line_id=None,
        variant_id=variant.id,
        sku=variant.sku,
        requested=0,
        reason="wrong_item",
        wrong=True,
    )
    return wrong, told.quantity, told.disposition


def _note(
    one: Return,
    arrivals: Sequence[Arrival],
    command: Command,
    now: datetime,
    news: News,
    *,
    late: bool,
) -> None:
    at = one.received_at or now
    units = [
        events.ReceivedUnits(
            line_id=a.line.id,
            order_line_id=a.line.order_line_id,
            variant_id=a.line.variant_id,
            quantity=a.quantity,
            wrong=a.line.wrong,
        )
        for a in arrivals
    ]
    told: list[events.ReturnEvent] = [
        events.ReturnReceived(
            **subject_of(one),
            location_id=one.location_id,
            units=units,
            awaited=one.awaited,
            occurred_at=at,
        )
    ]
    entries = [entry_of(one, "receive", at, command)]
    if late:
        entries.append(entry_of(one, "hold", at, command))
        told.append(events.ReturnHeld(**subject_of(one), reason=one.hold_reason))
    news.add(one, command, entries, told)
    graded = [
        events.GradedUnits(
            line_id=a.line.id,
            variant_id=a.line.variant_id,
            disposition=a.disposition,
            quantity=a.quantity,
        )
        for a in arrivals
        if a.disposition
    ]
    if graded:
        _tell_graded(one, graded, command, at, news)


def _tell_graded(
    one: Return,
    graded: list[events.GradedUnits],
    command: Command,
    at: datetime,
    news: News,
) -> None:
    """Tell what was graded, and move a return on of which all is."""
    complete = is_graded(one)
    entries = []
    if complete:
        go_on(one, "grade")
        one.graded_at = at
        entries = [entry_of(one, "grade", at, command)]
    told = events.ReturnGraded(
        **subject_of(one),
        location_id=one.location_id,
        units=graded,
        complete=complete,
        occurred_at=at,
    )
    news.add(one, command, entries, [told])


async def grade(tx: Tx, commands: Sequence[Command[Grade]]) -> list[Return | Refusal]:
    """Say what becomes of goods that came; the stock follows."""
    named, news = await open_named(tx, commands), no_news()
    outcomes: list[Return | Refusal] = []
    verdicts: list[tuple[Command[Grade], Return, list[Verdict]]] = []
    for command, one in named:
        if isinstance(one, Refusal):
            outcomes.append(one)
            continue
        try:
            verdicts.append((command, one, _verdicts(one, command, tx.now)))
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        outcomes.append(one)
    news.entries += await goods.say_what_becomes(tx, [v for *_, each in verdicts for v in each])
    for command, one, theirs in verdicts:
        units = [
            events.GradedUnits(
                line_id=v.line.id,
                variant_id=v.line.variant_id,
                disposition=v.disposition,
                quantity=v.quantity,
            )
            for v in theirs
        ]
        _tell_graded(one, units, command, time_of(command.body.occurred_at, tx.now), news)
    await news.save(tx)
    return [fresh(one) if isinstance(one, Return) else one for one in outcomes]


def _verdicts(one: Return, command: Command[Grade], now: datetime) -> list[Verdict]:
    """Return what becomes of which units.

    Raises:
        NotInState, NoSuchReturnLine, TooManyGraded: it cannot be said.
    """
    wish = command.body
    at = time_of(wish.occurred_at, now)
    require_state(one, "grade")
    told = [(x.return_line, x.quantity, x.disposition) for x in wish.lines] or [
        (line.id, left, "sellable") for line in one.lines if (left := to_grade(line))
    ]
    left = {line.id: to_grade(line) for line in one.lines}
    verdicts: list[Verdict] = []
    for place, (line_id, quantity, disposition) in enumerate(told):
        line = one.line(line_id)
        if line is None:
            raise NoSuchReturnLine(pointer=f"/lines/{place}/return_line", line=str(line_id))
        if quantity > left[line.id]:
            pointer = f"/lines/{place}/quantity"
            raise TooManyGraded(pointer=pointer, units=quantity, sku=line.sku, left=left[line.id])
        left[line.id] -= quantity
        verdicts.append(
            Verdict(
                one=one, line=line, quantity=quantity, disposition=disposition, at=at, cause=command
            )
        )
    return verdicts


RECEIVE = CommandKind("returns.receive", Receive, Return, receive, RETURNS_AT_ONCE_MAX)
GRADE = CommandKind("returns.grade", Grade, Return, grade, RETURNS_AT_ONCE_MAX)
