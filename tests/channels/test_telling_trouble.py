"""What goes wrong between us and a channel that is told things: nothing is lost, or said twice."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from crosslane.channels import FAMILIES, Family
from crosslane.channels.adapters.orders_jsonl import ORDERS_JSONL
from crosslane.channels.adapters.telling import (
    Busy,
    Later,
    Outcome,
    Rate,
    Refused,
    Telling,
    json_call,
)
from crosslane.channels.service.outgoing import RESEND, Resend, list_standings, told
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from tests.channels.bazaar import order
from tests.channels.partner import Partner
from tests.channels.talking import EFFECTS, Talking, allowed, open_talking
from tests.orders.world import set_policy

network = pytest.fixture(allowed)


@pytest.fixture
def partner(network) -> Iterator[Partner]:
    started = Partner()
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str) -> Talking:
    return await open_talking(database, tenant)


async def standing(talking: Talking):
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        (found,) = await list_standings(tx)
    return found


async def test_a_worker_that_dies_between_call_and_record_tells_nothing_twice(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.settle()
    await talking.tell(order("B-1"))

    class Dies(Runner):
        """A worker that is gone once the partner has answered."""

        async def save(self, ending):
            raise asyncio.CancelledError

    dying = Dies(talking.database, EFFECTS)
    dying._saver.save = dying.save
    assert await dying.start_due(talking.tenant)
    await dying.drain()
    assert [told["type"] for told in partner.lines()] == ["order_reply"]
    assert await talking.said() == [("order_reply", "waiting")]
    # What is said meanwhile is told by the next turn, not by the one that is taken over.
    await talking.tell(order("B-2"))
    await talking.hurry()
    await talking.settle()
    asked = partner.asked()
    assert asked[0] == asked[1]
    assert [told["order"] for told in partner.lines()] == ["B-1", "B-2"]
    assert await talking.said() == [("order_reply", "told")] * 2


async def test_a_lost_answer_is_asked_for_again(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("error_after")
    await talking.sell(order("B-1"))
    (waiting,) = await talking.outgoing()
    assert (waiting.state, waiting.code, waiting.tries) == ("waiting", "failed", 1)
    await talking.hurry()
    await talking.settle()
    assert [told["order"] for told in partner.lines()] == ["B-1"]
    assert len(partner.asked()) == 2


async def test_a_channel_that_is_away_costs_no_try(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.kill()
    await talking.sell(order("B-1"), order("B-2"))
    for _ in range(3):
        await talking.hurry()
        await talking.settle()
    assert [(one.state, one.tries) for one in await talking.outgoing()] == [("waiting", 0)] * 2
    now = await standing(talking)
    assert (now.waiting, now.code, now.failures) == (2, "no-answer", 4)


async def test_a_channel_that_is_busy_is_left_alone(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.say(429)
    await talking.sell(order("B-1"))
    (one,) = await talking.outgoing()
    assert (one.state, one.code, one.tries) == ("waiting", "busy", 0)
    assert len(partner.asked()) == 1
    await talking.settle()
    assert len(partner.asked()) == 1
    await talking.hurry()
    await talking.settle()
    assert await talking.said() == [("order_reply", "told")]
    assert (await standing(talking)).code == ""


async def test_who_is_not_let_in_tries_again_with_another_token(talking, partner):
    await talking.connect(f"{partner.url}/inbox", token="of another")
    await talking.sell(order("B-1"))
    assert (await standing(talking)).code == "not-let-in"
    await talking.hurry()
    await talking.connect(f"{partner.url}/inbox")
    await talking.settle()
    assert await talking.said() == [("order_reply", "told")]


async def test_what_was_refused_is_told_again_by_a_persons_wish(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("refuse")
    await talking.sell(order("B-1"))
    (one,) = await talking.outgoing()
    assert (one.state, one.code) == ("refused", "answer-422")
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        shown = await told(tx, one.id)
    assert [said.status for said in shown.said] == [422]
    assert "B-1" in shown.said[0].sent
    wish = Resend(channel="bazaar", code="answer-422")
    assert (await talking.lanes.run(talking.tenant, RESEND, "r1", wish)).messages == 1
    await talking.settle()
    assert await talking.said() == [("order_reply", "told")]
    wish = Resend(outgoing_ids=(one.id,))
    with pytest.raises(Exception, match="only what was refused"):
        await talking.lanes.run(talking.tenant, RESEND, "r2", wish)


@pytest.fixture
def shop(monkeypatch) -> dict:
    """A family whose tellers are the test's own; by kind, what each does."""
    tells: dict = {}

    def teller(kind):
        def tell(messages, talk):
            return (yield from tells[kind](messages, talk))

        return tell

    family = Family(
        name="corner-shop",
        brings=ORDERS_JSONL.brings,
        read=ORDERS_JSONL.read,
        media_types=ORDERS_JSONL.media_types,
        counts=True,
        tells={
            "order_reply": Telling(tell=teller("order_reply")),
            "money": Telling(tell=teller("money")),
        },
        rate=Rate(burst=2, per_second=20),
        settings={"partner": "its number"},
        lacks={"amendment": "its money is given back instead"},
    )
    monkeypatch.setitem(FAMILIES.load(), family.name, family)
    return tells


def ask(messages, talk):
    answer = yield json_call("GET", "health", headers={"authorization": talk.secret})
    return [Outcome(learnt={"reply:1": answer.document()["status"]})]


async def test_two_workers_keep_one_pace(talking, partner, shop):
    made = []

    def told_when(messages, talk):
        yield from ask(messages, talk)
        made.append(time.monotonic())
        return [Outcome()]

    shop["order_reply"] = told_when
    await talking.connect(partner.url, format="corner-shop", delivery="call")
    await talking.tell(*(order(f"B-{n}") for n in range(12)), format="corner-shop")
    other = Runner(talking.database, EFFECTS)
    began = time.monotonic()
    while [s for _, s in await talking.said() if s == "waiting"]:
        await asyncio.gather(
            talking.runner.start_due(talking.tenant), other.start_due(talking.tenant)
        )
        await asyncio.gather(talking.runner.drain(), other.drain())
    # Two at once and twenty a second: ten more take half a second.
    assert max(made) - began >= 0.5
    assert len(made) == 12


async def test_what_a_family_lacks_is_shown_and_what_it_knows_is_said_again(talking, partner, shop):
    seen = []

    def remember(messages, talk):
        (one,) = messages
        seen.append((one.message.outcome, dict(one.known), one.order.source_id))
        return (yield from ask(messages, talk))

    shop["order_reply"] = remember
    shop["money"] = ask
    await talking.connect(partner.url, format="corner-shop", delivery="call")
    await talking.tell(order("B-1", ("MUG", 2)), format="corner-shop")
    await talking.settle()
    await talking.call_off(1)
    # Who is quick finds the burst of the channel used up.
    await talking.hurry()
    await talking.settle()
    # Replies are told, so what was called off is told by one of them.
    assert seen == [("accepted", {}, "B-1"), ("changed", {"reply:1": "ok"}, "B-1")]
    assert await talking.said() == [
        ("order_reply", "told"),
        ("order_reply", "told"),
        ("money", "told"),
    ]


async def test_what_a_channel_has_no_way_to_be_told_is_shown(talking, partner, shop):
    shop["money"] = ask
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.telling", {"withheld": ["order_reply"]}, "bazaar")
    await talking.connect(partner.url, format="corner-shop", delivery="call")
    await talking.tell(order("B-1", ("MUG", 2)), format="corner-shop")
    await talking.call_off(1)
    amended, given = await talking.outgoing()
    assert (amended.kind, amended.state, amended.code) == ("amendment", "unsupported", "lacking")
    assert amended.detail == "its money is given back instead"
    assert (given.kind, given.state) == ("money", "told")


async def test_troubles_of_a_teller_are_kept_apart(talking, partner, shop):
    await talking.connect(partner.url, format="corner-shop", delivery="call")
    troubles = {
        "B-1": Refused("setting-missing", "no partner"),
        "B-2": Later("not yet"),
        "B-3": Busy(60),
        "B-4": ZeroDivisionError(),
    }

    def fail(messages, talk):
        (one,) = messages
        yield json_call("GET", "health")
        raise troubles[one.message.order]

    shop["order_reply"] = fail
    for number in troubles:
        await talking.tell(order(number), format="corner-shop")
        await talking.settle()
        await talking.hurry()
    found = {one.subject: (one.state, one.code, one.tries) for one in await talking.outgoing()}
    assert found["order:B-1"] == ("refused", "setting-missing", 1)
    assert found["order:B-2"][:2] == ("waiting", "failed")
    assert found["order:B-4"][0] == "waiting"
    troubles_of = {code for _, code, _ in found.values()}
    assert troubles_of <= {"setting-missing", "failed", "busy", "defect", ""}


async def test_a_message_fails_for_good_after_many_tries_in_more_than_a_day(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("error_after", times=-1)
    await talking.sell(order("B-1"))
    for _ in range(8):
        await talking.hurry()
        await talking.settle()
    (one,) = await talking.outgoing()
    assert (one.state, one.tries) == ("waiting", 9)
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("update channels_outgoing set created_at = created_at - interval '1 day'")
    await talking.hurry()
    await talking.settle()
    (one,) = await talking.outgoing()
    assert one.state == "failed"
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        events = await tx.fetchval(
            "select count(*) from platform_log where kind = 'channels.MessageNotTold'"
        )
    assert events == 1
