"""Webhooks: signed, tried again, in the order of their subjects; nobody harms anybody else."""

import asyncio
import email
import socket
import time
from datetime import timedelta

import pytest
from msgspec import json

from crosslane import engagement, publishing
from crosslane.kernel import Refusal, new_id
from crosslane.platform.actor import SYSTEM
from crosslane.platform.effects import Effect, EffectCall, EffectKind, Runner, request
from crosslane.platform.lane import Command
from crosslane.publishing.domain.trying import TRIES_MAX
from crosslane.publishing.errors import UnknownCursor
from crosslane.publishing.service import replaying, sending
from crosslane.publishing.service.turns import WINDOW_MAX
from crosslane.publishing.storage.subscriptions import LOCK_NEW
from tests.publishing.conftest import closed, placed

WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
SECRET, OTHER = publishing.new_secret(), publishing.new_secret()


async def deliver(house, *events) -> None:
    await house.happen(*events)
    await house.publish()
    await house.send()


async def deliveries(house, id, **how):
    async with house.transaction() as tx:
        return await publishing.list_deliveries(tx, id, before=2**62, limit=250, **how)


async def test_the_library_of_the_standard_verifies_what_is_sent(house, receiver):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET, kinds=("orders.*",))
    event = placed("web")
    await deliver(house, event)
    [taken] = await receiver.taken()
    [read] = (await house.read()).items
    assert taken["name"] == taken["event"]["id"] == read.id
    assert taken["event"]["type"] == "orders.order_placed"
    assert taken["event"]["data"] == read.data
    [told] = await deliveries(house, id)
    assert (told.state, told.tries, told.status, told.due_at) == ("delivered", 1, 200, None)
    assert told.took_ms is not None
    await house.sound()


async def test_a_changed_secret_is_good_beside_the_former(house, receiver):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET)
    rotated = await house.submit(
        publishing.ROTATE,
        publishing.RotateSecret(id=id, secret_id=new_id(), secret=OTHER, overlap_hours=1),
    )
    assert rotated.former_until is not None
    for secret in (SECRET, OTHER):
        await receiver.behave(secret=secret)
        await deliver(house, closed())
        [taken] = await receiver.taken()
        assert taken["status"] == 200
    third = publishing.new_secret()
    await house.submit(
        publishing.ROTATE,
        publishing.RotateSecret(id=id, secret_id=new_id(), secret=third, overlap_hours=0),
    )
    await receiver.behave(secret=OTHER)
    await deliver(house, closed())
    [taken] = await receiver.taken()
    assert "refused" in taken
    assert len(taken["signatures"].split()) == 1
    await house.sound()


async def test_a_subscription_is_told_of_what_it_wants(house, receiver):
    await receiver.behave(secret=SECRET)
    web = await house.subscribe(receiver.url, SECRET, channels=("web",))
    finch = await house.subscribe(receiver.url, SECRET, brands=("finch",))
    kinds = await house.subscribe(receiver.url, SECRET, kinds=("orders.order_closed",))
    await deliver(house, placed("web"), placed("app"), closed())
    for id, types in (
        (web, ["orders.order_placed"]),
        (finch, ["orders.order_placed"]),
        (kinds, ["orders.order_closed"]),
    ):
        assert [one.event for one in await deliveries(house, id)] == types
    channels = [taken["event"].get("channel") for taken in await receiver.taken()]
    assert sorted(str(one) for one in channels) == ["None", "app", "web"]
    await house.sound()


async def test_what_fails_is_tried_again_and_keeps_back_only_its_subject(house, receiver):
    bad, good = new_id(), new_id()
    await receiver.behave(secret=SECRET, refuse=[f"order:{bad}"])
    id = await house.subscribe(receiver.url, SECRET)
    await deliver(house, closed(bad), closed(good), closed(bad), closed(good))
    tried = [(one["event"]["subject"], one["status"]) for one in await receiver.taken()]
    assert sorted(tried) == sorted(
        [(f"order:{bad}", 500), (f"order:{good}", 200), (f"order:{good}", 200)]
    )
    waiting = await deliveries(house, id, state="waiting")
    assert [one.tries for one in waiting] == [0, 1]
    assert waiting[0].due_at >= waiting[1].due_at
    await house.sound()
    await receiver.behave(secret=SECRET, refuse=[])
    await house.send(3, hurry=True)
    sequence = [int(one["event"]["sequence"]) for one in await receiver.taken()]
    assert sequence == [1, 2]
    shown = await house.shown(id)
    assert (shown.waiting, shown.delivered, shown.failing_since) == (0, 4, None)
    await house.sound()


async def test_a_delivery_is_given_up_and_the_next_goes_on(house, receiver):
    subject = new_id()
    await receiver.behave(secret=SECRET, status=500, body="x" * 5_000)
    id = await house.subscribe(receiver.url, SECRET)
    await deliver(house, closed(subject))
    await house.send(TRIES_MAX - 1, hurry=True)
    [given_up] = await deliveries(house, id)
    assert (given_up.state, given_up.tries, given_up.reason) == ("failed", 8, "HTTP 500")
    async with house.transaction() as tx:
        shown = await publishing.show_delivery(tx, id, given_up.id)
    assert [attempt.no for attempt in shown.attempts] == list(range(1, 9))
    assert {len(attempt.answer) for attempt in shown.attempts} == {sending.ANSWER_BYTES_MAX}
    assert shown.payload is not None
    await receiver.behave(secret=SECRET)
    await deliver(house, closed(subject))
    await house.send(1, hurry=True)
    assert [one["event"]["sequence"] for one in await receiver.taken()] == ["2"]
    await house.sound()


async def test_a_receiver_that_is_down_rests_and_then_gets_everything(house, receiver):
    await receiver.behave(secret=SECRET, status=503)
    id = await house.subscribe(receiver.url, SECRET)
    await deliver(house, *(closed() for _ in range(20)))
    shown = await house.shown(id)
    assert shown.rest_until is not None
    assert shown.waiting == 20
    assert len(await receiver.taken()) < 20  # it is not asked for all of them
    await house.send(1)
    assert len(await receiver.taken()) < 20  # nor again while it rests
    await receiver.behave(secret=SECRET)
    await house.send(2, hurry=True)
    assert len(await receiver.taken()) == 20
    shown = await house.shown(id)
    assert (shown.waiting, shown.rest_until) == (0, None)
    await house.sound()


async def test_who_is_down_for_days_is_disabled_and_goes_on_where_it_stopped(house, receiver):
    await receiver.behave(secret=SECRET, status=500)
    id = await house.subscribe(receiver.url, SECRET, description="ERP")
    await deliver(house, closed(), closed())
    await house.execute(
        "update publishing_subscription set failing_since = failing_since - interval '3 days'"
    )
    await house.send(1, hurry=True)
    shown = await house.shown(id)
    assert (shown.state, shown.cause) == ("disabled", "failing")
    await house.happen(closed())
    await house.publish()
    await house.send()
    told = [one.type for one in (await house.read()).items]
    assert "publishing.subscription_disabled" in told
    await receiver.behave(secret=SECRET)
    await house.submit(publishing.CHANGE, publishing.ChangeSubscription(id=id, active=True))
    await house.send(3, hurry=True)
    assert len(await receiver.taken()) == len(told)
    await house.sound()


async def test_administrators_are_told_by_letter(house, receiver):
    from crosslane.engagement.service.posting import use_settings
    from crosslane.platform.settings import read_settings

    use_settings(
        read_settings({"CROSSLANE_SECRET_KEY": "ab" * 32, "CROSSLANE_SMTP_URL": "smtp://nowhere"})
    )
    await receiver.behave(secret=SECRET, status=410)
    id = await house.subscribe(receiver.url, SECRET, description="ERP")
    await house.execute(
        "insert into platform_account (id, email, password, role, created_at)"
        " values (gen_random_uuid(), 'ada@example.com', '', 'admin', now()),"
        " (gen_random_uuid(), 'bob@example.com', '', 'manager', now())"
    )
    await deliver(house, closed())
    assert (await house.shown(id)).cause == "gone"
    await house.publish()
    kind = engagement.TELL_ADMINISTRATOR
    [(key, body)] = await house.fetch(
        "select key, body from platform_effect where kind = $1", kind.name
    )
    call = EffectCall(new_id(), key, 1, 1, house.tenant, "", json.decode(body, type=kind.body))
    async with house.transaction() as tx:
        [letter] = await kind.prepare(tx, [call])
    assert letter.email == "ada@example.com"
    text = email.message_from_bytes(letter.mail).get_payload(0).get_payload(decode=True).decode()
    assert "ERP" in text
    assert f"/office/machine/webhooks/{id}" in text


async def test_a_pause_loses_nothing_unless_it_is_to(house, receiver):
    await receiver.behave(secret=SECRET)
    kept = await house.subscribe(receiver.url, SECRET)
    skipped = await house.subscribe(receiver.url, SECRET)
    for id in (kept, skipped):
        await house.submit(publishing.CHANGE, publishing.ChangeSubscription(id=id, active=False))
    await deliver(house, closed(), closed())
    assert await receiver.taken() == []
    for id in (kept, skipped):
        change = publishing.ChangeSubscription(id=id, active=True, skip_missed=id == skipped)
        await house.submit(publishing.CHANGE, change)
    await house.send()
    assert len(await deliveries(house, kept)) == 2
    assert await deliveries(house, skipped) == []
    await house.sound()


async def test_a_backlog_is_bounded_and_nothing_of_it_lost(house, receiver, monkeypatch):
    monkeypatch.setattr("crosslane.publishing.service.turns.WINDOW_MAX", 30)
    await receiver.behave(secret=SECRET, status=503)
    id = await house.subscribe(receiver.url, SECRET)
    await deliver(house, *(closed() for _ in range(100)))
    shown = await house.shown(id)
    assert (shown.waiting, shown.behind) == (30, 70)
    await house.sound()
    await receiver.behave(secret=SECRET)
    await house.send(8, hurry=True)
    names = [one["name"] for one in await receiver.taken()]
    assert len(names) == len(set(names)) == 100
    await house.sound()
    assert WINDOW_MAX >= sending.TURN_DELIVERIES_MAX


async def test_one_is_sent_again_and_a_time_is_replayed(house, receiver):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET, kinds=("orders.*",))
    await deliver(house, closed(), placed("web"))
    first = (await deliveries(house, id))[-1]
    await house.submit(publishing.RESEND, publishing.Resend(id, first.id, new_id()))
    await house.send(1, hurry=True)
    names = [one["name"] for one in await receiver.taken()]
    assert names.count(first.event_id) == 2
    since, until = first.at - timedelta(seconds=1), first.at + timedelta(days=1)
    wish = publishing.Replay(subscription_id=id, since=since, until=until, kinds=("orders.*",))
    assert await house.submit(publishing.REPLAY, wish) == publishing.Replayed(2, None)
    await house.send(1, hurry=True)
    assert len(await receiver.taken()) == 5
    again = [one.cause for one in await deliveries(house, id)]
    assert again == ["replay", "replay", "resend", "event", "event"]
    await house.sound()


async def test_a_replay_in_pieces_leaves_nothing_out_and_keeps_the_order_of_a_subject(
    house, receiver, monkeypatch
):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET)
    both = [new_id(), new_id(), new_id()]
    await deliver(house, *(closed(one) for one in both))
    await deliver(house, *(closed(one) for one in both))
    # Who begins first may end last: what comes later in the stream was recorded earlier.
    await house.execute("update publishing_event set at = at - interval '1 min' where place > 3")
    [(since, until)] = await house.fetch(
        "select min(at), max(at) + interval '1 s' from publishing_event"
    )
    monkeypatch.setattr(replaying, "REPLAYED_AT_ONCE_MAX", 2)
    pieces, after = [], ""
    while after is not None:
        wish = publishing.Replay(subscription_id=id, since=since, until=until, after=after)
        done = await house.submit(publishing.REPLAY, wish)
        pieces.append(done.events)
        after = done.next_after
    assert pieces == [2, 2, 2, 0]
    told = [one for one in await deliveries(house, id) if one.cause == "replay"]
    assert len({one.event_id for one in told}) == len(told) == 6
    for subject in {one.subject for one in told}:
        # The latest first.
        names = [one.event_id for one in told if one.subject == subject]
        assert names == sorted(names, key=lambda name: -int(name.rpartition("_")[2]))
    astray = publishing.Replay(subscription_id=id, since=since, until=until, after="nonsense")
    with pytest.raises(UnknownCursor):
        await house.submit(publishing.REPLAY, astray)


async def test_the_most_subscriptions_are_kept_to_when_two_come_at_once(
    house, receiver, monkeypatch
):
    monkeypatch.setattr("crosslane.publishing.service.subscribing.SUBSCRIPTIONS_MAX", 1)

    async def subscribe() -> str:
        told = {"description": "", "kinds": (), "channels": (), "brands": ()}
        url = receiver.url
        wish = publishing.Subscribe(id=new_id(), secret=SECRET, url=url, **told)
        try:
            # Another process has a lane of its own.
            async with house.transaction() as tx:
                await publishing.SUBSCRIBE.handle(tx, [Command(str(new_id()), SYSTEM, wish)])
        except Refusal as refusal:
            return refusal.code
        return ""

    async with house.transaction() as tx:
        await tx.execute(LOCK_NEW)
        waiting = [asyncio.create_task(subscribe()) for _ in range(2)]
        async with asyncio.timeout(30):
            while await tx.fetchval(WAITING) < 2:  # noqa: ASYNC110 - the server knows it alone
                await asyncio.sleep(0.005)
    answers = await asyncio.gather(*waiting)
    assert sorted(answers) == ["", "too-many-subscriptions"]


async def test_what_cannot_be_is_refused(house, receiver):
    async def refused(kind, wish) -> str:
        try:
            await house.submit(kind, wish)
        except Refusal as refusal:
            return refusal.code
        return ""

    id = await house.subscribe(receiver.url, SECRET)
    change = publishing.ChangeSubscription
    for told, code in (
        ({"url": "ftp://example.com"}, "bad-address"),
        ({"url": "https://me:secret@example.com"}, "bad-address"),
        ({"url": "https://exa mple.com"}, "bad-address"),
        ({"url": "http://10.1.2.3/x"}, "private-target"),
        ({"kinds": ["orders.*", "nothing.*"]}, "unknown-event-kind"),
        ({"channels": ["nowhere"]}, "unknown-channel"),
        ({"brands": ["nobody"]}, "unknown-brand"),
        ({"version": 7}, "stale"),
    ):
        assert await refused(publishing.CHANGE, change(id=id, **told)) == code
    assert await refused(publishing.PING, publishing.Ping(new_id(), new_id())) == (
        "no-such-subscription"
    )
    await house.submit(publishing.CHANGE, change(id=id, active=False))
    assert await refused(publishing.PING, publishing.Ping(id, new_id())) == "not-active"
    resend = publishing.Resend(id, new_id(), new_id())
    assert await refused(publishing.RESEND, resend) == "not-active"


async def test_a_ping_is_sent_and_shown(house, receiver):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET)
    ping = publishing.Ping(id, new_id())
    await house.submit(publishing.PING, ping)
    await house.send()
    [taken] = await receiver.taken()
    assert taken["event"]["type"] == "publishing.ping"
    assert taken["event"]["data"] == {"subscription_id": str(id)}
    [told] = await deliveries(house, id)
    assert (told.id, told.cause, told.state) == (ping.delivery_id, "ping", "delivered")
    async with house.transaction() as tx:
        assert (await publishing.show_delivery(tx, id, told.id)).payload is not None
    await house.sound()


async def test_a_turn_whose_worker_died_is_sent_again_under_the_same_name(house, receiver):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET)
    await house.happen(closed())
    await house.publish()
    kind = publishing.DELIVER
    [(body,)] = await house.fetch("select body from platform_effect where kind = $1", kind.name)
    call = EffectCall(new_id(), "k", 1, 1, house.tenant, "", json.decode(body, type=kind.body))
    async with house.transaction(read_only=True) as tx:
        [turn] = await kind.prepare(tx, [call])
    await kind.call(call, turn)  # and nobody hears what came of it
    await house.send()
    first, again = await receiver.taken()
    assert first["name"] == again["name"]
    [told] = await deliveries(house, id)
    assert (told.state, told.tries) == ("delivered", 1)
    await house.sound()


class Nothing(publishing.RemoveSubscription, frozen=True):
    """The body of a call that is not ours."""


async def test_receivers_that_say_nothing_do_not_keep_other_calls_waiting(house, monkeypatch):
    """Twenty receivers take a connection and never answer; a call of another kind gets through."""
    monkeypatch.setattr("crosslane.platform.outbound_http.ANSWER_SECONDS_MAX", 1.0)
    silent = socket.create_server(("127.0.0.1", 0))  # nobody accepts what is connected
    port = silent.getsockname()[1]
    done: list[float] = []

    async def call(call, given) -> None:
        done.append(time.monotonic())

    async def record(tx, calls, results) -> None: ...

    other = EffectKind("publishing.other", Nothing, call, record)
    house.runner = Runner(house.database, [publishing.DELIVER, other])
    for no in range(20):
        await house.subscribe(f"http://127.0.0.1:{port}/{no}", SECRET)
    await house.happen(closed())
    await house.publish()
    async with house.transaction() as tx:
        await request(tx, [Effect("other", "publishing.other", Nothing(new_id()))])
    begun_at_once = await house.runner.start_due(house.tenant)
    assert begun_at_once in (sending.TURNS_AT_ONCE_MAX, sending.TURNS_AT_ONCE_MAX + 1)
    begun = time.monotonic()
    while not done:
        await house.runner.start_due(house.tenant)
        await asyncio.sleep(0)
    assert house.runner.is_idle  # most slots are free while eight receivers are waited for
    assert done[0] > begun
    await house.runner.drain()
    silent.close()


@pytest.mark.parametrize("stage", ["before", "after"])
async def test_a_turn_that_was_replaced_sends_nothing(house, receiver, stage):
    await receiver.behave(secret=SECRET)
    id = await house.subscribe(receiver.url, SECRET)
    await house.happen(closed())
    await house.publish()
    if stage == "after":
        await house.send()
    sent = len(await receiver.taken())
    await house.execute("update publishing_subscription set turn_no = turn_no + 1")
    await house.send(1, hurry=True)
    assert len(await receiver.taken()) == sent == (stage == "after")
    assert (await house.shown(id)).waiting == (stage == "before")
