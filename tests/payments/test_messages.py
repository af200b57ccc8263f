"""Messages and answers of providers that come at the same moment."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook
from tests.payments.fake import WEBHOOK_SECRET, eventually
from tests.payments.shop import Shop, card

from crosslane.kernel import Refusal, new_id
from crosslane.payments import CALL, PutProvider, State, Terms, put_provider
from crosslane.payments.domain import OperationState
from crosslane.payments.provider import Answer
from crosslane.payments.service.messages import Received, receive
from crosslane.payments.service.sheet import Call, call_key
from crosslane.payments.storage import list_of_payments
from crosslane.platform.actor import SYSTEM
from crosslane.platform.effects import EffectCall
from crosslane.platform.lane import Command

LOGGED = "select trace from platform_log where subject = $1"
ASKED = """
select trace from platform_effect
where key like 'payments.capture:%' and body->>'payment_id' = $1
"""
KEPT = "select message_id from payments_message"
DONE = Answer(OperationState.DONE, "ref_1")


@pytest.fixture
async def desk(till: Shop) -> Shop:
    """A tenant with two providers whom nobody calls."""
    async with till.transaction() as tx:
        for code in ("house", "other"):
            url = "http://127.0.0.1:1"
            await put_provider(tx, PutProvider(code, "house", url, "key", WEBHOOK_SECRET))
    return till


async def authorizations(desk: Shop, *tenders) -> list[EffectCall[Call]]:
    """Open tenders; return the calls that would ask for their authorization."""
    opened = await desk.open(*tenders)
    async with desk.transaction() as tx:
        asked = await list_of_payments(tx, [each.payment_id for each in opened])
    calls = {
        o.payment_id: EffectCall(
            new_id(), call_key(o), 1, 1, desk.tenant, f"trace-{n}", Call(o.id, o.payment_id)
        )
        for n, o in enumerate(asked)
    }
    return [calls[each.payment_id] for each in opened]


def told(key: str, name: str, status: str = "succeeded", *, provider: str = "house", **header):
    """Return a signed message as it arrives."""
    said = {"key": key, "id": "ref_1", "status": status, "reason": "no money"}
    body, now = json.dumps({"operation": said}).encode(), datetime.now(UTC)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WEBHOOK_SECRET).sign(name, now, body.decode()),
    }
    return Command(str(uuid4()), SYSTEM, Received(provider, headers | header, body), trace=name)


async def take_in(desk: Shop, *messages: Command[Received]) -> list[str]:
    async with desk.transaction() as tx:
        answers = await receive(tx, messages)
    return [a.code if isinstance(a, Refusal) else a.state for a in answers]


async def state(desk: Shop, order: UUID) -> str:
    return (await desk.money(order)).tenders[0].state


async def test_messages_of_one_moment_are_judged_each_by_itself(desk: Shop):
    one, two, three = (uuid4() for _ in range(3))
    first, second, third = await authorizations(desk, card(one), card(two), card(three))
    answers = await take_in(
        desk,
        told(first.key, "1"),
        told(first.key, "1"),
        told(first.key, "2"),
        told(first.key, "3", "failed"),
        told(second.key, "4", "failed"),
        told(third.key, "5", "pending"),
        told(third.key, "6", provider="other"),
        told(third.key, "7", **{"webhook-signature": "v1,x"}),
        told(third.key, "8", "odd"),
        told("nonsense", "9"),
        told(f"payments.capture:{uuid4()}", "10"),
        told(third.key, "11", provider="nobody"),
        told("nonsense", "1", provider="other"),
    )
    assert answers == [
        *("applied", "known", "known", "contradicts", "applied", "known", "unmatched"),
        *("bad-signature", "bad-provider-message", "unmatched", "unmatched"),
        *("unknown-provider", "unmatched"),
    ]
    assert [await state(desk, order) for order in (one, two, three)] == [
        *(State.AUTHORIZED, State.DECLINED, State.PENDING)
    ]
    again = told(first.key, "4"), told(third.key, "5"), told(third.key, "12")
    assert await take_in(desk, *again) == ["known", "known", "applied"]


async def test_what_only_repeats_an_end_is_not_kept(desk: Shop):
    [call] = await authorizations(desk, card(uuid4()))
    async with desk.transaction() as tx:
        await CALL.record(tx, [call], [DONE])
    late, odd = told(call.key, "late"), told(call.key, "odd", "failed")
    assert await take_in(desk, late, late, odd) == ["known", "known", "contradicts"]
    assert await take_in(desk, late, odd) == ["known", "known"]
    async with desk.transaction() as tx:
        assert [row[0] for row in await tx.fetch(KEPT)] == ["odd"]


async def test_events_and_calls_that_follow_have_the_trace_of_their_message(desk: Shop):
    calls = await authorizations(desk, *(card(uuid4(), terms=Terms.PREPAID) for _ in range(3)))
    await take_in(desk, *(told(call.key, f"evt_{n}") for n, call in enumerate(calls[:2])))
    async with desk.transaction() as tx:
        await CALL.record(tx, calls[2:], [DONE])
    async with desk.transaction() as tx:
        for call, trace in zip(calls, ("evt_0", "evt_1", calls[2].trace), strict=True):
            subject = f"payment:{call.body.payment_id}"
            assert await tx.fetchval(LOGGED, subject) == trace
            assert await tx.fetchval(ASKED, str(call.body.payment_id)) == trace


async def somebody_waits(desk: Shop) -> bool:
    async with desk.database.connection() as other:
        return await other.fetchval("select exists (select from pg_locks where not granted)")


async def test_an_answer_that_waits_for_a_message_finds_it_known(desk: Shop):
    """The lock is of the tender, and what is read behind it is what the other one has left."""
    order = uuid4()
    [call] = await authorizations(desk, card(order))

    async def answer() -> None:
        async with desk.transaction() as tx:
            await CALL.record(tx, [call], [DONE])

    async with desk.transaction() as tx:
        await receive(tx, [told(call.key, "1")])
        waiting = asyncio.create_task(answer())
        await eventually(lambda: somebody_waits(desk))
    await waiting
    assert await desk.told(call.body.payment_id) == ["PaymentAuthorized"]
    assert (await desk.money(order)).authorized_minor == 1000


async def test_statements_do_not_grow_with_messages_and_answers(desk: Shop):
    counts = []
    for many in (1, 20):
        calls = await authorizations(desk, *(card(uuid4()) for _ in range(2 * many)))
        async with desk.transaction() as tx:
            await receive(tx, [told(call.key, f"{many}-{call.key}") for call in calls[:many]])
            taken_in = tx.statements
        async with desk.transaction() as tx:
            await CALL.prepare(tx, calls)
            prepared = tx.statements
        async with desk.transaction() as tx:
            await CALL.record(tx, calls, [DONE] * len(calls))
            counts.append((taken_in, prepared, tx.statements))
    # One of each opens the transaction; what is recorded is written by the one that ends it.
    assert counts == [(5, 2, 2)] * 2
