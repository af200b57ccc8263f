from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crosslane import app, engagement, organization
from crosslane.platform.database import Database
from crosslane.platform.settings import read_settings
from tests.engagement.mailbox import Mailbox
from tests.orders.world import WEEK, Week, found_retailer


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with everything an order needs, and every module's policies."""
    await open_shop(database, tenant)
    return tenant


@pytest.fixture
async def sleepy_shop(database: Database, tenant: str) -> str:
    """The same, whose places work the day after tomorrow only: no cut-off is near at any hour."""
    working = (datetime.now(UTC) + timedelta(days=2)).strftime("%A").lower()
    await open_shop(database, tenant, {working: ("08:00-20:00",)})
    return tenant


async def open_shop(database: Database, tenant: str, week: Week = WEEK) -> None:
    """Fill a tenant with everything an order needs."""
    organization.register_policies(
        [kind for module in app.MODULES for kind in getattr(module, "POLICIES", ())]
    )
    await found_retailer(database, tenant, week)
    async with database.transaction(tenant) as tx:
        # So that the only calls out are of messages.
        off = organization.SetPolicy("sourcing.prices", {"on": False}, "not tried here")
        await organization.set_policy(tx, off)


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """A mail server that keeps what it is given, and this process set to post there."""
    mailbox = Mailbox()
    async with mailbox.opened() as port:
        environment = {
            "CROSSLANE_HOME": str(tmp_path),
            "CROSSLANE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "CROSSLANE_MAIL_FROM": "orders@shop.example",
            "CROSSLANE_PUBLIC_URL": "https://shop.example",
        }
        engagement.use_settings(read_settings(environment))
        yield mailbox
