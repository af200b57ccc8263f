"""Labels that carriers give in the same moment."""

from uuid import UUID

import pytest
from tests.carriers.shipments import shipment, with_house

from crosslane.carriers import (
    LabelNotPrinted,
    LabelRequest,
    TrackingEvent,
    erase_labels,
    label,
    label_document,
    record_tracking,
    request_labels,
    void_labels,
)
from crosslane.carriers.service.making import LABEL, VOID, LabelOrder, label_key
from crosslane.kernel import new_id, parse_instant
from crosslane.platform.database import Database
from crosslane.platform.effects import EffectCall
from crosslane.platform.lane import Lanes

LOGGED = "select kind, trace from platform_log where subject = $1 order by subject_no"
ASKED = "select count(*) from platform_effect where kind = 'carriers.void' and trace = $1"


def call_of(label_id: UUID, trace: str) -> EffectCall[LabelOrder]:
    return EffectCall(new_id(), label_key(label_id), 1, 1, "", trace, LabelOrder(label_id))


@pytest.fixture
async def house(lanes: Lanes, tenant: str) -> str:
    await with_house(lanes, tenant)
    return tenant


async def wanted(database: Database, tenant: str, count: int) -> list[EffectCall[LabelOrder]]:
    """Ask for labels; return the calls that would have them made."""
    async with database.transaction(tenant) as tx:
        wishes = [LabelRequest(str(new_id()), shipment()) for _ in range(count)]
        ids = await request_labels(tx, wishes)
    return [call_of(label_id, f"trace-{n}") for n, label_id in enumerate(ids)]


async def made(database: Database, tenant: str, calls: list[EffectCall[LabelOrder]]) -> list:
    async with database.transaction(tenant) as tx:
        wishes = await LABEL.prepare(tx, calls)
    return [await LABEL.call(call, wish) for call, wish in zip(calls, wishes, strict=True)]


async def record(database: Database, tenant: str, calls, results) -> None:
    async with database.transaction(tenant) as tx:
        await LABEL.record(tx, calls, results)


async def told(database: Database, tenant: str, call) -> list[tuple[str, str]]:
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch(LOGGED, f"label:{call.body.label_id}")
    return [(row["kind"].removeprefix("carriers."), row["trace"]) for row in rows]


async def test_labels_of_one_moment_are_saved_each_as_it_stands(database, house):
    calls = await wanted(database, house, 5)
    plain, early, withdrawn, erased, never = calls
    results = await made(database, house, calls)
    results[4] = None  # it was withdrawn before, and the carrier knows nothing of it
    at = parse_instant("2011-01-06T08:00:00Z")
    number = results[1].label.tracking_number
    async with database.transaction(house) as tx:
        await record_tracking(tx, "house", [TrackingEvent("1", number, "accepted", at)])
        await void_labels(tx, [withdrawn.body.label_id, never.body.label_id])
        parcel = (await label(tx, erased.body.label_id)).parcel_id
        await erase_labels(tx, [parcel])
    await record(database, house, calls, results)
    await record(database, house, calls, results)  # what is saved already stays as it is
    assert await told(database, house, plain) == [("LabelCreated", "trace-0")]
    assert await told(database, house, early) == [
        ("LabelCreated", "trace-1"),
        ("TrackingRecorded", "trace-1"),
    ]
    assert await told(database, house, withdrawn) == []
    assert await told(database, house, erased) == [("LabelCreated", "trace-3")]
    assert await told(database, house, never) == [("LabelVoided", "trace-4")]
    async with database.transaction(house) as tx:
        assert await tx.fetchval(ASKED, "trace-2") >= 1
        states = [(await label(tx, call.body.label_id)).state for call in calls]
        assert states == ["created", "created", "voiding", "created", "voided"]
        content, mime = await label_document(tx, plain.body.label_id)
        assert (content[:5], mime) == (b"%PDF-", "application/pdf")
        with pytest.raises(LabelNotPrinted):
            await label_document(tx, erased.body.label_id)


async def test_what_is_given_up_keeps_each_its_reason(database, house):
    calls = await wanted(database, house, 3)
    async with database.transaction(house) as tx:
        await void_labels(tx, [calls[2].body.label_id])
        await LABEL.dead(tx, calls, ["one", "two", "three"])
    async with database.transaction(house) as tx:
        seen = [await label(tx, call.body.label_id) for call in calls]
    assert [(each.state, each.reason) for each in seen] == [
        *(("failed", "one"), ("failed", "two"), ("voided", "three"))
    ]
    assert await told(database, house, calls[1]) == [("LabelFailed", "trace-1")]


async def test_labels_are_given_back_together(database, house):
    calls = await wanted(database, house, 4)
    await record(database, house, calls, await made(database, house, calls))
    async with database.transaction(house) as tx:
        await void_labels(tx, [call.body.label_id for call in calls])
        await VOID.record(tx, calls[:2], [None, None])
        await VOID.dead(tx, calls[2:], ["on its way", "gone"])
    async with database.transaction(house) as tx:
        seen = [await label(tx, call.body.label_id) for call in calls]
    assert [(each.state, each.reason) for each in seen] == [
        *(("voided", ""), ("voided", ""), ("created", "on its way"), ("created", "gone"))
    ]


async def test_statements_do_not_grow_with_the_labels(database, house):
    counts = []
    for many in (1, 20):
        calls = await wanted(database, house, many)
        results = await made(database, house, calls)
        async with database.transaction(house) as tx:
            await LABEL.prepare(tx, calls)
            prepared = tx.statements
        async with database.transaction(house) as tx:
            await LABEL.record(tx, calls, results)
            counts.append((prepared, tx.statements))
    # One of each opens the transaction.
    assert counts == [(2, 3)] * 2
