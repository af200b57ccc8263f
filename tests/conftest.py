"""One real PostgreSQL for the whole run."""

import gc
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from crosslane import catalog, locations, organization
from crosslane.platform import outbound
from crosslane.platform.postgres import EmbeddedPostgres
from crosslane.platform.processes import collect_seldom
from tests.homes import made_home

pytest_plugins = ["tests.tenancy", "tests.api", "tests.payments.fake"]

# How long an example takes tells how busy the machine is, not whether the property holds.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")

# A shell that starts them in the background lets tests, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What takes long, so that none of it is begun when the other cores have nothing left to do. Fields
# come early: what they compile is kept on disk, and later ones find it there.
LONG = (
    *("browser", "sourcing/fields", "chaos", "matrix", "journeys", "demo", "cli", "fuzz"),
    *("tidy", "bench"),
)
# Files that share what is dear to make: a shop with its pages, compiled loops, an installation that
# serves, homes of benchmarks.
TOGETHER = ("browser", "sourcing/fields", "journeys", "bench")
TESTS = Path(__file__).parent


def group_of(path: str, groups: tuple[str, ...]) -> int:
    """Return which of some folders a file of this one lies in; how many there are when in none."""
    inside = [place for place, name in enumerate(groups) if path.startswith(f"tests/{name}/")]
    return min(inside, default=len(groups))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; all else keeps its order."""
    items.sort(key=lambda item: group_of(item.path.relative_to(TESTS.parent).as_posix(), LONG))


def pytest_collection() -> None:
    """Collect no garbage meanwhile: all that is loaded stays, and reading it takes a third."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage as seldom as processes of the product do: what was collected here stays."""
    gc.enable()
    collect_seldom()


class ByFile(LoadFileScheduling):
    """Keeps on one worker what shares much: a file, and the folders that are named ``TOGETHER``."""

    def _split_scope(self, nodeid: str) -> str:
        group = group_of(nodeid, TOGETHER)
        return TOGETHER[group] if group < len(TOGETHER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Return what hands tests to workers."""
    return ByFile(config, log)


@pytest.fixture(autouse=True)
def _as_composed() -> None:
    """Say anew what holds for the process, because a test before may have said otherwise.

    Carriers and providers of the tests run on this machine, which is called on no other day.
    """
    outbound.allow(["127.0.0.1"])
    organization.register_scope("category", catalog.category_exists)
    organization.register_scope("location", locations.location_exists)


@pytest.fixture(scope="session")
async def postgres_url() -> AsyncIterator[str]:
    """The address of a PostgreSQL; CROSSLANE_TEST_DATABASE_URL names one of your own."""
    outside = os.environ.get("CROSSLANE_TEST_DATABASE_URL")
    if outside:
        yield outside
        return
    with made_home("test") as home:
        async with EmbeddedPostgres(home, fast=True) as postgres:
            yield postgres.url
