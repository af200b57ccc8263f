"""Homes of benchmarks are founded once for each size, and copied for every other one."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosslane.bench import site
from crosslane.bench.figures import Scale


class Homes:
    """Keeps a home of each size as it is when new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found = site.found_home
        self._kept: dict[str, tuple[Path, list[str]]] = {}

    async def found(self, home: Path, scale: Scale, *, stocked: bool) -> list[str]:
        """Do what ``found_home`` does, by a copy where there is one to copy."""
        name = f"{scale} {stocked}"
        if name not in self._kept:
            kept = self._folder / str(len(self._kept))
            kept.mkdir()
            self._kept[name] = kept, await self._found(kept, scale, stocked=stocked)
        kept, api_keys = self._kept[name]
        # Of the server's own user, and with its modes.
        copy = await asyncio.create_subprocess_exec("cp", "-a", f"{kept}/.", home)
        assert await copy.wait() == 0
        return api_keys


@pytest.fixture(scope="session")
def homes() -> Iterator[Homes]:
    """The homes of the whole run."""
    # Not pytest's own folder: as root the unprivileged user of the server may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="crosslane-homes-"))
    folder.chmod(0o755)
    yield Homes(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _copied(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let benchmarks begin with a copy."""
    monkeypatch.setattr(site, "found_home", homes.found)
