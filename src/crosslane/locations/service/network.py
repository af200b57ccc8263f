"""Keeping the network of locations: reading it, adding, changing, importing, closing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from crosslane import organization
from crosslane.kernel import Refusal, RowProblem, Stale, new_id
from crosslane.locations import storage
from crosslane.locations.domain import (
    Closure,
    Location,
    LocationDraft,
    Network,
    location_of,
    require_usable,
)
from crosslane.locations.errors import (
    ClosureInvalid,
    LocationCodeFixed,
    LocationExists,
    RowInvalid,
)
from crosslane.locations.events import (
    LocationAdded,
    LocationClosed,
    LocationEdited,
    LocationEvent,
    LocationReopened,
)
from crosslane.locations.service.postcodes import position_of
from crosslane.organization import OrganizationBook
from crosslane.platform import audit, facts, log
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

IMPORT_ROWS_MAX = 5_000


class ChangeLocation(Struct, frozen=True):
    """A location's new description.

    Args:
        code: which one.
        draft: all of it.
        version: the version that was read; None to change whatever is there.
    """

    code: str
    draft: LocationDraft
    version: int | None


class Close(Struct, frozen=True):
    """A temporary closure; ``since`` absent begins now, ``until`` absent has no end yet."""

    code: str
    since: datetime | None
    until: datetime | None
    reason: str


class Reopen(Struct, frozen=True):
    """Lifts a closure."""

    code: str


class Retire(Struct, frozen=True):
    """Takes a location out of use for good; its history stays."""

    code: str


class ImportLocations(Struct, frozen=True, forbid_unknown_fields=True):
    """Locations in bulk.

    Args:
        rows: locations, each as in LocationDraft; known codes are changed, others added.
        dry_run: check everything and save nothing.
    """

    rows: Annotated[list[dict[str, Any]], Meta(max_length=IMPORT_ROWS_MAX)]
    dry_run: bool = False


class LocationsImported(Struct, frozen=True):
    """What an import did, or with ``dry_run`` would do, and why it refused some rows."""

    created: int
    changed: int
    unchanged: int
    refused: int
    problems: list[RowProblem]
    dry_run: bool


async def _load(tx: Tx) -> Network:
    return Network(await storage.list_locations(tx))


NETWORK = facts.Fact(topic="locations", load=_load)


async def network(tx: Tx) -> Network:
    """Return all locations of the tenant, from memory when nothing has changed."""
    return await facts.get(tx, NETWORK)


async def location_exists(tx: Tx, code: str) -> bool:
    """Tell whether a location has this code, for policies that are set for one location."""
    return code in (await network(tx)).by_code


async def add_location(tx: Tx, draft: LocationDraft) -> Location:
    """Add a location.

    Raises:
        LocationExists: its code is taken.
        Refusal: a field does not hold.
    """
    known = await _network_to_edit(tx)
    if draft.code in known.by_code:
        raise LocationExists(pointer="/code", code=draft.code)
    return await _save_one(tx, known, draft)


async def change_location(tx: Tx, change: ChangeLocation) -> Location:
    """Replace a location's description; its code and its closure stay.

    Raises:
        LocationUnknown: there is none with this code.
        Stale: it was changed since it was read.
        Refusal: a field does not hold.
    """
    known = await _network_to_edit(tx)
    _refuse_change(change, known.require(change.code))
    return await _save_one(tx, known, change.draft)


async def preview_change(tx: Tx, change: ChangeLocation) -> Location:
    """Return what a change would make of a location, and change nothing.

    Raises:
        Refusal: whatever :func:`change_location` would refuse with.
    """
    known = await network(tx)
    _refuse_change(change, known.require(change.code))
    return _read(known, await organization.book(tx), change.draft)


async def import_locations(tx: Tx, wanted: ImportLocations) -> LocationsImported:
    """Add and change locations in bulk; rows that do not hold are told and left out."""
    known = await (network if wanted.dry_run else _network_to_edit)(tx)
    book = await organization.book(tx)
    rows: dict[str, Location] = {}
    problems: list[RowProblem] = []
    for number, row in enumerate(wanted.rows):
        try:
            location = _read(known, book, _draft(row))
            if location.code in rows:
                raise LocationExists(pointer="/code", code=location.code)
            rows[location.code] = location
        except Refusal as refusal:
            key = str(row.get("code", ""))
            problems.append(RowProblem.of(number, refusal, key=key, at=f"/rows/{number}"))
    created = [row for row in rows.values() if row.code not in known.by_code]
    changed = [row for row in rows.values() if _differs(known, row)]
    result = LocationsImported(
        created=len(created),
        changed=len(changed),
        unchanged=len(rows) - len(created) - len(changed),
        refused=len(problems),
        problems=problems,
        dry_run=wanted.dry_run,
    )
    if not wanted.dry_run:
        await _save(tx, known, [*created, *changed])
    # One row for the whole: the command's own would repeat every location in it.
    await audit.record(tx, [Change(action=IMPORT.name, after=result)])
    return result


async def close_location(tx: Tx, wanted: Close) -> Location:
    """Close a location for a while, in place of any closure it has.

    Raises:
        LocationUnknown: there is none with this code.
        ClosureInvalid: it ends before it begins.
    """
    location = (await _network_to_edit(tx)).require(wanted.code)
    since = require_usable(wanted.since or tx.now, pointer="/since")
    until = wanted.until and require_usable(wanted.until, pointer="/until")
    closure = Closure(since, until, wanted.reason)
    if closure.until and closure.until <= closure.since:
        raise ClosureInvalid(pointer="/until")
    await storage.set_closure(tx, location.id, closure)
    await _audit(tx, CLOSE, location, location.timetable.closure, closure, wanted.reason)
    event = LocationClosed(location_id=location.id, since=closure.since, until=closure.until)
    await log.append(tx, [event])
    return (await network(tx)).by_id[location.id]


async def reopen_location(tx: Tx, code: str) -> Location:
    """Lift a location's closure; one that has none stays as it is.

    Raises:
        LocationUnknown: there is none with this code.
    """
    location = (await _network_to_edit(tx)).require(code)
    if location.timetable.closure is not None:
        await storage.set_closure(tx, location.id, None)
        await _audit(tx, REOPEN, location, location.timetable.closure, None)
        await log.append(tx, [LocationReopened(location_id=location.id)])
    return (await network(tx)).by_id[location.id]


async def retire_location(tx: Tx, code: str) -> Location:
    """Take a location out of use; it stays known by its code.

    Raises:
        LocationUnknown: there is none with this code.
    """
    known = await _network_to_edit(tx)
    location = known.require(code)
    if location.active:
        await _audit(tx, RETIRE, location, True, False)
        await _save(tx, known, [msgspec.structs.replace(location, active=False)])
    return (await network(tx)).by_id[location.id]


def _refuse_change(change: ChangeLocation, present: Location) -> None:
    if change.draft.code != change.code:
        raise LocationCodeFixed(pointer="/code", code=change.code)
    if change.version not in (None, present.version):
        raise Stale(present=present.version, given=change.version)


async def _audit(
    tx: Tx, kind: CommandKind, location: Location, before: Any, after: Any, reason: str = ""
) -> None:
    subject = f"location:{location.id}"
    change = Change(action=kind.name, subject=subject, before=before, after=after, reason=reason)
    await audit.record(tx, [change])


async def _network_to_edit(tx: Tx) -> Network:
    """Return the network as it is until this transaction ends: edits wait for each other."""
    await facts.touch(tx, NETWORK.topic)
    return await network(tx)


def _draft(row: Mapping[str, Any]) -> LocationDraft:
    try:
        return msgspec.convert(row, LocationDraft)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        # "[...]" stands for some key of an object: the pointer ends before it.
        known = path.rstrip("`").partition("[...]")[0]
        pointer = known.replace(".", "/").replace("[", "/").replace("]", "")
        raise RowInvalid(pointer=pointer, reason=reason.replace("`", "'")) from None


def _read(known: Network, book: OrganizationBook, draft: LocationDraft) -> Location:
    book.entity(draft.entity, pointer="/entity")
    present = known.by_code.get(draft.code)
    by_postcode = position_of(draft.country, draft.postcode)
    return location_of(draft, present.id if present else new_id(), by_postcode)


def _differs(known: Network, row: Location) -> bool:
    present = known.by_code.get(row.code)
    if present is None:
        return False
    timetable = msgspec.structs.replace(row.timetable, closure=present.timetable.closure)
    same = msgspec.structs.replace(row, version=present.version, timetable=timetable)
    return same != present


async def _save_one(tx: Tx, known: Network, draft: LocationDraft) -> Location:
    location = _read(known, await organization.book(tx), draft)
    present = known.by_id.get(location.id)
    await _audit(tx, CHANGE if present else ADD, location, present, location)
    await _save(tx, known, [location])
    return (await network(tx)).by_id[location.id]


async def _save(tx: Tx, known: Network, locations: Sequence[Location]) -> None:
    if not locations:
        return
    await storage.upsert_locations(tx, locations)
    events: list[LocationEvent] = [
        LocationEdited(location_id=location.id)
        if location.id in known.by_id
        else LocationAdded(location_id=location.id)
        for location in locations
    ]
    await log.append(tx, events)


async def _add(tx: Tx, commands: Sequence[Command[LocationDraft]]) -> list[Location]:
    return [await add_location(tx, command.body) for command in commands]


async def _change(tx: Tx, commands: Sequence[Command[ChangeLocation]]) -> list[Location]:
    return [await change_location(tx, command.body) for command in commands]


async def _import(tx: Tx, commands: Sequence[Command[ImportLocations]]) -> list[LocationsImported]:
    return [await import_locations(tx, command.body) for command in commands]


async def _close(tx: Tx, commands: Sequence[Command[Close]]) -> list[Location]:
    return [await close_location(tx, command.body) for command in commands]


async def _reopen(tx: Tx, commands: Sequence[Command[Reopen]]) -> list[Location]:
    return [await reopen_location(tx, command.body.code) for command in commands]


async def _retire(tx: Tx, commands: Sequence[Command[Retire]]) -> list[Location]:
    return [await retire_location(tx, command.body.code) for command in commands]


ADD = CommandKind("locations.add", LocationDraft, Location, _add, batch_max=1)
CHANGE = CommandKind("locations.change", ChangeLocation, Location, _change, batch_max=1)
IMPORT = CommandKind("locations.import", ImportLocations, LocationsImported, _import, batch_max=1)
CLOSE = CommandKind("locations.close", Close, Location, _close, batch_max=1)
RETIRE = CommandKind("locations.retire", Retire, Location, _retire, batch_max=1)
REOPEN = CommandKind("locations.reopen", Reopen, Location, _reopen, batch_max=1)
