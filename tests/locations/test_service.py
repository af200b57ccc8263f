import asyncio
from datetime import UTC, date, datetime

import msgspec
import pytest
from tests.locations.drafts import added, as_row, draft, with_entity

from crosslane.kernel import Refusal, Stale, new_id
from crosslane.locations import (
    ADD,
    CHANGE,
    CLOSE,
    IMPORT,
    REOPEN,
    RETIRE,
    ImportLocations,
    location_exists,
    network,
    open_at,
    position_of,
)
from crosslane.locations.service import ChangeLocation, Close, Reopen, Retire, preview_change
from crosslane.locations.service.network import import_locations
from crosslane.platform import audit, log
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import create_tenant, drop_tenant


def key() -> str:
    return str(new_id())


async def events(database: Database, tenant: str, location_id) -> list[str]:
    async with database.transaction(tenant) as tx:
        history = await log.history(tx, f"location:{location_id}")
    return [entry.kind.removeprefix("locations.") for entry in history]


@pytest.fixture
async def tenant(tenant: str, database: Database) -> str:
    await with_entity(database, tenant)
    return tenant


async def test_an_added_location_is_in_everybodys_network(lanes, database, tenant):
    made = await added(lanes, tenant)
    async with database.transaction(tenant) as tx:
        found = (await network(tx)).require("S0001")
        statements = tx.statements
        assert await network(tx) is await network(tx)
        assert tx.statements == statements
        assert await location_exists(tx, "S0001")
        assert not await location_exists(tx, "S0002")
    assert found == made
    assert found.point == position_of("GB", "AB11 5RN")
    assert found.timetable.hours.week[6] == ()
    assert await events(database, tenant, made.id) == ["LocationAdded"]


async def test_a_code_is_taken_once(lanes, tenant):
    await added(lanes, tenant)
    with pytest.raises(Refusal) as refused:
        await added(lanes, tenant)
    assert refused.value.code == "location-exists"


async def test_a_wrong_draft_leaves_nothing(lanes, database, tenant):
    with pytest.raises(Refusal) as refused:
        await added(lanes, tenant, timezone="Europe/Camelot")
    assert refused.value.pointer == "/timezone"
    async with database.transaction(tenant) as tx:
        assert (await network(tx)).all == ()


async def test_a_change_keeps_code_and_closure_and_checks_the_version(lanes, database, tenant):
    made = await added(lanes, tenant)
    await lanes.run(tenant, CLOSE, key(), Close("S0001", None, None, "flood"))
    stale = ChangeLocation("S0001", draft(name="Quay"), made.version)
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, CHANGE, key(), stale)
    assert refused.value.code == "stale"
    fresh = msgspec.structs.replace(stale, version=made.version + 1)
    changed = await lanes.run(tenant, CHANGE, key(), fresh)
    assert (changed.id, changed.name, changed.version) == (made.id, "Quay", made.version + 2)
    assert changed.timetable.closure.reason == "flood"
    told = await events(database, tenant, made.id)
    assert told == ["LocationAdded", "LocationClosed", "LocationEdited"]
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, CHANGE, key(), msgspec.structs.replace(fresh, code="S9"))
    assert refused.value.code == "location-unknown"


async def test_a_change_is_previewed_and_refused_alike_without_being_made(lanes, database, tenant):
    location = await added(lanes, tenant, "S1")
    wanted = draft("S1", name="Elsewhere")
    async with database.transaction(tenant) as tx:
        shown = await preview_change(tx, ChangeLocation("S1", wanted, location.version))
        assert (shown.id, shown.name) == (location.id, "Elsewhere")
        with pytest.raises(Stale):
            await preview_change(tx, ChangeLocation("S1", wanted, 99))
        assert (await network(tx)).require("S1").name == location.name


async def test_a_code_never_changes(lanes, tenant):
    await added(lanes, tenant)
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, CHANGE, key(), ChangeLocation("S0001", draft("S0002"), None))
    assert refused.value.code == "location-code-fixed"


async def test_those_that_work_alike_share_one_timetable(lanes, database, tenant):
    for code in ("S0001", "S0002", "S0003"):
        await added(lanes, tenant, code)
    since = datetime(2011, 1, 5, 12, tzinfo=UTC)
    await lanes.run(tenant, CLOSE, key(), Close("S0003", since, None, "flood"))
    async with database.transaction(tenant) as tx:
        first, second, closed = (at.timetable for at in (await network(tx)).all)
    assert first is second
    assert closed.closure is not None
    assert first == msgspec.structs.replace(closed, closure=None)


async def test_a_retired_location_is_known_and_takes_no_work(lanes, database, tenant):
    made = await added(lanes, tenant)
    for _ in range(2):
        retired = await lanes.run(tenant, RETIRE, key(), Retire("S0001"))
    assert (retired.active, retired.version) == (False, 2)
    assert not retired.can("ship")
    async with database.transaction(tenant) as tx:
        known = await network(tx)
        entries = await audit.list_entries(tx, subject=f"location:{made.id}")
    assert known.nearest(made.point, 5) == []
    assert known.require("S0001") == retired
    assert [entry.action for entry in entries] == ["locations.retire", "locations.add"]


async def test_closing_and_reopening(lanes, database, tenant):
    made = await added(lanes, tenant)
    noon = datetime(2011, 1, 5, 12, tzinfo=UTC)
    until = datetime(2011, 1, 7, tzinfo=UTC)
    with pytest.raises(Refusal) as refused:
        await lanes.run(tenant, CLOSE, key(), Close("S0001", noon, noon, "nothing"))
    assert refused.value.code == "closure-invalid"
    closed = await lanes.run(tenant, CLOSE, key(), Close("S0001", noon, until, "flood"))
    assert not open_at(closed.timetable, noon)
    reopened = await lanes.run(tenant, REOPEN, key(), Reopen("S0001"))
    assert open_at(reopened.timetable, noon)
    await lanes.run(tenant, REOPEN, key(), Reopen("S0001"))
    told = await events(database, tenant, made.id)
    assert told == ["LocationAdded", "LocationClosed", "LocationReopened"]


async def test_an_import_takes_the_good_rows_and_tells_the_others(lanes, database, tenant):
    await added(lanes, tenant, "S0001")
    await added(lanes, tenant, "S0002")
    rows = [
        as_row(draft("S0001", name="New name")),
        as_row(draft("S0002")),
        as_row(draft("S0003")),
        as_row(draft("S0004", timezone="Europe/Camelot")),
        as_row(draft("S0003")),
        as_row(draft("S0005")) | {"handling_hours": "soon"},
        as_row(draft("S0006")) | {"hours": {"monday": [7]}},
        as_row(draft("S0008", entity="NOBODY")),
        as_row(draft("S0007")) | {"colour": "red"},
        {},
    ]
    tried = await lanes.run(tenant, IMPORT, key(), ImportLocations(rows, dry_run=True))
    assert (tried.created, tried.changed, tried.unchanged, tried.dry_run) == (1, 1, 1, True)
    async with database.transaction(tenant) as tx:
        assert [at.code for at in (await network(tx)).all] == ["S0001", "S0002"]
    done = await lanes.run(tenant, IMPORT, key(), ImportLocations(rows))
    assert (done.created, done.changed, done.unchanged) == (1, 1, 1)
    assert done.problems == tried.problems
    assert [(e.row, e.pointer, e.code) for e in done.problems] == [
        (3, "/rows/3/timezone", "bad-timezone"),
        (4, "/rows/4/code", "location-exists"),
        (5, "/rows/5/handling_hours", "row-invalid"),
        (6, "/rows/6/hours", "row-invalid"),
        (7, "/rows/7/entity", "unknown-entity"),
        (8, "/rows/8", "row-invalid"),
        (9, "/rows/9", "row-invalid"),
    ]
    async with database.transaction(tenant) as tx:
        known = await network(tx)
    assert [at.code for at in known.all] == ["S0001", "S0002", "S0003"]
    assert known.require("S0001").name == "New name"
    again = await lanes.run(tenant, IMPORT, key(), ImportLocations(rows))
    assert (again.created, again.changed, again.unchanged) == (0, 0, 3)


async def test_an_import_of_many_is_a_handful_of_statements(database, tenant):
    rows = [as_row(draft(f"S{n:04}")) for n in range(800)]
    async with database.transaction(tenant) as tx:
        before = tx.statements
        done = await import_locations(tx, ImportLocations(rows))
        assert tx.statements - before <= 10
    assert done.created == 800


async def test_tenants_do_not_see_each_other(lanes, database, tenant):
    await added(lanes, tenant)
    await create_tenant(database, "neighbour")
    try:
        async with database.transaction("neighbour") as tx:
            assert (await network(tx)).all == ()
    finally:
        await drop_tenant(database, "neighbour")


async def test_one_code_added_at_once_by_two_is_taken_once(database, tenant):
    lanes = [Lanes(database), Lanes(database)]
    answers = await asyncio.gather(
        *(added(lane, tenant, name=f"By {n}") for n, lane in enumerate(lanes)),
        return_exceptions=True,
    )
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["location-exists"]
    async with database.transaction(tenant) as tx:
        known = await network(tx)
    assert [at.code for at in known.all] == ["S0001"]


def test_commands_carry_plain_values():
    body = draft()
    assert msgspec.json.decode(msgspec.json.encode(body), type=ADD.body) == body
    assert date(2011, 1, 3) not in body.special_days
