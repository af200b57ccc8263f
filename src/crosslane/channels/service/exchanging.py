"""Exchanging files: what lies in a channel's folder is taken, its documents are written there.

A turn writes documents that have not been written, puts away files that were taken, and reads the
next pieces of those that lie there, in the order of their names. What was read is saved in the
transaction that ends the turn; only a turn after that moves the file. So a worker that dies at any
moment loses nothing: what was not saved is read again, what was is known by its content. A document
has one name, so the second time it is written it takes the place of the first.

A folder that cannot be used (away, full, read only) is left alone for growing times; its files wait
where they are. Files that nobody can read are put into ``failed`` with the reason beside them; put
back they are tried again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from crosslane import organization
from crosslane.channels.adapters import RECORDS_MAX, family_of
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.exchange import Seen, marked, settled
from crosslane.channels.domain.outgoing import Pace
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import connections
from crosslane.channels.service.conversing import DOCUMENT_BYTES_MAX
from crosslane.channels.service.folder import Folder, root
from crosslane.channels.service.folder_turns import ERRAND, EXCHANGE, ROUNDS
from crosslane.channels.service.intake import RECEIVE
from crosslane.channels.service.mapping import MappingView, list_mappings
from crosslane.channels.service.pieces import PIECE_BYTES_MAX, Piece, Reader, Reason
from crosslane.channels.service.rounds import Errand
from crosslane.channels.service.turns import Pause, rested_after
from crosslane.channels.storage import files as storage
from crosslane.channels.storage import known as known_storage
from crosslane.channels.storage import pace as pace_storage
from crosslane.channels.storage.files import TakenFile
from crosslane.channels.storage.known import Kept
from crosslane.channels.storage.pace import Standing
from crosslane.kernel import Refusal
from crosslane.organization import Channel
from crosslane.platform import faults
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, one_by_one
from crosslane.platform.lane import Command

LOOK_EVERY_SECONDS = 10.0
# A file that two looks see alike is whole.
SETTLED_SECONDS = 2.0
FILES_A_TURN_MAX = 100
DOCUMENTS_A_TURN_MAX = 20
# As many bytes as one document may have: so much of them is in memory at once.
DOCUMENT_BYTES_A_TURN_MAX = DOCUMENT_BYTES_MAX
TURN_SECONDS = 300.0
DIGEST_MARK_CHARACTERS = 12
REASON = ".reason.json"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn needs.

    Args:
        connection: how the channel's system is connected.
        channel: the channel.
        agreed: what was agreed on with it.
        mappings: what its tables mean, by name.
        open: files that are being taken, or were and are to be put away.
        documents: what is to be written; the first part of it where there is much.
        more_documents: there are others.
        now: time of the transaction that read all this.
    """

    connection: Connection
    channel: Channel
    agreed: Agreement
    mappings: Mapping[str, MappingView]
    open: Sequence[TakenFile]
    documents: Sequence[Kept]
    more_documents: bool
    now: datetime


class Failed(msgspec.Struct, frozen=True):
    """A file that nobody can read."""

    seen: Seen
    digest: bytes
    reason: Reason


class Done(msgspec.Struct, kw_only=True):
    """What came of a turn, as far as it came.

    Args:
        written: number of the last document that was written, 0 for none.
        put_away: digests of files that lie where they belong.
        pieces: what was read.
        failed: what could not be.
        more: something is left that need not wait.
        pause: why the folder is left alone.
    """

    written: int = 0
    put_away: list[bytes] = msgspec.field(default_factory=list)
    pieces: list[Piece] = msgspec.field(default_factory=list)
    failed: list[Failed] = msgspec.field(default_factory=list)
    more: bool = False
    pause: Pause | None = None


class FolderView(msgspec.Struct, frozen=True, kw_only=True):
    """How exchanging files with a channel goes.

    Args:
        ready_at: when its folder is looked into again, None when nobody has begun.
        failures: how often that has failed, one after the other.
        code: why it is left alone, "" when it is not; likewise words for people.
        failed_files: how many files nobody could read; they lie in ``failed``.
        failed_name: the last of them, "" for none; likewise why.
    """

    ready_at: datetime | None = None
    failures: int = 0
    code: str = ""
    detail: str = ""
    failed_files: int = 0
    failed_name: str = ""
    failed_code: str = ""


async def views(tx: Tx) -> dict[str, FolderView]:
    """Return how it goes, of every channel files are exchanged with."""
    wanted = [code for code, one in (await connections(tx)).items() if one.has_folder]
    standings = await pace_storage.list_standings(tx, ERRAND, wanted)
    failed = await storage.list_failed(tx, wanted)
    found = {}
    for code in wanted:
        one, (files, name, reason) = standings.get(code), failed.get(code, (0, "", ""))
        found[code] = FolderView(
            ready_at=one.ready_at if one else None,
            failures=one.failures if one else 0,
            code=one.code if one else "",
            detail=one.detail if one else "",
            failed_files=files,
            failed_name=name,
            failed_code=reason,
        )
    return found


async def begin(tx: Tx) -> None:
    """Give every channel that has a folder its turn; one that has it already keeps it."""
    await ROUNDS.begin(
        tx, [code for code, one in (await connections(tx)).items() if one.has_folder]
    )


async def prepare(tx: Tx, call: EffectCall[Errand]) -> Prepared | None:
    """Read what a turn needs; None when it was overtaken, or the channel has no folder any more."""
    code, standing = call.body.channel, await ROUNDS.find(tx, call.body)
    connection = (await connections(tx)).get(code)
    if standing is None or connection is None or not connection.has_folder:
        return None
    channel = (await organization.book(tx)).channel(code)
    documents, more = await known_storage.read_documents(
        tx, code, standing.documents, DOCUMENTS_A_TURN_MAX, DOCUMENT_BYTES_A_TURN_MAX
    )
    return Prepared(
        connection=connection,
        channel=channel,
        agreed=await agreed_with(tx, channel, connection.format),
        mappings={one.name: one for one in await list_mappings(tx) if one.channel == code},
        open=await storage.list_open(tx, code, FILES_A_TURN_MAX),
        documents=documents,
        more_documents=more,
        now=tx.now,
    )


async def exchange(call: EffectCall[Errand], prepared: Prepared | None) -> Done | None:
    """Write documents, put files away, and read what lies there."""
    if prepared is None:
        return None
    done = Done()
    if (home := root()) is None:
        done.pause = Pause("no-exchange", "No files are exchanged here (CROSSLANE_EXCHANGE)")
        return done
    try:
        with Folder(home, call.tenant, prepared.channel.code) as folder:
            await asyncio.to_thread(folder.sweep_laid)
            if call.attempt > 1:
                await asyncio.to_thread(folder.sweep)
            await asyncio.to_thread(_write, folder, prepared, done)
            await asyncio.to_thread(_put_away, folder, prepared, done)
            if before := await asyncio.to_thread(folder.look):
                await asyncio.sleep(SETTLED_SECONDS)
                ready = settled(before, await asyncio.to_thread(folder.look))
                await asyncio.to_thread(_take, folder, prepared, ready, done)
                faults.reach("channels.file_read")
    except OSError as error:
        detail = f"The folder cannot be used: {error.strerror or type(error).__name__}"
        done.pause = Pause("folder-unusable", detail)
    return done


def _write(folder: Folder, prepared: Prepared, done: Done) -> None:
    """Write documents in their order; one whose content was erased is left out."""
    connection = prepared.connection
    for one in prepared.documents:
        if one.body:
            name = connection.files.name_of(connection.channel, one.number, one.name)
            folder.write("out", name, one.body)
        done.written = one.number
    done.more = prepared.more_documents


def _put_away(folder: Folder, prepared: Prepared, done: Done) -> None:
    """Move files that were taken, unless they are gone, or others by now."""
    for one in prepared.open:
        if one.state == "taken":
            folder.move(one.name, one.stamp, "done", marked(one.name, str(one.batch_id)))
            done.put_away.append(one.digest)


def _take(folder: Folder, prepared: Prepared, ready: Sequence[Seen], done: Done) -> None:
    """Read the next pieces of files, as many as a turn may take in."""
    reader = Reader(
        family=family_of(prepared.connection.format),
        channel=prepared.channel,
        agreed=prepared.agreed,
        now=prepared.now,
    )
    begun = {(one.name, one.stamp): one for one in prepared.open if one.state == "taking"}
    records, left = 0, PIECE_BYTES_MAX
    for place, seen in enumerate(ready):
        if place >= FILES_A_TURN_MAX or records >= RECORDS_MAX or left <= 0:
            done.more = True
            return
        taken = _take_one(folder, prepared, reader, seen, begun.get((seen.name, seen.stamp)))
        if isinstance(taken, Failed):
            done.failed.append(taken)
        elif taken is not None:
            # It is put away by the next turn, or read on.
            done.more = True
            done.pieces.append(taken)
            records += len(taken.wish.readings) if taken.wish else 0
            left -= taken.wish.bytes if taken.wish else 0


def _take_one(
    folder: Folder, prepared: Prepared, reader: Reader, seen: Seen, begun: TakenFile | None
) -> Piece | Failed | None:
    """Read the next piece of a file; one that changes meanwhile is left for another turn."""
    stream = folder.read(seen)
    if stream is None:
        return None
    named = prepared.connection.files.mapping_of(seen.name)
    mapping = prepared.mappings.get(named)
    with stream:
        digest = begun.digest if begun else reader.digest(stream, seen.name, named)
        if named and mapping is None:
            detail = f"The channel has no mapping {named}"
            read: Piece | Reason = Reason(
                file=seen.name, code="no-such-mapping", detail=detail, at=prepared.now
            )
        else:
            read = reader.read(stream, seen, mapping, digest, begun.place if begun else 0)
    if not folder.is_still(seen.name, seen.stamp):
        return None
    if isinstance(read, Piece):
        return read
    target = marked(seen.name, digest.hex()[:DIGEST_MARK_CHARACTERS])
    folder.write("failed", target + REASON, msgspec.json.format(msgspec.json.encode(read)))
    folder.move(seen.name, seen.stamp, "failed", target)
    return Failed(seen, digest, read)


async def record(tx: Tx, call: EffectCall[Errand], done: Done | None) -> None:
    """Take in what was read, save how far everything is, and ask for the next turn."""
    standing = await ROUNDS.lock(tx, call, is_last=done is None)
    if standing is None or done is None:
        return
    await storage.put_away(tx, standing.channel, done.put_away)
    files: dict[bytes, TakenFile] = {}
    for number, piece in enumerate(done.pieces):
        files[piece.digest] = await _receive(tx, call, piece, number)
    for failed in done.failed:
        files[failed.digest] = _file(tx, call, failed.seen, failed.digest, failed.reason)
    if files:
        await storage.save_files(tx, list(files.values()))
    written = max(standing.documents, done.written)
    standing = msgspec.structs.replace(standing, documents=written)
    await ROUNDS.go_on(tx, _rested(standing, done, tx.now))


async def _receive(tx: Tx, call: EffectCall[Errand], piece: Piece, number: int) -> TakenFile:
    file = _file(tx, call, piece.seen, piece.digest, None)
    file = msgspec.structs.replace(
        file, place=piece.place, state="taken" if piece.is_last else "taking"
    )
    if piece.wish is None:
        return file
    command = Command(f"{call.key}:{number}", Actor("system", EXCHANGE), piece.wish, call.trace)
    (answer,) = await RECEIVE.handle(tx, [command])
    if isinstance(answer, Refusal):
        raise answer
    return msgspec.structs.replace(file, batch_id=answer.id)


def _file(
    tx: Tx, call: EffectCall[Errand], seen: Seen, digest: bytes, reason: Reason | None
) -> TakenFile:
    return TakenFile(
        channel=call.body.channel,
        digest=digest,
        name=seen.name.encode("utf-8", "backslashreplace").decode(),
        stamp=seen.stamp,
        bytes=seen.bytes,
        state="failed",
        place=reason.taken if reason else 0,
        batch_id=None,
        seen_at=tx.now,
        code=reason.code if reason else "",
        detail=reason.detail if reason else "",
    )


def _rested(standing: Standing, done: Done, now: datetime) -> Standing:
    """Return how a channel stands after a turn: when its folder is looked into again, and why."""
    succeeded = done.pause is None
    rested = rested_after(standing, Pace(None, now), done.pause, now, succeeded=succeeded)
    if done.more or done.pause is not None:
        return rested
    return msgspec.structs.replace(rested, ready_at=now + timedelta(seconds=LOOK_EVERY_SECONDS))


EXCHANGING = EffectKind(
    EXCHANGE,
    Errand,
    call=exchange,
    record=one_by_one(record),
    dead=one_by_one(ROUNDS.give_up),
    prepare=one_by_one(prepare),
    timeout_seconds=TURN_SECONDS,
)
