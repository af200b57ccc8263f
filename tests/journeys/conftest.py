"""Fixtures: a running Crosslane with one retailer in it, and the outside world as processes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.engagement.mailbox import Mailbox
from tests.payments.fake import FakeProvider
from tests.retailer import found_retailer
from tests.running import Installation, Tenant

STOCK = {("MUG", "DC1"): 10, ("LAMP", "DC2"): 5}


@dataclass
class Town:
    """A retailer that serves, its payment provider, and its customers' mail."""

    shop: Tenant
    bank: FakeProvider
    mail: Mailbox


@pytest.fixture(scope="module")
async def town(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A fresh retailer for the stories of one file."""
    folder: Path = tmp_path_factory.mktemp("town")
    bank, mail = FakeProvider(folder / "bank"), Mailbox()
    installation = Installation(postgres_url, folder / "home")
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mail.opened())
        installation.environment["CROSSLANE_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
        await stack.enter_async_context(installation.serve())
        shop = await stack.enter_async_context(installation.tenant())
        bank.webhook_url = f"{installation.url}/api/v1/payment-providers/house/messages"
        await bank.start()
        try:
            await found_retailer(shop.client, bank.url, STOCK)
            yield Town(shop, bank, mail)
        finally:
            await bank.stop()
