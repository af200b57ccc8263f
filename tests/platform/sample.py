"""A small module as the HTTP edge sees one: routes and a command, on a table of its own."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.kernel import Conflict, Invalid, NotFound, Page, Stale, new_id
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.web import (
    PUBLIC,
    Answer,
    Caller,
    Document,
    Paging,
    Version,
    delete,
    get,
    patch,
    post,
    put,
)

TABLE = """
create table sample_note (
    id uuid primary key, text text not null unique, weight integer not null, version int not null,
    trace text not null
)
"""


go_on = asyncio.Event()  # what the note "slow" waits for

SHOW = "select id, text, weight, version from sample_note where id = $1"


class NoSuchNote(NotFound):
    """There is no note {id}."""


class NoteTaken(Conflict):
    """There is a note like this already."""


class EmptyNote(Invalid):
    """A note needs a text."""


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note to keep."""

    text: str
    weight: int = 0


class Note(msgspec.Struct, frozen=True):
    """A note that is kept."""

    id: UUID
    text: str
    weight: int
    version: int


class Change(msgspec.Struct, frozen=True):
    id: UUID
    text: str
    version: int | None


async def _keep(tx: Tx, commands: Sequence[Command[NewNote]]) -> list[Note]:
    [command] = commands
    new = command.body
    if not new.text:
        raise EmptyNote(pointer="/text")
    if await tx.fetchval("select true from sample_note where text = $1", new.text):
        raise NoteTaken(pointer="/text")
    note = Note(new_id(), new.text, new.weight, 1)
    sql = "insert into sample_note values ($1, $2, $3, $4, $5)"
    await tx.execute(sql, note.id, note.text, note.weight, note.version, command.trace)
    if new.text == "slow":
        await go_on.wait()
    return [note]


async def _change(tx: Tx, commands: Sequence[Command[Change]]) -> list[Note]:
    [command] = commands
    body = command.body
    row = await tx.fetchrow("select * from sample_note where id = $1 for update", body.id)
    if row is None:
        raise NoSuchNote(id=body.id)
    if body.version is not None and row["version"] != body.version:
        raise Stale(present=row["version"], given=body.version)
    await tx.execute(
        "update sample_note set text = $2, version = version + 1 where id = $1", body.id, body.text
    )
    return [Note(body.id, body.text, row["weight"], row["version"] + 1)]


async def _drop(tx: Tx, commands: Sequence[Command[UUID]]) -> list[None]:
    [command] = commands
    if await tx.execute("delete from sample_note where id = $1", command.body) == "DELETE 0":
        raise NoSuchNote(id=command.body)
    return [None]


KEEP = CommandKind("sample.keep", NewNote, Note, _keep, batch_max=1)
CHANGE = CommandKind("sample.change", Change, Note, _change, batch_max=1)
DROP = CommandKind("sample.drop", UUID, None, _drop, batch_max=1)


@post(
    "/api/v1/notes",
    permission="sample:write",
    command=KEEP,
    raises=(NoteTaken, EmptyNote),
    example=NewNote("a note"),
)
async def keep_note(caller: Caller, data: NewNote) -> Answer[Note]:
    """Keep a note."""
    note = await caller.submit(KEEP, data)
    return Answer(body=note, version=note.version, location=f"/api/v1/notes/{note.id}")


@get("/api/v1/notes", permission="sample:read")
async def list_notes(
    caller: Caller,
    paging: Paging,
    weight_min: int | None = None,
    text: list[str] | None = None,
    order: Literal["text"] = "text",
    since: datetime | None = None,
) -> Page[Note]:
    """List notes by text."""
    sql = """
        select id, text, weight, version from sample_note
        where ($1::text is null or text > $1) and ($2::int is null or weight >= $2)
          and ($3::text[] is null or text = any($3)) order by text limit $4
    """
    after = paging.after(str) or (None,)
    async with caller.read() as tx:
        rows = await tx.fetch(sql, after[0], weight_min, text, paging.limit + 1)
    return paging.page([Note(**dict(row)) for row in rows], key=lambda note: (note.text,))


@get("/api/v1/notes/{note_id}", permission="sample:read", raises=(NoSuchNote,))
async def show_note(caller: Caller, note_id: UUID) -> Answer[Note]:
    """Show a note."""
    async with caller.read() as tx:
        row = await tx.fetchrow(SHOW, note_id)
    if row is None:
        raise NoSuchNote(id=note_id)
    return Answer(body=Note(**dict(row)), version=row["version"])


@patch("/api/v1/notes/{note_id}", permission="sample:write", command=CHANGE, raises=(NoSuchNote,))
async def change_note(caller: Caller, note_id: UUID, version: Version, data: NewNote) -> Note:
    """Change a note."""
    return await caller.submit(CHANGE, Change(note_id, data.text, version))


@put(
    "/api/v1/notes/{note_id}/text", permission="sample:write", command=CHANGE, consumes="text/plain"
)
async def replace_text(
    caller: Caller, note_id: UUID, data: bytes, version: Version | None = None
) -> Note:
    """Replace a note's text."""
    return await caller.submit(CHANGE, Change(note_id, data.decode(), version))


@delete("/api/v1/notes/{note_id}", permission="sample:write", command=DROP)
async def drop_note(caller: Caller, note_id: UUID) -> None:
    """Drop a note."""
    await caller.submit(DROP, note_id)


@get("/api/v1/notes/{note_id}/label", permission="sample:read", produces="text/plain")
async def print_note(caller: Caller, note_id: UUID) -> Document:
    """Print a note."""
    return Document(content=str(note_id).encode(), media_type="text/plain", filename="note.txt")


@post("/api/v1/note-counts", permission=PUBLIC, command=None)
async def count_letters(caller: Caller, data: NewNote) -> int:
    """Count letters, which changes nothing."""
    return len(data.text)


@get("/api/v1/failure", permission=PUBLIC)
async def fail() -> None:
    """Fail."""
    raise RuntimeError("a secret that must not be told")


@get("/api/v1/lock", permission="sample:read")
async def wait_for_lock(caller: Caller) -> None:
    """Wait for rows others have locked."""
    async with caller.read() as tx:
        await tx.fetch("select pg_advisory_xact_lock(42)")


ROUTES = [
    keep_note,
    list_notes,
    show_note,
    change_note,
    replace_text,
    drop_note,
    print_note,
    count_letters,
    fail,
    wait_for_lock,
]
