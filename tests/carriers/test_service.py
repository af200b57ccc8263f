import asyncio
from collections.abc import Iterator
from datetime import date
from itertools import permutations
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.carriers.shipments import house_sheet, shipment, to, with_house
from tests.carriers.strict import API_KEY, StrictCarrier

from crosslane.carriers import (
    EFFECTS,
    SCHEDULES,
    LabelNotPrinted,
    LabelRequest,
    LabelUnknown,
    ParcelTooHeavy,
    ServiceUnknown,
    TrackingEvent,
    erase_labels,
    label,
    label_document,
    labels_of_parcels,
    rate_book,
    record_tracking,
    request_labels,
    tracking_events,
    void_labels,
)
from crosslane.carriers.domain.shipment import tracking_number
from crosslane.carriers.service import (
    ADD_TARIFF,
    RECORD_TRACKING,
    SAVE_CARRIER,
    AddTariff,
    RecordTracking,
    SaveCarrier,
)
from crosslane.carriers.service.making import label_key
from crosslane.kernel import Refusal, new_id, parse_instant
from crosslane.platform import effects, log, outbox
from crosslane.platform.actor import SYSTEM
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Command

DAY = date(2011, 1, 5)


def key() -> str:
    return str(new_id())


@pytest.fixture
async def runner(database) -> Runner:
    return Runner(database, EFFECTS)


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[StrictCarrier]:
    fake = StrictCarrier(tmp_path_factory.mktemp("carrier") / "labels.jsonl")
    yield fake
    fake.kill()


@pytest.fixture
def fake(running: StrictCarrier) -> Iterator[StrictCarrier]:
    yield running
    running.clear_faults()


@pytest.fixture(autouse=True)
def _tried_again_only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer for a step of a test than the first pause between two tries."""
    monkeypatch.setattr("crosslane.platform.effects.running.RETRY_SECONDS_FIRST", 300.0)


def made_for(fake: StrictCarrier, label_id: UUID) -> list[dict[str, Any]]:
    """Return what the carrier made for one of our labels."""
    return [made for made in fake.labels() if made["key"] == label_key(label_id)]


async def work(runner: Runner, tenant: str) -> None:
    """Carry out everything that is due, also what that makes due."""
    while await runner.start_due(tenant):
        await runner.drain()


async def retry_now(database, tenant: str) -> None:
    """Make waiting effects due at once, as time would."""
    async with database.transaction(tenant) as tx:
        await tx.execute("update platform_effect set due_at = now() where state = 'due'")


async def events(database, tenant: str, label_id) -> list[str]:
    async with database.transaction(tenant) as tx:
        history = await log.history(tx, f"label:{label_id}")
    return [entry.kind.removeprefix("carriers.") for entry in history]


async def requested(database, tenant: str, *wishes: LabelRequest):
    async with database.transaction(tenant) as tx:
        return await request_labels(tx, wishes)


async def shown(database, tenant: str, label_id):
    async with database.transaction(tenant) as tx:
        return await label(tx, label_id)


async def test_a_saved_carrier_is_in_everybodys_book(lanes, database, tenant):
    await with_house(lanes, tenant)
    async with database.transaction(tenant) as tx:
        book = await rate_book(tx)
        statements = tx.statements
        assert await rate_book(tx) is book
        assert tx.statements == statements
    assert book.price_minor("STANDARD48", "MAINLAND", 1_250, DAY) == 360
    assert book.zone("STANDARD48", "GB", "IV2 3AA") == "HIGHLANDS"
    assert book.delivery_day("STANDARD48", "MAINLAND", DAY) == date(2011, 1, 7)
    assert len(book.carriers["house"].rules) == len(house_sheet().carrier.zone_rules)


async def test_saving_again_replaces_zones_and_retires_services(lanes, database, tenant):
    await with_house(lanes, tenant)
    sheet = house_sheet()
    smaller = msgspec.structs.replace(
        sheet.carrier,
        zones=tuple(z for z in sheet.carrier.zones if z.code == "MAINLAND"),
        zone_rules=tuple(r for r in sheet.carrier.zone_rules if r.zone == "MAINLAND"),
        services=(msgspec.structs.replace(sheet.carrier.services[1], transit={"MAINLAND": 3}),),
    )
    saved = await lanes.run(tenant, SAVE_CARRIER, key(), SaveCarrier(smaller, version=1))
    assert saved.version == 2
    async with database.transaction(tenant) as tx:
        book = await rate_book(tx)
    assert set(book.carriers["house"].zones) == {"MAINLAND"}
    assert [service.code for service in book.services()] == ["STANDARD48"]
    assert book.service("STANDARD48").transit == {"MAINLAND": 3}
    assert not book.service("ECONOMY").active
    assert book.zone("STANDARD48", "GB", "IV2 3AA") == "MAINLAND"
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, SAVE_CARRIER, key(), SaveCarrier(smaller, version=1))
    assert refused.value.code == "stale"


async def test_a_service_code_belongs_to_one_carrier(lanes, tenant):
    await with_house(lanes, tenant)
    other = msgspec.structs.replace(house_sheet().carrier, code="swift")
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, SAVE_CARRIER, key(), SaveCarrier(other))
    assert (refused.value.code, refused.value.pointer) == ("service-taken", "/services/0/code")


async def test_a_tariff_replaces_its_own_day_only(lanes, database, tenant):
    await with_house(lanes, tenant)
    price = msgspec.structs.replace(house_sheet().tariff.prices[0], brackets=((30_000, 999),))
    service, zone = price.service, price.zone
    later = msgspec.structs.replace(
        house_sheet().tariff, valid_from=date(2011, 1, 4), prices=(price,)
    )
    await lanes.run(tenant, ADD_TARIFF, key(), AddTariff("house", later))
    cheaper = msgspec.structs.replace(
        later, prices=(msgspec.structs.replace(price, brackets=((5_000, 100), (9_000, 200))),)
    )
    await lanes.run(tenant, ADD_TARIFF, key(), AddTariff("house", cheaper))
    async with database.transaction(tenant) as tx:
        book = await rate_book(tx)
    assert book.tariff(service, zone, date(2011, 1, 3)).valid_from == date(2010, 1, 1)
    assert book.tariff(service, zone, date(2011, 1, 4)).prices == (100, 200)
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, ADD_TARIFF, key(), AddTariff("nobody", later))
    assert refused.value.code == "carrier-unknown"


async def test_labels_are_asked_for_and_made(lanes, database, tenant, runner):
    await with_house(lanes, tenant, tracking_url="https://shop.example/t/{tracking_number}")
    parcels = [shipment(parcel=n, parcels=3) for n in (1, 2, 3)]
    wishes = [LabelRequest(key(), parcel) for parcel in parcels]
    async with database.transaction(tenant) as tx:
        await rate_book(tx)
        before = tx.statements
        ids = await request_labels(tx, wishes)
        await outbox.write(tx)
        assert tx.statements - before == 2
    assert await requested(database, tenant, *wishes) == ids
    async with database.transaction(tenant) as tx:
        with pytest.raises(LabelNotPrinted) as refused:
            await label_document(tx, ids[0])
    assert refused.value.details["state"] == "requested"
    await work(runner, tenant)
    async with database.transaction(tenant) as tx:
        by_parcel = await labels_of_parcels(tx, [parcel.parcel_id for parcel in parcels])
        document, mime = await label_document(tx, ids[1])
    made = [by_parcel[parcel.parcel_id][0] for parcel in parcels]
    assert [record.state for record in made] == ["created"] * 3
    assert len({record.tracking_number for record in made}) == 3
    assert made[0].tracking_url.endswith(f"/t/{made[0].tracking_number}")
    assert document.startswith(b"%PDF-")
    assert mime == "application/pdf"
    assert await events(database, tenant, ids[0]) == ["LabelCreated"]


async def test_what_no_service_takes_is_refused_and_the_others_go_on(lanes, database, tenant):
    await with_house(lanes, tenant)
    answers = await requested(
        database,
        tenant,
        LabelRequest(key(), shipment(service="DRONE")),
        LabelRequest(key(), shipment()),
        LabelRequest(key(), shipment(weight_grams=30_001)),
    )
    assert isinstance(answers[0], ServiceUnknown)
    assert isinstance(answers[2], ParcelTooHeavy)
    assert (await shown(database, tenant, answers[1])).state == "requested"


async def test_addresses_are_kept_only_until_the_label_exists(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    parcel = shipment()
    await requested(database, tenant, LabelRequest(key(), parcel))
    await work(runner, tenant)
    async with database.transaction(tenant) as tx:
        left = await tx.fetchval("select count(*) from carriers_label where shipment is not null")
        bodies = await tx.fetch("select body from platform_effect")
        assert left == 0
        assert all(b"Ottilie" not in row["body"] for row in bodies)
        await erase_labels(tx, [parcel.parcel_id])
        (record,) = (await labels_of_parcels(tx, [parcel.parcel_id]))[parcel.parcel_id]
        with pytest.raises(LabelNotPrinted):
            await label_document(tx, record.id)
    assert record.state == "created"


async def test_an_address_that_cannot_be_printed_fails_at_once(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    wish = LabelRequest(key(), shipment(recipient=to(name="王小明")))
    (label_id,) = await requested(database, tenant, wish)
    await work(runner, tenant)
    record = await shown(database, tenant, label_id)
    assert (record.state, record.reason) == ("failed", "address-unprintable /recipient/name")
    assert await events(database, tenant, label_id) == ["LabelFailed"]


@pytest.mark.parametrize("fault", ["error", "error_after", "timeout_after", "freeze", "garbage"])
async def test_a_lost_answer_never_makes_a_second_label(
    lanes, database, tenant, runner, fake, fault
):
    await with_house(lanes, tenant, port="http", endpoint=fake.url, api_key=API_KEY)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    fake.fault(fault, seconds=0.05)
    await work(runner, tenant)
    assert (await shown(database, tenant, label_id)).state == "requested"
    await retry_now(database, tenant)
    await work(runner, tenant)
    record = await shown(database, tenant, label_id)
    assert record.state == "created"
    (made,) = made_for(fake, label_id)
    assert made["tracking_number"] == record.tracking_number


async def test_an_outage_ends_in_a_dead_letter_that_can_be_replayed(
    lanes, database, tenant, runner, fake
):
    await with_house(lanes, tenant, port="http", endpoint=fake.url, api_key=API_KEY)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    fake.fault("error", times=-1)
    for _ in range(8):
        await work(runner, tenant)
        await retry_now(database, tenant)
    assert (await shown(database, tenant, label_id)).state == "failed"
    fake.clear_faults()
    async with database.transaction(tenant) as tx:
        (dead,) = await effects.list_dead(tx)
        await effects.replay_dead(tx, dead.id)
    await work(runner, tenant)
    assert (await shown(database, tenant, label_id)).state == "created"
    assert await events(database, tenant, label_id) == ["LabelFailed", "LabelCreated"]


async def test_a_wish_withdrawn_while_the_carrier_works_is_given_back(
    lanes, database, tenant, runner, fake
):
    await with_house(lanes, tenant, port="http", endpoint=fake.url, api_key=API_KEY)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    fake.fault("timeout_after", seconds=0.05)
    await work(runner, tenant)
    async with database.transaction(tenant) as tx:
        await void_labels(tx, [label_id])
    await retry_now(database, tenant)
    await work(runner, tenant)
    assert (await shown(database, tenant, label_id)).state == "voided"
    assert [made["void"] for made in made_for(fake, label_id)] == [True]
    assert await events(database, tenant, label_id) == ["LabelVoided"]


async def test_voiding_before_during_and_after(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    wishes = [LabelRequest(key(), shipment()) for _ in range(2)]
    wishes.append(LabelRequest(key(), shipment(recipient=to(name="王小明"))))
    early, late, failed = await requested(database, tenant, *wishes)
    async with database.transaction(tenant) as tx:
        await void_labels(tx, [early, new_id()])
    await work(runner, tenant)
    async with database.transaction(tenant) as tx:
        await void_labels(tx, [late, failed, early])
    await work(runner, tenant)
    for label_id in (early, late, failed):
        assert (await shown(database, tenant, label_id)).state == "voided"
    assert await events(database, tenant, early) == ["LabelVoided"]
    assert await events(database, tenant, late) == ["LabelCreated", "LabelVoided"]
    assert await events(database, tenant, failed) == ["LabelFailed", "LabelVoided"]


async def test_unknown_labels_are_refused(tx):
    with pytest.raises(LabelUnknown):
        await label(tx, new_id())
    with pytest.raises(LabelUnknown):
        await label_document(tx, new_id())
    assert await request_labels(tx, []) == []


def report(number: str, status: str, hour: int) -> TrackingEvent:
    at = parse_instant(f"2011-01-06T{hour:02}:00:00Z")
    return TrackingEvent(f"{number}-{status}", number, status, at, "Aberdeen")


async def labelled(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    await work(runner, tenant)
    return await shown(database, tenant, label_id)


async def test_tracking_in_any_order_any_number_of_times(lanes, database, tenant, runner):
    record = await labelled(lanes, database, tenant, runner)
    number = record.tracking_number
    told = [report(number, "accepted", 8), report(number, "in_transit", 9)]
    told.append(report(number, "delivered", 10))
    for order in permutations(told):
        async with database.transaction(tenant) as tx:
            result = await record_tracking(tx, "house", order)
    assert (result.recorded, result.repeated) == (0, 3)
    async with database.transaction(tenant) as tx:
        assert await tracking_events(tx, record) == told
    seen = await events(database, tenant, record.id)
    assert seen == ["LabelCreated", "TrackingRecorded", "TrackingRecorded", "TrackingRecorded"]


async def test_one_message_with_a_repetition_counts_it_once(lanes, database, tenant, runner):
    record = await labelled(lanes, database, tenant, runner)
    one = report(record.tracking_number, "accepted", 8)
    async with database.transaction(tenant) as tx:
        result = await record_tracking(tx, "house", [one, one])
        assert (result.recorded, result.repeated, result.unknown) == (1, 1, 0)
        empty = await record_tracking(tx, "house", [])
        assert empty.recorded == 0


async def test_a_report_before_the_label_is_told_once_the_label_is(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    async with database.transaction(tenant) as tx:
        serial = await tx.fetchval("select serial_no from carriers_label")
        early = report(tracking_number("CX", serial), "accepted", 8)
        result = await record_tracking(tx, "house", [early])
    assert (result.recorded, result.unknown) == (1, 1)
    await work(runner, tenant)
    assert await events(database, tenant, label_id) == ["LabelCreated", "TrackingRecorded"]


async def test_a_label_and_its_first_report_in_the_same_moment(lanes, database, tenant, runner):
    await with_house(lanes, tenant)
    wishes = [LabelRequest(key(), shipment()) for _ in range(12)]
    ids = await requested(database, tenant, *wishes)
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch("select id, serial_no from carriers_label")
    numbers = {row["id"]: tracking_number("CX", row["serial_no"]) for row in rows}

    async def tell(number: str) -> None:
        async with database.transaction(tenant) as tx:
            await record_tracking(tx, "house", [report(number, "accepted", 8)])

    await asyncio.gather(work(runner, tenant), *(tell(numbers[label_id]) for label_id in ids))
    await work(runner, tenant)
    for label_id in ids:
        assert await events(database, tenant, label_id) == ["LabelCreated", "TrackingRecorded"]


MONTH_LONG_AGO = """
create table carriers_tracking_event_201101 partition of carriers_tracking_event
for values from ('2011-01-01T00:00:00Z') to ('2011-02-01T00:00:00Z')
"""


async def test_tracking_is_forgotten_after_more_than_a_year(tx):
    await tx.execute(MONTH_LONG_AGO)
    lately = TrackingEvent("9-delivered", "9", "delivered", tx.now, "Aberdeen")
    await record_tracking(tx, "house", [report("9", "accepted", 8), lately])
    (forgetting,) = [each for each in SCHEDULES if each.name == "carriers.forget_tracking"]
    assert await tx.fetchval("select count(*) from carriers_tracking_event") == 2
    assert [await forgetting.run(tx), await forgetting.run(tx)] == [True, False]
    assert await tx.fetchval("select event_id from carriers_tracking_event") == lately.id


async def test_a_message_of_a_carrier(lanes, database, tenant, runner):
    record = await labelled(lanes, database, tenant, runner)
    message = msgspec.json.encode({"events": [report(record.tracking_number, "delivered", 8)]})
    result = await lanes.run(tenant, RECORD_TRACKING, key(), RecordTracking("house", message))
    assert (result.recorded, result.unknown) == (1, 0)
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, RECORD_TRACKING, key(), RecordTracking("house", b"?"))
    assert refused.value.code == "bad-tracking-message"
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, RECORD_TRACKING, key(), RecordTracking("nobody", message))
    assert refused.value.code == "carrier-unknown"


async def test_messages_that_come_at_once_are_recorded_together(lanes, database, tenant, runner):
    record = await labelled(lanes, database, tenant, runner)
    accepted, delivered = (
        report(record.tracking_number, status, hour)
        for status, hour in (("accepted", 8), ("delivered", 10))
    )

    def told(trace: str, carrier: str, *reports: TrackingEvent) -> Command:
        message = msgspec.json.encode({"events": reports})
        return Command(key(), SYSTEM, RecordTracking(carrier, message), trace)

    batch = [
        told("a", "house", delivered),
        told("b", "nobody", delivered),
        told("c", "house", accepted, delivered, report("?", "accepted", 8)),
        Command(key(), SYSTEM, RecordTracking("house", b"?")),
        told("d", "house"),
    ]
    async with database.transaction(tenant) as tx:
        first, unknown, second, unread, nothing = await RECORD_TRACKING.handle(tx, batch)
    assert (first.recorded, first.repeated, first.unknown) == (1, 0, 0)
    assert (second.recorded, second.repeated, second.unknown) == (2, 1, 1)
    assert (nothing.recorded, nothing.repeated, nothing.unknown) == (0, 0, 0)
    assert [one.code for one in (unknown, unread)] == ["carrier-unknown", "bad-tracking-message"]
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch(
            "select trace, body->>'status' as status from platform_log"
            " where kind = 'carriers.TrackingRecorded' order by id"
        )
    assert list(map(tuple, rows)) == [("c", "accepted"), ("a", "delivered")]


async def test_a_refusal_is_final_and_keeps_its_code(lanes, database, tenant, runner, fake):
    await with_house(lanes, tenant, port="http", endpoint=fake.url, api_key=API_KEY)
    (label_id,) = await requested(database, tenant, LabelRequest(key(), shipment()))
    fake.fault("refuse")
    await work(runner, tenant)
    record = await shown(database, tenant, label_id)
    assert (record.state, record.reason) == ("failed", "not_today")
    assert made_for(fake, label_id) == []
