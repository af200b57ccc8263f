from collections.abc import Iterator
from pathlib import Path

import pytest

from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.world import found_retailer
from tests.vendors.shop import Play, add_vendor, only_vendor_has_mugs
from tests.vendors.strict import StrictVendor


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with everything an order needs, whose only mugs are a vendor's."""
    await found_retailer(database, tenant)
    await only_vendor_has_mugs(database, tenant)
    return tenant


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[StrictVendor]:
    """A strict vendor in a process of its own, which has seen nothing yet."""
    vendor = StrictVendor(tmp_path / "vendor.jsonl")
    yield vendor
    vendor.kill()


@pytest.fixture
async def play(database: Database, shop: str, lanes: Lanes) -> Play:
    """A vendor whose orders people pass on."""
    return Play(database, shop, lanes, await add_vendor(database, shop))


@pytest.fixture
async def wired(database: Database, shop: str, lanes: Lanes, strict: StrictVendor) -> Play:
    """A vendor that orders are sent to."""
    return Play(database, shop, lanes, await add_vendor(database, shop, strict.endpoint))
