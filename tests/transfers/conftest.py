from collections.abc import AsyncIterator

import pytest

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.transfers.play import Play


@pytest.fixture
async def play(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Play]:
    """A small retailer; when the test is over, verify must find nothing wrong."""
    play = await Play.begin(database, lanes, tenant)
    yield play
    assert await play.findings() == []
