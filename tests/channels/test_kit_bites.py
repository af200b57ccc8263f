"""Adapters that are wrong on purpose: each rule of the kit finds its own."""

import base64
import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import msgspec
import pytest

from crosslane.channels.adapters import (
    Acknowledgment,
    Answer,
    Branch,
    Context,
    Family,
    Fault,
    FulfillmentEvent,
    Later,
    Message,
    NotReadable,
    Order,
    OrderLine,
    Outcome,
    Reading,
    Telling,
    is_signed,
    json_call,
    json_family,
)
from crosslane.kit import Report, check_family
from crosslane.kit.conversations import Answered, Asks, Conversation, Step, ToldMessage
from crosslane.kit.samples import Delivery, Sample, Samples
from crosslane.kit.streams import Stream, measure

AT = datetime(2026, 1, 5, tzinfo=UTC)
CONTEXT = Context(currency="EUR")


def order(document: Any, **said: Any) -> Order:
    lines = (OrderLine(id="1", sku="MUG", quantity=document["units"]),)
    return Order(source_id=str(document["id"]), event_at=AT, lines=lines, **said)


def orders(document: object, context: Context) -> Iterator[Message]:
    del context
    if not isinstance(document, dict):
        raise NotReadable(Fault("not-an-order", "An order is an object"))
    told = Branch.of(document)
    number, units, at = told.whole("id"), told.whole("units"), told.whole("at", 1)
    if number is None or units is None:
        raise told.missing("id" if number is None else "units")
    yield order({"id": number, "units": units}, source_version=at)


GOOD = json_family("kiosk", frozenset({"order"}), orders)
FIRST, LATER = b'{"id": 1, "units": 2, "at": 1}', b'{"id": 1, "units": 3, "at": 2}'
SECRET = "a secret"
STREAMS = tuple(
    Sample(name=f"histories/order/{n}.json", raw=raw, context=CONTEXT)
    for n, raw in enumerate((FIRST, LATER), 1)
)


def tried(family: Family, **changes: Any) -> Report:
    return check_family(family, Samples(**{"streams": STREAMS, **changes}))


def broken(report: Report) -> set[str]:
    return {one.rule for one in report.checks if one.state in ("failed", "unshown")}


def with_understanding(understand: Callable[..., Iterator[Message]], **how: Any) -> Family:
    return json_family("kiosk", frozenset({"order"}), understand, **how)


def test_a_good_adapter_keeps_every_rule():
    report = tried(GOOD)
    assert broken(report) == set()
    assert report.passed


def test_what_fails_at_a_strange_value_is_found():
    def careless(document: Any, context: Context) -> Iterator[Message]:
        del context
        yield order(document)

    found = tried(with_understanding(careless)).check("damage")
    assert found.state == "failed"
    assert any("KeyError" in one.what for one in found.findings)


def test_what_points_nowhere_is_found():
    def lost(document: object, context: Context) -> Iterator[Message]:
        try:
            yield from orders(document, context)
        except NotReadable:
            raise NotReadable(Fault("wrong", "It is wrong", "/nowhere/at/all")) from None

    assert broken(tried(with_understanding(lost))) == {"damage"}


def test_what_is_declared_and_not_brought_is_found_and_what_is_brought_and_not_declared():
    more = json_family("kiosk", frozenset({"order", "money"}), orders)
    assert tried(more).check("brings").state == "unshown"
    fewer = json_family("kiosk", frozenset(), orders)
    assert tried(fewer).check("brings").state == "failed"


def test_a_version_that_says_two_things_is_found():
    def unversioned(document: object, context: Context) -> Iterator[Message]:
        for one in orders(document, context):
            yield msgspec.structs.replace(one, source_version=1)

    report = tried(with_understanding(unversioned, counts=True))
    assert broken(report) == {"order and repetition"}
    (first, *_) = report.check("order and repetition").findings
    assert "says two things at version 1" in first.what
    # Senders who count no versions are told apart by what they say.
    assert broken(tried(with_understanding(unversioned))) == set()


def test_a_reader_that_remembers_is_found():
    seen: list[object] = []

    def remembering(document: object, context: Context) -> Iterator[Message]:
        seen.append(document)
        for one in orders(document, context):
            yield msgspec.structs.replace(one, number=str(len(seen)))

    assert "round trip" in broken(tried(with_understanding(remembering)))


def test_what_is_not_kept_whole_is_found():
    def read(stream: Any, context: Context) -> Iterator[Reading]:
        for one in GOOD.read(stream, context):
            yield msgspec.structs.replace(one, body=one.body[:9])

    family = msgspec.structs.replace(GOOD, read=read)
    assert "round trip" in broken(tried(family))


def test_what_should_not_be_understood_and_is_and_the_other_way_are_found():
    wrong = Sample(name="wrong.json", raw=FIRST, context=CONTEXT, wrong=True)
    assert broken(tried(GOOD, streams=(*STREAMS, wrong))) == {"understood"}
    nothing = Sample(name="nothing.json", raw=b"{}", context=CONTEXT)
    assert broken(tried(GOOD, streams=(*STREAMS, nothing))) == {"understood"}


def test_a_message_beyond_its_limits_is_found():
    def long(document: object, context: Context) -> Iterator[Message]:
        for one in orders(document, context):
            yield msgspec.structs.replace(one, note="x" * 9_999)

    def read(stream: Any, context: Context) -> Iterator[Reading]:
        for one in GOOD.read(stream, context):
            document = msgspec.json.decode(one.body or "{}")
            yield msgspec.structs.replace(one, messages=tuple(long(document, context)), fault=None)

    assert "schema" in broken(tried(msgspec.structs.replace(GOOD, read=read)))


def test_faults_that_are_accepted_are_found():
    def accepting(readings, context):
        yield Acknowledgment(source_id="1", event_at=AT, outcome="accepted")

    wrong = Sample(name="wrong.json", raw=b"{}", context=CONTEXT, wrong=True)
    family = msgspec.structs.replace(GOOD, acknowledge=accepting)
    assert broken(tried(family, streams=(*STREAMS, wrong))) == {"acknowledgment"}
    family = msgspec.structs.replace(GOOD, acknowledge=lambda *_: [1 // 0])
    assert {"acknowledgment", "damage"} <= broken(tried(family))


def signature(body: bytes) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


SIGNED = Delivery(name="1", body=FIRST, headers={"x-sign": signature(FIRST)}, secret=SECRET)


@pytest.mark.parametrize(
    ("verify", "good"),
    [
        (lambda h, body, secrets: is_signed(body, h.get("x-sign", ""), secrets), True),
        (lambda h, body, secrets: True, False),
        (lambda h, body, secrets: is_signed(body, h["x-sign"], secrets), False),
        (lambda h, body, secrets: is_signed(body, h.get("x-sign", ""), secrets[:1]), False),
        (lambda h, body, secrets: "x-sign" in h and bool(secrets), False),
    ],
    ids=["good", "everything", "fails", "one secret", "only there"],
)
def test_a_signature_that_is_no_proof_is_found(verify: Any, good: bool):
    family = msgspec.structs.replace(GOOD, verify=verify)
    assert ("signature" in broken(tried(family, deliveries=(SIGNED,)))) is not good


def test_a_signature_nobody_shows_is_found():
    family = msgspec.structs.replace(GOOD, verify=lambda *_: False)
    assert tried(family).check("signature").state == "unshown"


def test_headers_that_break_it_are_found():
    def envelope(headers: Mapping[str, str]) -> Any:
        return headers["x-topic"]

    family = msgspec.structs.replace(GOOD, envelope=envelope, headers=frozenset({"x-topic"}))
    assert "headers" in broken(tried(family))


def test_a_ping_that_takes_orders_is_found():
    family = msgspec.structs.replace(GOOD, pings=lambda body: True)
    assert "pings" in broken(tried(family, pings=(b"ping",)))


SHIPPED = FulfillmentEvent(source_id="P-1", event_at=AT, order="1", step="shipped")
PARCEL = Conversation(
    tells=(ToldMessage(message=SHIPPED),),
    steps=(
        Step(
            asks=Asks(method="POST", path="parcels", body={"order": "1"}),
            answer=Answered(status=201, body={"id": "9"}),
        ),
    ),
    ends=(Outcome(learnt={"fulfillment:P-1": "9"}),),
    name="parcel",
)


def teller(*, key: bool = True, looks: bool = True, reads: bool = True) -> Any:
    def tell(messages, talk):
        (one,) = messages
        headers = {"idempotency-key": one.key} if key else {}
        answer: Answer = yield json_call("POST", "parcels", {"order": one.message.order}, headers)
        if looks and not answer.is_good:
            return [Outcome.refused(answer)]
        if not reads:
            return [Outcome(learnt={"fulfillment:P-1": answer.document()["id"]})]
        document = answer.document()
        if not isinstance(document, dict) or not isinstance(document.get("id"), str):
            if not looks:
                return [Outcome()]
            raise Later("no id")
        return [Outcome(learnt={"fulfillment:P-1": document["id"]})]

    return tell


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({}, None),
        ({"key": False}, "repeats"),
        ({"looks": False}, "trouble"),
        ({"reads": False}, "trouble"),
    ],
)
def test_a_teller_that_trusts_too_much_is_found(how: dict[str, bool], rule: str | None):
    family = msgspec.structs.replace(GOOD, tells={"fulfillment": Telling(tell=teller(**how))})
    assert broken(tried(family, conversations=(PARCEL,))) == ({rule} if rule else set())


def test_what_is_asked_otherwise_than_written_down_is_found():
    family = msgspec.structs.replace(GOOD, tells={"fulfillment": Telling(tell=teller())})
    step = msgspec.structs.replace(PARCEL.steps[0], asks=Asks(path="packages"))
    other = msgspec.structs.replace(PARCEL, steps=(step,))
    assert "conversations" in broken(tried(family, conversations=(other,)))
    assert tried(family).check("tells").state == "unshown"
    assert "tells" in broken(tried(GOOD, conversations=(PARCEL,)))


def test_a_stream_is_read_as_far_as_it_is_asked_for():
    def hungry(stream: Any, context: Context) -> Iterator[Reading]:
        yield Reading(place=1, body=str(len(stream.read())))

    stream = Stream(name="x", opening=b"[", part=b"x" * 100, size=10_000)
    assert measure(msgspec.structs.replace(GOOD, read=hungry), stream).bytes == 10_000
    assert measure(GOOD, stream).faults == 1
    assert next(GOOD.read(BytesIO(FIRST), CONTEXT)).fault is None
