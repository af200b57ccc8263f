"""Messages about orders: creating them, and bringing them to what the channel says last."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane import orders, organization
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import (
    Amendment,
    Cancellation,
    Order,
    PaymentEvent,
)
from crosslane.channels.domain.standing import (
    RANK,
    LineUnknown,
    Standing,
    begun_by,
    change_by,
    names_of,
    with_lines,
)
from crosslane.channels.service.articles import name_key, sku_of, skus_of_rows
from crosslane.channels.service.changing import cancel_rest, carry_out, settle
from crosslane.channels.service.elsewhere import ELSEWHERE, list_elsewhere, sold_by
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import orders as storage
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.orders import Source
from crosslane.kernel import Refusal
from crosslane.orders import LineWish, PlaceOrder
from crosslane.platform.database import Tx

ORDER_MISSING = Fault("order-missing", "Its order has not come yet")
LINES_MISSING = Fault("lines-missing", "Its goods have not come yet", "/lines")
CURRENCY, SKU_MISSING = "currency-differs", "sku-missing"
OVERTAKEN = Fault("overtaken", "A newer version has said all of it")
CANCELLED = Fault("cancelled", "The order was cancelled for good")

Known = dict[Source, tuple[UUID, Standing]]


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Apply messages about orders, those of one order by version; several orders are one batch."""
    if not todo:
        return []
    await _name_articles(tx, todo)
    waiting = _by_source(todo)
    known = await storage.list_standings(tx, list(waiting))
    known |= await _adopted(tx, {s: theirs for s, theirs in waiting.items() if s not in known})
    outcomes: list[Outcome] = []
    told: Known = {}
    elsewhere: set[Source] = set()
    while begun := _first_orders(waiting, known):
        outcomes += await _create(tx, begun, known, told, elsewhere)
    unknown = [source for source, theirs in waiting.items() if theirs and source not in known]
    elsewhere |= await list_elsewhere(tx, unknown)
    for source, theirs in waiting.items():
        for one in theirs:
            if source in elsewhere:
                outcomes.append(outcome_of(one, "kept", ELSEWHERE))
            elif source not in known:
                missing = LINES_MISSING if isinstance(one.message, Order) else ORDER_MISSING
                outcomes.append(outcome_of(one, "parked", missing))
            else:
                outcomes.append(await _change(tx, one, known, told))
    await storage.save_standings(tx, told)
    return outcomes


async def _name_articles(tx: Tx, todo: Sequence[Todo]) -> None:
    """Give lines without a SKU the one that the channel's own name of their article means."""
    lacking = [
        (one, one.message)
        for one in todo
        if isinstance(one.message, Order) and not all(line.sku for line in one.message.lines)
    ]
    named = [(one.pending.channel, line) for one, order in lacking for line in order.lines]
    skus = await skus_of_rows(tx, named)
    for one, order in lacking:
        lines = tuple(
            msgspec.structs.replace(line, sku=sku_of(line, one.pending.channel, skus))
            for line in order.lines
        )
        one.message = msgspec.structs.replace(order, lines=lines)


def _by_source(todo: Sequence[Todo]) -> dict[Source, list[Todo]]:
    found: dict[Source, list[Todo]] = defaultdict(list)
    for one in todo:
        found[one.source].append(one)
    for theirs in found.values():
        theirs.sort(key=lambda t: (t.pending.source_version, RANK[t.pending.kind], t.id))
    return found


def _first_orders(waiting: dict[Source, list[Todo]], known: Known) -> list[tuple[Todo, Order]]:
    """Take out the messages that create orders nobody has yet, one for each."""
    begun: list[tuple[Todo, Order]] = []
    for source, theirs in waiting.items():
        if source in known:
            continue
        for place, one in enumerate(theirs):
            said = [each.message for each in theirs]
            if isinstance(one.message, Order) and (whole := with_lines(one.message, said)):
                begun.append((theirs.pop(place), whole))
                break
    return begun


async def _create(
    tx: Tx,
    begun: Sequence[tuple[Todo, Order]],
    known: Known,
    told: Known,
    elsewhere: set[Source],
) -> list[Outcome]:
    book = await organization.book(tx)
    outcomes: list[Outcome] = []
    fitting: list[tuple[Todo, Order]] = []
    for one, message in begun:
        fault = unfit(message, book.channel(one.pending.channel))
        if fault is None:
            fitting.append((one, message))
        elif fault.code == CURRENCY and await sold_by(tx, one.pending.channel, message.currency):
            elsewhere.add(one.source)
            outcomes.append(outcome_of(one, "kept", ELSEWHERE))
        else:
            outcomes.append(_unfit(one, message, fault))
    commands = [one.command(wish_of(one, message)) for one, message in fitting]
    answers = await orders.PLACE.handle(tx, commands) if commands else []
    for (one, message), answer in zip(fitting, answers, strict=True):
        if isinstance(answer, Refusal):
            outcomes.append(refused(one, answer))
            continue
        known[one.source] = told[one.source] = answer.id, begun_by(message)
        outcomes.append(outcome_of(one, "applied", order_id=answer.id))
    return outcomes


def unfit(message: Order, channel: organization.Channel) -> Fault | None:
    """Return why an order cannot be one of its channel: other money, other prices, no article."""
    if message.currency not in ("", channel.currency):
        detail = f"The order is in {message.currency}, the channel sells in {channel.currency}"
        return Fault(CURRENCY, detail, "/currency")
    inclusive = channel.tax_mode == "inclusive"
    if message.prices_include_tax not in (None, inclusive):
        told = "include" if message.prices_include_tax else "exclude"
        detail = f"Prices of the order {told} tax, those of the channel do not"
        return Fault("tax-mode-differs", detail, "/prices_include_tax")
    for place, line in enumerate(message.lines):
        if not line.sku:
            called = line.article or line.gtin or line.title or line.id
            detail = f"Nobody has said which article {called or place + 1} is"
            return Fault(SKU_MISSING, detail, f"/lines/{place}/sku")
    return None


def _unfit(todo: Todo, message: Order, fault: Fault, order_id: UUID | None = None) -> Outcome:
    """Return that somebody has to see an order; its channel may still name the article it lacks."""
    unnamed = next((line.article for line in message.lines if not line.sku), "")
    waits = fault.code == SKU_MISSING and unnamed
    key = name_key(todo.pending.channel, unnamed) if waits else ""
    return outcome_of(todo, "quarantined", fault, order_id=order_id, waits_for=key)


def wish_of(todo: Todo, message: Order) -> PlaceOrder:
    """Return a message as the wish it is."""
    return PlaceOrder(
        channel=todo.pending.channel,
        source_id=message.source_id,
        placed_at=message.event_at,
        buyer=message.buyer,
        ship_to=message.ship_to or message.ship_near,
        lines=[
            LineWish(
                sku=line.sku,
                quantity=line.quantity,
                method=line.method,
                store=line.store,
                unit_price_milli=line.unit_price_milli,
                attributions=list(line.attributions),
            )
            for line in message.lines
        ],
        service=message.service,
        shipping_minor=message.shipping_minor,
        coupons=list(message.coupons),
        tenders=list(message.tenders),
        stops=list(message.stops),
        locale=message.locale,
    )


async def _adopted(tx: Tx, waiting: Mapping[Source, Sequence[Todo]]) -> Known:
    """Return orders that came another way under the channel's own number, with no standing yet.

    Their lines are called as a message of the same articles calls them, else by their place.
    """
    sources = list(waiting)
    if not sources:
        return {}
    book = await organization.book(tx)
    ids = {book.channel(code).id: code for code in {channel for channel, _ in sources}}
    by_code = {code: id for id, code in ids.items()}
    found = await orders.find_by_source(
        tx, [by_code[channel] for channel, _ in sources], [number for _, number in sources]
    )
    states = await orders.list_states(tx, [order_id for order_id, _ in found.values()])
    known: Known = {}
    for (channel_id, number), (order_id, _) in found.items():
        own = [line for line in states[order_id].lines if line.parent_line_id is None]
        original = [line for line in own if not line.amendment_no]
        names = tuple(str(place) for place, _ in enumerate(original, 1))
        part_of, parts = "", 0
        for one in waiting[ids[channel_id], number]:
            told = one.message
            if isinstance(told, Order) and [x.sku for x in told.lines] == [x.sku for x in original]:
                names, part_of, parts = names_of(told), told.part_of, told.parts or 0
        standing = Standing(names=names, part_of=part_of, parts=parts)
        known[ids[channel_id], number] = order_id, standing
    return known


async def _change(tx: Tx, todo: Todo, known: Known, told: Known) -> Outcome:
    """Bring an order to what a message says, whole or not at all."""
    order_id, standing = known[todo.source]
    if isinstance(todo.message, Order):
        channel = (await organization.book(tx)).channel(todo.pending.channel)
        if (fault := unfit(todo.message, channel)) is not None:
            return _unfit(todo, todo.message, fault, order_id)
    try:
        async with tx.savepoint():
            after = await _apply(tx, todo, order_id, standing)
    except Refusal as refusal:
        return refused(todo, refusal, order_id=order_id)
    if isinstance(after, Fault):
        state = "outdated" if after in (OVERTAKEN, CANCELLED) else "parked"
        return outcome_of(todo, state, after, order_id=order_id)
    known[todo.source] = told[todo.source] = order_id, after
    return outcome_of(todo, "applied", order_id=order_id)


async def _apply(tx: Tx, todo: Todo, order_id: UUID, standing: Standing) -> Standing | Fault:
    message = todo.message
    if standing.cancelled:
        return CANCELLED
    if isinstance(message, Cancellation):
        return await cancel_rest(tx, todo, order_id, standing, message.reason)
    if isinstance(message, PaymentEvent):
        return await settle(tx, todo, order_id, standing, message)
    if not isinstance(message, Order | Amendment):
        raise TypeError(f"{todo.pending.kind} says nothing of an order")
    change = change_by(standing, message)
    if change is None:
        return OVERTAKEN
    if isinstance(change, LineUnknown):
        detail = f"The order has no line {change.name} yet"
        return Fault("line-missing", detail, f"/lines/{change.place}/id")
    reason = message.reason if isinstance(message, Amendment) else "changed by the channel"
    return await carry_out(tx, todo, order_id, standing, change, reason)
