"""The HTTP adapter against the strict carrier, which is a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.carriers.shipments import consignment, to
from tests.carriers.strict import API_KEY, StrictCarrier

from crosslane.carriers.errors import BadTrackingMessage
from crosslane.carriers.port import (
    AnswerUnknown,
    CarrierRefused,
    CarrierSettings,
    HouseCarrier,
    HttpCarrier,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[StrictCarrier]:
    fake = StrictCarrier(tmp_path_factory.mktemp("carrier") / "labels.jsonl")
    yield fake
    fake.kill()


@pytest.fixture
async def fake(running: StrictCarrier) -> AsyncIterator[StrictCarrier]:
    yield running
    running.clear_faults()


async def test_a_label_is_made_once_per_key(fake):
    parcel = consignment()
    made = await fake.port().create_label("a", parcel)
    assert made.document.startswith(b"%PDF-")
    assert made.tracking_number.startswith("FX")
    again = await asyncio.gather(*(fake.port().create_label("a", parcel) for _ in range(8)))
    assert {label.tracking_number for label in again} == {made.tracking_number}
    assert await fake.port().did_it_happen("a") == made
    assert await fake.port().did_it_happen("never") is None


async def test_a_key_with_two_meanings_is_refused(fake):
    await fake.port().create_label("b", consignment())
    with pytest.raises(CarrierRefused, match="key_reused"):
        await fake.port().create_label("b", consignment(weight_grams=7))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weight_grams": 30_001}, "too_heavy"),
        ({"recipient": to(city="")}, "address_incomplete"),
        ({"recipient": to(name="王小明")}, "address-unprintable"),
    ],
)
async def test_what_cannot_be_carried_is_refused_for_good(fake, changes, reason):
    before = len(fake.labels())
    with pytest.raises(CarrierRefused, match=reason):
        await fake.port().create_label(f"c-{reason}", consignment(**changes))
    assert len(fake.labels()) == before


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ("error", False),
        ("error_after", True),
        ("timeout_after", True),
        ("freeze", False),
        ("garbage", True),
    ],
)
async def test_without_a_clear_answer_nothing_is_claimed(fake, fault, done):
    key = f"d-{fault}"
    fake.fault(fault, seconds=0.05)
    with pytest.raises(AnswerUnknown):
        await fake.port().create_label(key, consignment())
    made = await fake.port().did_it_happen(key)
    assert (made is not None) is done
    again = await fake.port().create_label(f"{key}2", consignment())
    assert again.document.startswith(b"%PDF-")


async def test_a_stranger_gets_nothing(fake):
    with pytest.raises(AnswerUnknown, match="401"):
        await fake.port("guess").create_label("e", consignment())
    with pytest.raises(AnswerUnknown, match="401"):
        await fake.port("guess").did_it_happen("a")


async def test_a_label_can_be_given_back_more_than_once(fake):
    await fake.port().create_label("f", consignment())
    await fake.port().void_label("f")
    await fake.port().void_label("f")
    await fake.port().void_label("never made")
    assert [label["void"] for label in fake.labels() if label["key"] == "f"] == [True]


async def test_nobody_there_is_no_answer():
    port = HttpCarrier(CarrierSettings("gone", "http://127.0.0.1:9", API_KEY))
    with pytest.raises(AnswerUnknown, match="cannot be reached"):
        await port.create_label("g", consignment())


async def test_a_killed_carrier_remembers_what_it_did(tmp_path):
    labels = tmp_path / "labels.jsonl"
    fake = StrictCarrier(labels)
    try:
        made = await fake.port().create_label("h", consignment())
        fake.kill()
        with labels.open("ab") as state:
            state.write(b'{"key": "cut off')
        fake.start()
        assert await fake.port().did_it_happen("h") == made
        other = await fake.port().create_label("i", consignment())
        assert other.tracking_number != made.tracking_number
    finally:
        fake.kill()


async def test_the_house_carrier_draws_or_refuses():
    house = HouseCarrier(CarrierSettings("house"))
    parcel = consignment()
    label = await house.create_label("a", parcel)
    assert label.tracking_number == parcel.tracking_number
    assert label == await house.create_label("a", parcel)
    assert await house.did_it_happen("a") is None
    with pytest.raises(CarrierRefused) as refused:
        await house.create_label("b", consignment(recipient=to(name="王小明")))
    assert str(refused.value) == "address-unprintable /recipient/name"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"events": [{"id": "1"}]}',
        b'{"events": [{"id": "1", "tracking_number": "CX1", "status": "lost", '
        b'"occurred_at": "2011-01-05T10:00:00Z"}]}',
        b'{"events": [{"id": "1", "tracking_number": "CX1", "status": "accepted", '
        b'"occurred_at": "2011-01-05T10:00:00"}]}',
        b'{"events": []}' * 2,
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_message_that_cannot_be_read_is_refused(body):
    with pytest.raises(BadTrackingMessage):
        HouseCarrier(CarrierSettings("house")).read_events({}, body)
