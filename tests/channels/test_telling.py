"""The port by which families tell: a small family of a test's own, fed with answers."""

from datetime import UTC, datetime

import msgspec
import pytest

from crosslane.channels import FAMILIES, Answer, Family, Outcome, Talk
from crosslane.channels.adapters.telling import Document, Later, Refused, Telling, json_call
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.messages import Message, Outbound, kind_of
from crosslane.channels.domain.replies import REPLY_KINDS, OrderReply, Reply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent
from crosslane.channels.service.memories import memory_of
from tests.channels.telling import outgoing, tell

AT = datetime(2030, 1, 4, 12, tzinfo=UTC)
PARCEL = FulfillmentEvent(
    source_id="P-1", event_at=AT, order="MP-1", step="shipped", carrier="DHL", tracking=("JD0146",)
)
REPLY = OrderReply(
    source_id="R-1",
    event_at=AT,
    order="MP-1",
    outcome="changed",
    lines=(ReplyLine(id="1", quantity=1, backordered=2),),
)


def tell_parcel(messages, talk):
    """Ask first whether it has happened, as a channel without keys needs it."""
    [one] = messages
    authorized = {"authorization": f"Bearer {talk.secret}"}
    path = f"orders/{one.message.order}/parcels"
    known = yield json_call("GET", path, headers=authorized)
    for parcel in known.document():
        if parcel["numbers"] == list(one.message.tracking):
            return [Outcome(state="needless", learnt={"parcel": parcel["id"]})]
    made = yield json_call("POST", path, {"numbers": one.message.tracking}, authorized)
    if not made.is_good:
        return [Outcome.refused(made, "parcel-refused")]
    return [Outcome(learnt={"parcel": made.document()["id"]})]


def tell_replies(messages, talk):
    partner = talk.setting("partner")
    lines = [f"{partner}|{one.number}|{one.message.outcome}" for one in messages]
    taken = yield Document(
        name=f"replies-{messages[0].number}.txt",
        media_type="text/plain",
        body="\n".join(lines).encode(),
    )
    assert taken.is_good
    return [Outcome() for _ in messages]


@pytest.fixture
def shop(monkeypatch):
    family = Family(
        name="corner-shop",
        brings=frozenset(),
        read=lambda stream, context: iter(()),
        tells={
            "fulfillment": Telling(tell=tell_parcel, calls=2),
            "order_reply": Telling(tell=tell_replies, at_once_max=9),
        },
    )
    monkeypatch.setitem(FAMILIES.load(), family.name, family)
    return family.name


def test_a_teller_asks_for_calls_and_learns_from_their_answers(shop):
    answers = [Answer(body=b"[]"), Answer(status=201, body=b'{"id":"77"}')]

    told = tell(shop, [outgoing(PARCEL)], answers, Talk(secret="s"))

    assert [(call.method, call.path) for call in told.asked] == [
        ("GET", "orders/MP-1/parcels"),
        ("POST", "orders/MP-1/parcels"),
    ]
    assert msgspec.json.decode(told.asked[1].body) == {"numbers": ["JD0146"]}
    assert list(told.outcomes) == [Outcome(learnt={"parcel": "77"})]


def test_what_has_happened_already_is_not_done_again(shop):
    answers = [Answer(body=b'[{"id":"77","numbers":["JD0146"]}]')]

    told = tell(shop, [outgoing(PARCEL)], answers)

    assert told.outcomes[0].state == "needless"


def test_an_answer_that_is_no_json_is_tried_again_later(shop):
    with pytest.raises(Later):
        tell(shop, [outgoing(PARCEL)], [Answer(body=b"<html>")])


def test_several_messages_become_one_document(shop):
    messages = [outgoing(REPLY, 7), outgoing(REPLY, 8)]

    told = tell(shop, messages, talk=Talk(settings={"partner": "5012345"}))

    assert [asked.body for asked in told.asked] == [b"5012345|7|changed\n5012345|8|changed"]
    assert [one.state for one in told.outcomes] == ["told", "told"]


def test_nothing_is_told_without_a_setting_it_needs(shop):
    with pytest.raises(Refused) as refused:
        tell(shop, [outgoing(REPLY)])
    assert refused.value.code == "setting-missing"


def test_replies_are_messages_that_no_channel_says():
    kinds = {struct.__struct_config__.tag for struct in Reply.__args__}

    assert kinds == set(REPLY_KINDS)
    assert kinds.isdisjoint(struct.__struct_config__.tag for struct in Message.__args__)
    assert kind_of(REPLY) == "order_reply"
    raw = msgspec.json.encode(REPLY)
    assert msgspec.json.decode(raw, type=Outbound) == REPLY


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "https://other.example"},
        {"token": "another"},
        {"settings": {"site": "de"}},
        {"account": "another"},
        {"format": "ebay"},
    ],
)
def test_a_connection_that_was_changed_shows_nobody_what_it_was_granted(change):
    one = Connection(
        channel="changed", format="square", base_url="https://shop.example", token="secret"
    )
    memory_of("t", one)["token"] = "granted"
    assert memory_of("t", msgspec.structs.replace(one)) == {"token": "granted"}
    assert memory_of("another", one) == {}
    assert memory_of("t", msgspec.structs.replace(one, **change)) == {}
    # Nor when it is changed back.
    assert memory_of("t", one) == {}
