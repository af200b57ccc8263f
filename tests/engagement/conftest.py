from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crosslane import app, engagement, organization
from crosslane.platform.database import Database
from crosslane.platform.settings import read_settings
from tests.engagement.mailbox import Mailbox
from tests.orders.world import found_retailer


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A tenant with everything an order needs, and every module's policies."""
    organization.register_policies(
        [kind for module in app.MODULES for kind in getattr(module, "POLICIES", ())]
    )
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        # So that the only calls out are of messages.
        off = organization.SetPolicy("sourcing.prices", {"on": False}, "not tried here")
        await organization.set_policy(tx, off)
    return tenant


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
