"""Laying a file into the folder of a channel by a request, for who reaches the folder no other way.

It is written while it arrives, under a name that nobody looks at, so it may be larger than memory;
one that is cut off leaves nothing. Once it is whole, and it is recorded who sent it, it gets its
name. From there on it is a file like any other (``service/exchanging.py``): taken piece by piece,
known by its content, and so taken once however often it is sent.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from crosslane import organization
from crosslane.channels.domain.exchange import is_layable
from crosslane.channels.errors import (
    FileNameUnsafe,
    FileWaits,
    FolderUnusable,
    NoExchange,
    NoFolder,
    NothingSent,
)
from crosslane.channels.service import folder
from crosslane.channels.service.connecting import connection_of, connections
from crosslane.channels.service.folder import BLOCK_BYTES, Laying
from crosslane.platform import audit, idempotency
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

LAID_BYTES_MAX = 512 << 20
Done = TypeVar("Done")


class Lay(msgspec.Struct, frozen=True, kw_only=True):
    """Note that a file is laid into the folder of a channel.

    Args:
        channel: code of the channel.
        file_name: of the file.
        bytes: how many it has; likewise BLAKE2b of them, 16 bytes in hexadecimal digits.
    """

    channel: str
    file_name: str
    bytes: int
    digest: str


class Laid(Lay, frozen=True, kw_only=True):
    """A file that lies in the folder of a channel, and is taken from there in a moment."""


async def list_folders(tx: Tx) -> list[str]:
    """Return the channels with whose folders files are exchanged, by code."""
    if folder.root() is None:
        return []
    return sorted(code for code, one in (await connections(tx)).items() if one.has_folder)


async def require_folder(tx: Tx, channel: str, file_name: str) -> None:
    """Refuse a file that cannot be laid into the folder of a channel.

    Raises:
        UnknownChannel: there is no such channel.
        NoFolder: no files are exchanged with it by a folder.
        FileNameUnsafe: it is called by a name that could mean something else.
    """
    (await organization.book(tx)).channel(channel, pointer="/code")
    if not (await connection_of(tx, channel)).has_folder:
        raise NoFolder(channel=channel)
    if not is_layable(file_name):
        raise FileNameUnsafe(pointer="/file_name")


async def lay(tx: Tx, wish: Lay) -> Laid:
    """Record who lays a file into the folder of a channel.

    Raises:
        UnknownChannel, NoFolder, FileNameUnsafe: as :func:`require_folder`.
    """
    await require_folder(tx, wish.channel, wish.file_name)
    laid = Laid(**msgspec.structs.asdict(wish))
    change = audit.Change(
        action="channels.lay_file", subject=f"channel:{wish.channel}", before=None, after=laid
    )
    await audit.record(tx, [change])
    return laid


LAY = one_by_one("channels.lay_file", Lay, Laid, lay)


async def lay_arriving(
    tenant: str,
    channel: str,
    file_name: str,
    body: AsyncIterable[bytes],
    submit: Callable[[Lay], Awaitable[Laid]],
) -> Laid:
    """Lay a file into the folder of a channel while it arrives; nothing stays of what is refused.

    Args:
        tenant: whose.
        channel: code of the channel.
        file_name: under which it is taken.
        body: its content.
        submit: has it recorded that it is laid, once for a key.

    Raises:
        NoExchange: no files are exchanged here.
        NothingSent: it is empty.
        FolderUnusable: the disk of the folder is away, full or read only.
        FileWaits: another file of this name waits there.
        KeyReused: it was recorded of another file.
        Refusal: whatever the body refuses while it is read, or ``submit``.
    """
    if (home := folder.root()) is None:
        raise NoExchange
    file = Laying(home, tenant, channel)
    try:
        await _aside(file.open)
        await _write(file, body)
        if not file.bytes:
            raise NothingSent
        wish = Lay(channel=channel, file_name=file_name, bytes=file.bytes, digest=file.digest)
        laid = await submit(wish)
        # What a body says that is read while it arrives is no part of what a key is kept for.
        if laid.digest != file.digest:
            raise idempotency.KeyReused
        if not await _aside(file.name, file_name):
            raise FileWaits(pointer="/file_name", name=file_name)
    finally:
        await _aside(file.close)
    return laid


async def _write(file: Laying, body: AsyncIterable[bytes]) -> None:
    """Write what arrives, block by block."""
    block = bytearray()
    async for part in body:
        block += part
        if len(block) >= BLOCK_BYTES:
            await _aside(file.write, bytes(block))
            block.clear()
    await _aside(file.write, bytes(block))


async def _aside(do: Callable[..., Done], *how: Any) -> Done:
    """Do what a disk may take long for in a thread."""
    try:
        return await asyncio.to_thread(do, *how)
    except OSError as error:
        raise FolderUnusable(reason=error.strerror or type(error).__name__) from error
