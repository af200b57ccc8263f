"""Applying: what messages say is done through the doors of other modules, batch by batch.

A reaction reads MessageReceived; what it does and its cursor are saved together, so a message is
applied once however often a worker dies. What is refused leaves nothing behind and is quarantined
with the reason and the pointer to it in the record as it was received.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from crosslane.channels.adapters import FAMILIES
from crosslane.channels.domain.messages import (
    ORDER_KINDS,
    SUPPLY_KINDS,
    Message,
)
from crosslane.channels.events import MessageQuarantined, MessageReceived
from crosslane.channels.service import (
    articles,
    contacts,
    fulfillment,
    money,
    notices,
    orders,
    parts,
    prices,
    products,
    returned,
    sales,
    supply,
    voids,
)
from crosslane.channels.service.elsewhere import ELSEWHERE
from crosslane.channels.service.noticing import notice_names
from crosslane.channels.service.pending import Todo
from crosslane.channels.service.replaying import announce
from crosslane.channels.service.saying.replies import reply_to
from crosslane.channels.storage import messages
from crosslane.channels.storage.messages import Outcome, Pending
from crosslane.platform import log
from crosslane.platform.database import Tx

# As many as orders are placed in one lane batch.
APPLIED_AT_ONCE_MAX = 64
ANSWERED = ("order", "amendment", "cancellation")

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


async def apply(tx: Tx, received: Sequence[log.Logged[MessageReceived]]) -> None:
    """Apply messages, and those that were parked until one of these came."""
    found = await messages.lock_pending(tx, [logged.event.message_id for logged in received])
    sources = sorted({(one.channel, one.source_id) for one in found if one.kind in ORDER_KINDS})
    if sources:
        found += await messages.lock_parked(tx, sources)
    await apply_pending(tx, found)


async def apply_pending(tx: Tx, found: Sequence[Pending]) -> None:
    """Apply locked messages and save what became of them."""
    todo: dict[str, list[Todo]] = defaultdict(list)
    for pending in found:
        todo[_place_of(pending.kind)].append(Todo(pending, _decoder.decode(pending.canonical)))
    names = [one for one in await articles.keep_names(tx, todo["product"]) if one.sku]
    await notice_names(tx, [(one.channel, one.sku) for one in names])
    outcomes = await _apply(tx, todo)
    by_id = {one.id: one for one in found}
    outcomes = [
        _pointed(outcome, by_id[outcome.id]) if outcome.id in by_id else outcome
        for outcome in outcomes
    ]
    if outcomes:
        await messages.save_outcomes(tx, outcomes)
        await log.append(tx, _told(outcomes, by_id))
        await reply_to(tx, _answered(outcomes, by_id))
    keys = [articles.name_key(one.channel, one.name) for one in names]
    await _wake(tx, outcomes, by_id, keys + products.keys_of(todo["product"], outcomes))


async def _apply(tx: Tx, todo: Mapping[str, list[Todo]]) -> list[Outcome]:
    """Do what messages say, kind by kind: who people are and what articles are comes first."""
    outcomes = await contacts.follow(tx, todo["contact"])
    outcomes += await products.follow(tx, todo["product"])
    outcomes += await prices.follow(tx, todo["price"])
    outcomes += await sales.record(tx, todo["sale"])
    outcomes += await voids.take_back(tx, todo["void"])
    changed = await parts.follow(tx, todo["order"], orders.follow)
    changed += await parts.follow(tx, todo["return"], returned.follow)
    await money.rebalance(tx, [*todo["order"], *todo["return"]], changed)
    outcomes += changed
    outcomes += await parts.follow(tx, todo["money"], money.follow)
    outcomes += await parts.follow(tx, todo["fulfillment"], fulfillment.follow)
    outcomes += await supply.report(tx, todo["supply"])
    return outcomes + await notices.keep(tx, todo["notice"])


async def _wake(
    tx: Tx, outcomes: Sequence[Outcome], by_id: dict[UUID, Any], keys: list[str]
) -> None:
    """Announce what waits for articles, and for baskets that made no order: nobody else tells.

    Args:
        tx: open transaction.
        outcomes: what became of messages.
        by_id: the messages.
        keys: what may be waited for besides.
    """
    booked = [
        by_id[outcome.id]
        for outcome in outcomes
        if outcome.state == "applied" and outcome.return_id and not outcome.order_id
    ]
    keys = keys + [messages.source_key(one.channel, one.source_id) for one in booked]
    keys += [f"return:{one.channel}:{one.source_id}" for one in booked if one.kind == "return"]
    keys += [
        messages.source_key(one.channel, one.source_id)
        for outcome in outcomes
        if outcome.state == "applied" and (one := by_id.get(outcome.id)) and _amends(one)
    ]
    keys += [
        messages.source_key(one.channel, one.source_id)
        for outcome in outcomes
        if outcome.code == ELSEWHERE.code and (one := by_id.get(outcome.id)) and one.kind == "order"
    ]
    if keys:
        await announce(tx, await messages.lock_waiting(tx, keys))


def _answered(
    outcomes: Sequence[Outcome], by_id: Mapping[UUID, Pending]
) -> list[tuple[UUID, UUID, str]]:
    """Return what channels expect a reply to: orders that were placed, changed or called off."""
    return [
        (one.id, order_id, one.trace)
        for outcome in outcomes
        if outcome.state == "applied"
        and outcome.order_id
        and (one := by_id.get(outcome.id))
        and one.kind in ANSWERED
        for order_id in outcome.part_ids or (outcome.order_id,)
    ]


def _amends(one: Pending) -> bool:
    return one.kind in ("order", "amendment") and one.source_version > 1


def _place_of(kind: str) -> str:
    if kind in ORDER_KINDS:
        return "order"
    return "supply" if kind in SUPPLY_KINDS else kind


def _pointed(outcome: Outcome, pending: Pending) -> Outcome:
    """Let a pointer lead into the record as it was received."""
    if not outcome.pointer:
        return outcome
    family = FAMILIES.get(pending.format)
    if family is None:  # its package was removed since
        return outcome
    return msgspec.structs.replace(outcome, pointer=family.point(outcome.pointer))


def _told(outcomes: Sequence[Outcome], by_id: dict[UUID, Any]) -> list[MessageQuarantined]:
    return [
        MessageQuarantined(
            message_id=outcome.id,
            channel=by_id[outcome.id].channel,
            source_id=by_id[outcome.id].source_id,
            code=outcome.code,
        )
        for outcome in outcomes
        if outcome.state == "quarantined"
    ]
