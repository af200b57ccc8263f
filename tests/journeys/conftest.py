"""Fixtures: a running Crosslane with one retailer in it, and the outside world as processes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.payments.fake import FakeProvider
from tests.retailer import found_retailer
from tests.running import Installation, Tenant

STOCK = {("MUG", "DC1"): 10, ("LAMP", "DC2"): 5}


@dataclass
class Town:
    """A retailer that serves, and its payment provider."""

    shop: Tenant
    bank: FakeProvider


@pytest.fixture(scope="module")
async def town(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A fresh retailer for the stories of one file."""
    folder: Path = tmp_path_factory.mktemp("town")
    bank = FakeProvider(folder / "bank")
    installation = Installation(postgres_url, folder / "home")
    async with installation.serve(), installation.tenant() as shop:
        bank.webhook_url = f"{installation.url}/api/v1/payment-providers/house/messages"
        await bank.start()
        try:
            await found_retailer(shop.client, bank.url, STOCK)
            yield Town(shop, bank)
        finally:
            await bank.stop()
