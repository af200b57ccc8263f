"""The effect that sends a turn: some deliveries of one subscription, those of a subject in order.

Signed as Standard Webhooks say, by every secret that is good. A turn that is lost between the call
and our commit is sent again: receivers know an event by its ``webhook-id``.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crosslane.platform import log, outbound
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind
from crosslane.publishing.domain.trying import TRIES_MAX, Attempt, after_turn, due_again
from crosslane.publishing.events import SubscriptionDisabled
from crosslane.publishing.service.telling import ping, written
from crosslane.publishing.service.turns import EFFECT_KIND, SendTurn, advance
from crosslane.publishing.storage import deliveries, subscriptions
from crosslane.publishing.storage.deliveries import Delivery
from crosslane.publishing.storage.subscriptions import Subscription

TURN_DELIVERIES_MAX = 200
AT_ONCE_MAX = 8
# Nothing new is begun after this; what is under way takes some seconds more.
BEGIN_SECONDS_MAX = 8.0
TURN_SECONDS_MAX = 25.0
# Of a receiver that fails this often and takes nothing no more is asked in a turn.
FAILURES_MAX = 4
ANSWER_BYTES_MAX = 1_024
REASON_CHARACTERS_MAX = 200
# Most turns of a tenant under way in one worker: its other calls go on, whoever is slow.
TURNS_AT_ONCE_MAX = 8


class Item(msgspec.Struct, frozen=True):
    """One delivery ready to be sent; no body when its event is not kept any more."""

    delivery_id: UUID
    event_id: str
    subject: str
    no: int
    body: bytes | None


class Turn(msgspec.Struct, frozen=True):
    """What is sent to one receiver.

    Args:
        url: where to.
        secrets: what it is signed with, the newest first.
        items: what, in order.
    """

    url: str
    secrets: list[str]
    items: list[Item]


Attempts = dict[UUID, Attempt]


async def prepare(tx: Tx, calls: Sequence[EffectCall[SendTurn]]) -> list[Turn | None]:
    """Return what each turn sends, None for one that is not its subscription's present one."""
    ids = [call.body.subscription_id for call in calls]
    known = await subscriptions.find_subscriptions(tx, ids)
    present = {
        call.body.subscription_id
        for call in calls
        if (one := known.get(call.body.subscription_id)) is not None
        and one.state == "active"
        and one.turn_no == call.body.turn_no
    }
    due = await deliveries.list_due(tx, list(present), TURN_DELIVERIES_MAX)
    secrets = await subscriptions.list_secrets(tx, list(present))
    events = [one for sent in due.values() for one in sent if one.cause != "ping"]
    bodies = {id: msgspec.json.encode(event) for id, event in (await written(tx, events)).items()}
    pings = (one for sent in due.values() for one in sent if one.cause == "ping")
    bodies |= {one.event_id: msgspec.json.encode(ping(tx, one)) for one in pings}
    return [
        Turn(known[id].url, secrets[id], [_item(one, bodies) for one in due[id]])
        if id in present
        else None
        for id in ids
    ]


def _item(one: Delivery, bodies: Mapping[str, bytes]) -> Item:
    body = bodies.get(one.event_id)
    no = one.tries + 1 if body is not None else max(one.tries + 1, TRIES_MAX)
    return Item(one.id, one.event_id, one.subject, no, body)


async def send(call: EffectCall[SendTurn], turn: Turn | None) -> Attempts | None:
    """Send a turn: subjects side by side, the deliveries of each one after the other."""
    del call
    if turn is None:
        return None
    by_subject: dict[str, list[Item]] = defaultdict(list)
    for item in turn.items:
        by_subject[item.subject].append(item)
    sender = _Sender(turn)
    chains = iter(by_subject.values())

    async def work() -> None:
        for chain in chains:
            await sender.follow(chain)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE_MAX, len(by_subject))):
            group.create_task(work())
    return sender.attempts


class _Sender:
    """Sends the deliveries of one turn, and stops when there is no use in it."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._begun = time.monotonic()
        self.attempts: Attempts = {}

    async def follow(self, chain: Sequence[Item]) -> None:
        """Send the deliveries of a subject until one fails."""
        for item in chain:
            if not self._goes_on():
                return
            attempt = self.attempts[item.delivery_id] = await _try(self._turn, item)
            if not attempt.ok:
                return

    def _goes_on(self) -> bool:
        tried = self.attempts.values()
        hopeless = len(tried) >= FAILURES_MAX and not any(attempt.ok for attempt in tried)
        return not hopeless and time.monotonic() < self._begun + BEGIN_SECONDS_MAX


async def _try(turn: Turn, item: Item) -> Attempt:
    at, begun = datetime.now(UTC), time.monotonic()
    status, reason, answer, after_seconds = None, "", "", None
    try:
        if item.body is None:
            raise outbound.NoReply("the event is not kept any more")
        reply = await post(turn.url, item.event_id, item.body, turn.secrets, at)
        status, answer = reply.status, _shown(reply.body)
        reason = "" if 200 <= status < 300 else f"HTTP {status}"
    except outbound.NoReply as silence:
        reason, status = str(silence)[:REASON_CHARACTERS_MAX], silence.status
        after_seconds = silence.after_seconds
    return Attempt(
        no=item.no,
        at=at,
        took_ms=round((time.monotonic() - begun) * 1_000),
        status=status,
        reason=reason,
        answer=answer,
        after_seconds=after_seconds,
    )


def signed_headers(name: str, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks: one signature by each secret that is good."""
    from standardwebhooks import Webhook

    signatures = [Webhook(secret).sign(name, at, body.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def post(
    url: str, name: str, body: bytes, secrets: Sequence[str], at: datetime
) -> outbound.Reply:
    """Post one signed event.

    Raises:
        NoReply: as :func:`crosslane.platform.outbound.call`.
    """
    told = urlsplit(url)
    return await outbound.call(
        f"{told.scheme}://{told.netloc}",
        "POST",
        f"{told.path or '/'}?{told.query}" if told.query else told.path or "/",
        headers=signed_headers(name, body, secrets, at),
        content=body,
        answer_bytes_max=ANSWER_BYTES_MAX,
        cut=True,
    )


def _shown(answer: bytes) -> str:
    return answer.decode("utf-8", "replace").replace("\0", "�")


async def record(
    tx: Tx, calls: Sequence[EffectCall[SendTurn]], results: Sequence[Attempts | None]
) -> None:
    """Save what became of turns, and ask for the next ones."""
    turns = {
        call.body.subscription_id: (call, attempts)
        for call, attempts in zip(calls, results, strict=True)
        if attempts is not None
    }
    locked = await subscriptions.lock_subscriptions(tx, list(turns))
    await _settle(tx, {id: a for _, attempts in turns.values() for id, a in attempts.items()})
    ended: list[Subscription] = []
    disabled: list[tuple[EffectCall[SendTurn], SubscriptionDisabled]] = []
    for id, before in locked.items():
        call, attempts = turns[id]
        after = _after(before, call.body.turn_no, attempts, tx.now)
        ended.append(after)
        if after.state == "disabled" and before.state == "active":
            disabled.append((call, _disabled(after)))
    await deliveries.hurry(tx, [one.id for one in ended if _has_recovered(locked[one.id], one)])
    active = await advance(tx, ended, pausing=True)
    saved = {one.id for one in active}
    await subscriptions.save_turns(tx, [one for one in ended if one.id not in saved])
    await log.append(tx, [event for _, event in disabled], [call for call, _ in disabled])


def _after(before: Subscription, turn_no: int, attempts: Attempts, now: datetime) -> Subscription:
    """Return a subscription after a turn of it."""
    health = after_turn(before.health, list(attempts.values()), now)
    told = {
        "failures": health.failures,
        "failing_since": health.failing_since,
        "rest_until": health.rest_until,
    }
    if before.turn_no == turn_no:
        told["turn_at"] = None
    if before.state == "active" and health.disabled:
        told |= {"state": "disabled", "cause": health.disabled}
    return msgspec.structs.replace(before, **told)


def _has_recovered(before: Subscription, after: Subscription) -> bool:
    return before.failures > 0 and after.failures == 0


def _disabled(one: Subscription) -> SubscriptionDisabled:
    assert one.failing_since is not None  # noqa: S101 - nobody is disabled without a failure
    return SubscriptionDisabled(
        subscription_id=one.id, cause=one.cause, failing_since=one.failing_since
    )


async def _settle(tx: Tx, attempts: Attempts) -> None:
    """Save tries, and what they make of their deliveries."""
    await deliveries.insert_attempts(tx, attempts)
    again = {id: None if a.ok else due_again(a, tx.now) for id, a in attempts.items()}
    states = [
        "delivered" if a.ok else "failed" if again[id] is None else "waiting"
        for id, a in attempts.items()
    ]
    tries = [attempt.no for attempt in attempts.values()]
    await deliveries.settle(tx, list(attempts), states, tries, list(again.values()))


async def give_up(tx: Tx, calls: Sequence[EffectCall[SendTurn]], reasons: Sequence[str]) -> None:
    """Go on with subscriptions whose turn came to nothing through no fault of their receivers."""
    del reasons
    turns = {call.body.subscription_id: call.body.turn_no for call in calls}
    locked = await subscriptions.lock_subscriptions(tx, list(turns))
    ended = [_after(one, turns[id], {}, tx.now) for id, one in locked.items()]
    await advance(tx, ended, pausing=True)


DELIVER = EffectKind(
    EFFECT_KIND,
    body=SendTurn,
    call=send,
    record=record,
    dead=give_up,
    prepare=prepare,
    timeout_seconds=TURN_SECONDS_MAX,
    slots_max=TURNS_AT_ONCE_MAX,
)
