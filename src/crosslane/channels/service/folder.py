"""A folder files are exchanged in: ``in``, ``done``, ``failed`` and ``out`` of one channel.

Every name is looked up inside a folder that was opened before, and no link is followed, so no name
leads out of it. What is written appears whole under its name or not at all.
"""

import hashlib
import os
import secrets
import stat
import time
from contextlib import ExitStack, suppress
from heapq import nsmallest
from io import BufferedReader, BufferedWriter
from pathlib import Path
from threading import Lock
from typing import Literal, Self
from urllib.parse import quote

from crosslane.channels.domain.exchange import Seen, is_finished
from crosslane.platform import faults

FILES_LOOKED_AT_MAX = 1_000
FOLDER_MODE, FILE_MODE = 0o770, 0o660
PART = ".part"
LAID = ".laid-"
BLOCK_BYTES = 1 << 20
# No request goes on for so long.
LAYING_SECONDS_MAX = 3_600.0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that was laid there must not make anybody wait.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Part = Literal["in", "done", "failed", "out"]
PARTS: tuple[Part, ...] = ("in", "done", "failed", "out")

_roots: list[Path] = []


def use_root(root: Path | None) -> None:
    """Say where the folders of all tenants lie; None for nowhere, as at first."""
    _roots[:] = [root] if root else []


def root() -> Path | None:
    """Return where the folders of all tenants lie, None when no files are exchanged."""
    return _roots[0] if _roots else None


class Folder:
    """The folders of one channel, open until they are left; made when they are absent.

    Args:
        root: of all tenants; it has to be there.
        tenant: whose.
        channel: code of the channel.

    Raises:
        OSError: it cannot be used.
    """

    def __init__(self, root: Path, tenant: str, channel: str) -> None:
        self._open: list[int] = []
        self._parts: dict[Part, int] = {}
        try:
            home = self._enter(self._kept(os.open(root, os.O_RDONLY | os.O_DIRECTORY)), tenant)
            own = self._enter(home, channel)
            self._parts = {part: self._enter(own, part) for part in PARTS}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave it."""
        while self._open:
            os.close(self._open.pop())

    def _kept(self, descriptor: int) -> int:
        self._open.append(descriptor)
        return descriptor

    def _enter(self, parent: int, name: str) -> int:
        # Dots are the only names left that mean another folder.
        name = quote(name, safe=" ").replace("..", "%2E%2E")
        with suppress(FileExistsError):
            os.mkdir(name, FOLDER_MODE, dir_fd=parent)
        return self._kept(os.open(name, _FOLDER, dir_fd=parent))

    def descriptor(self, part: Part) -> int:
        """Return by what a part is open, for who works in it; good until it is left."""
        return self._parts[part]

    def look(self) -> list[Seen]:
        """Return the files that came in and may be finished, the first ones by name."""
        found = []
        with os.scandir(self._parts["in"]) as entries:
            for entry in entries:
                if is_finished(entry.name):
                    # One that goes away meanwhile is none.
                    with suppress(FileNotFoundError):
                        found.append((entry.name, entry.stat(follow_symlinks=False)))
        own = [Seen(name, _stamp(told), told.st_size) for name, told in found if _is_own(told)]
        return nsmallest(FILES_LOOKED_AT_MAX, own)

    def read(self, seen: Seen) -> BufferedReader | None:
        """Open a file that came in; None when it is not the one that was seen any more."""
        try:
            stream = open(os.open(seen.name, _READ, dir_fd=self._parts["in"]), "rb")  # noqa: SIM115
        except FileNotFoundError:
            return None
        if _stamp(os.fstat(stream.fileno())) == seen.stamp:
            return stream
        stream.close()
        return None

    def is_still(self, name: str, stamp: str) -> bool:
        """Whether a file that came in is the one that was seen."""
        try:
            told = os.stat(name, dir_fd=self._parts["in"], follow_symlinks=False)
        except FileNotFoundError:
            return False
        return _stamp(told) == stamp

    def move(self, name: str, stamp: str, into: Part, target: str) -> None:
        """Put a file that came in elsewhere, unless it is another one by now."""
        if not self.is_still(name, stamp):
            return
        there = self._parts[into]
        with suppress(FileNotFoundError):
            os.rename(name, target, src_dir_fd=self._parts["in"], dst_dir_fd=there)
        os.fsync(there)
        os.fsync(self._parts["in"])
        faults.reach("channels.file_moved")

    def write(self, into: Part, name: str, body: bytes) -> None:
        """Write a file that appears whole; one of its name that is there is replaced."""
        there = self._parts[into]
        unfinished = f".{name}.{secrets.token_hex(4)}{PART}"
        descriptor = os.open(unfinished, _NEW, FILE_MODE, dir_fd=there)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(descriptor)
            faults.reach("channels.file_unfinished")
            os.rename(unfinished, name, src_dir_fd=there, dst_dir_fd=there)
        except OSError:
            with suppress(OSError):
                os.unlink(unfinished, dir_fd=there)
            raise
        os.fsync(there)
        faults.reach("channels.file_written")

    def sweep_laid(self) -> None:
        """Remove what requests that died have left of files they laid here."""
        since = time.time() - LAYING_SECONDS_MAX
        with os.scandir(self._parts["in"]) as entries:
            for entry in entries:
                if entry.name.startswith(LAID) and entry.name.endswith(PART):
                    with suppress(FileNotFoundError):
                        if entry.stat(follow_symlinks=False).st_mtime < since:
                            os.unlink(entry.name, dir_fd=self._parts["in"])

    def sweep(self) -> None:
        """Remove what writers that died have left unfinished."""
        for part in ("out", "failed"):
            with os.scandir(self._parts[part]) as entries:
                left = [one.name for one in entries if one.name.startswith(".")]
            for name in left:
                if name.endswith(PART):
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=self._parts[part])


class Laying:
    """A file that is laid into a folder while it arrives, under a name that nobody looks at.

    Whatever becomes of it, it has to be closed, which removes it under that name. Its methods are
    for threads, one after the other: whoever closes it waits for one that was given up.

    Args:
        root, tenant, channel: of the folder, as of :class:`Folder`.

    Raises:
        OSError: of each method: its disk cannot be used.
    """

    _there: int
    _stream: BufferedWriter

    def __init__(self, root: Path, tenant: str, channel: str) -> None:
        self._where = root, tenant, channel
        self._hidden = f"{LAID}{secrets.token_hex(8)}{PART}"
        self._known = hashlib.blake2b(digest_size=16)
        self._alone, self._opened = Lock(), ExitStack()
        self.bytes = 0

    def open(self) -> None:
        """Begin it."""
        with self._alone:
            folder = self._opened.enter_context(Folder(*self._where))
            self._there = folder.descriptor("in")
            descriptor = os.open(self._hidden, _NEW, FILE_MODE, dir_fd=self._there)
            self._stream = self._opened.enter_context(open(descriptor, "wb"))  # noqa: SIM115
            self._opened.callback(self._forget)

    @property
    def digest(self) -> str:
        """BLAKE2b of what was written, 16 bytes in hexadecimal digits."""
        return self._known.hexdigest()

    def write(self, block: bytes) -> None:
        """Write what follows."""
        with self._alone:
            self._stream.write(block)
            self._known.update(block)
            self.bytes += len(block)

    def name(self, name: str) -> bool:
        """Let it lie there under a name of its own; a file of the same content is as good.

        Returns:
            False when another file of this name lies there.
        """
        with self._alone:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            while True:
                try:
                    os.link(self._hidden, name, src_dir_fd=self._there, dst_dir_fd=self._there)
                except FileExistsError:
                    # One that is taken away meanwhile leaves its name.
                    with suppress(FileNotFoundError):
                        return self._is_there(name)
                else:
                    os.fsync(self._there)
                    return True

    def close(self) -> None:
        """Remove it under the name that nobody looks at, and leave the folder."""
        with self._alone:
            self._opened.close()

    def _forget(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._hidden, dir_fd=self._there)

    def _is_there(self, name: str) -> bool:
        """Whether the file of a name has the same content."""
        with self._read(name) as other, self._read(self._hidden) as own:
            if os.fstat(other.fileno()).st_size != self.bytes:
                return False
            while block := own.read(BLOCK_BYTES):
                if other.read(BLOCK_BYTES) != block:
                    return False
            return True

    def _read(self, name: str) -> BufferedReader:
        return open(os.open(name, _READ, dir_fd=self._there), "rb")


def _stamp(told: os.stat_result) -> str:
    return f"{told.st_ino}:{told.st_size}:{told.st_mtime_ns}"


def _is_own(told: os.stat_result) -> bool:
    """Whether it is a file of this folder alone: no link of either kind, no pipe, no device."""
    return stat.S_ISREG(told.st_mode) and told.st_nlink == 1
