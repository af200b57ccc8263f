"""Home folders of the servers that tests start, removed when they are done.

They lie in memory where there is room. A new tenant is a thousand files, and making them on a disk
takes longer than filling them. Tests kill processes, never the machine, and what a process has
written outlives it there as it does on a disk.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crosslane.platform.postgres_settings import machine_memory_bytes

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
# All homes of a run that are there at once take a third of it.
ROOM_BYTES_MIN = 3 << 30


@contextmanager
def made_home(name: str) -> Iterator[Path]:
    """Make an empty folder that a server of its own may have.

    Args:
        name: what it is for, as part of the folder's own name.
    """
    # Not pytest's own folder: as root the unprivileged user of the server may not enter that.
    place = MEMORY if _has_room() else None
    folder = Path(tempfile.mkdtemp(prefix=f"crosslane-{name}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room() -> bool:
    """Whether memory holds the homes besides the processes."""
    if not MEMORY.is_dir():
        return False
    return (
        shutil.disk_usage(MEMORY).free >= ROOM_BYTES_MIN
        and machine_memory_bytes() >= 2 * ROOM_BYTES_MIN
    )
