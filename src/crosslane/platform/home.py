"""The home folder: everything one installation keeps on this machine, and the lock on it.

As an ordinary user it lies where the platform keeps a user's data. As root it lies in a system
folder, because PostgreSQL runs under an unprivileged user that cannot enter `/root`.
"""

import fcntl
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from crosslane.kernel import Unavailable

APPLICATION = "crosslane"
OWNER_ONLY = 0o700
OWNER_AND_PASSING = 0o711  # others may pass through to what is theirs, and list nothing


class CannotStart(Unavailable):
    """Crosslane cannot start: {reason}.

    Its subclasses are read by the person at the terminal, so the whole docstring is the message:
    what is wrong first, then what to do.
    """

    @property
    def message(self) -> str:
        """Return the docstring as one paragraph with the details filled in."""
        return " ".join((type(self).__doc__ or "").split()).format_map(self.details)


class HomeInUse(CannotStart):
    """Crosslane already runs on {home} ({holder}).

    Stop it first, or start this one on another folder (CROSSLANE_HOME), or let both share one
    server (DATABASE_URL).
    """


class HomeNotUsable(CannotStart):
    """The folder {home} cannot be used: {reason}.

    Name another one with CROSSLANE_HOME.
    """


def default_home(environment: Mapping[str, str]) -> Path:
    """Return the folder for this user on this platform; `CROSSLANE_HOME` overrides it."""
    named = environment.get("CROSSLANE_HOME")
    if named:
        return Path(named).expanduser().absolute()
    root = os.geteuid() == 0
    if sys.platform == "darwin":
        base = Path("/Library") if root else Path.home() / "Library"
        return base / "Application Support" / APPLICATION
    if root:
        return Path("/var/lib") / APPLICATION
    named = environment.get("XDG_DATA_HOME")
    return (Path(named) if named else Path.home() / ".local" / "share") / APPLICATION


def make_home(home: Path) -> None:
    """Make the folder when it is absent, closed to other users' reading.

    Raises:
        HomeNotUsable: it cannot be made or written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(OWNER_AND_PASSING if os.geteuid() == 0 else OWNER_ONLY)
    except OSError as error:
        raise HomeNotUsable(home=home, reason=error.strerror) from error


class HomeLock:
    """One Crosslane at a time on a home folder.

    The kernel drops an flock with its process, so a lock left by a dead process is no obstacle.
    Children do not inherit it: the file descriptor closes on exec.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: IO[str] | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock, or say who has it.

        Raises:
            HomeInUse: another process holds it.
        """
        if self._file is not None:
            return
        file = (self._home / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip()
            file.close()
            told = f"process {holder}" if holder else "another process"
            raise HomeInUse(home=self._home, holder=told) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would race with a newcomer."""
        if self._file is not None:
            self._file.close()
            self._file = None
