"""Fixtures: a running Crosslane with one retailer in it, and the outside world as processes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engagement.mailbox import Mailbox
from tests.payments.fake import FakeProvider
from tests.retailer import LONG_AGO, WEEK, found_retailer, send
from tests.running import Installation, Tenant
from tests.vendors.strict import MESSAGE_SECRET, ORDER_SECRET, StrictVendor

STOCK = {("MUG", "DC1"): 10, ("LAMP", "DC2"): 5}
POT_COST_MILLI = 700_500
POT_PRICE_MILLI = 1_500_000


@dataclass
class Town:
    """A retailer that serves, its payment provider, and its customers' mail."""

    shop: Tenant
    bank: FakeProvider
    mail: Mailbox


# As long as the journeys last and no longer: its workers work for every tenant of the database.
@pytest.fixture(scope="package")
async def installation(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Installation, Mailbox]]:
    """What serves all of them, and where its mail arrives."""
    mail, installation = Mailbox(), Installation(postgres_url, tmp_path_factory.mktemp("home"))
    async with mail.opened() as port:
        installation.environment["CROSSLANE_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
        async with installation.serve():
            yield installation, mail


@pytest.fixture(scope="module")
async def town(
    installation: tuple[Installation, Mailbox], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """A fresh retailer for the stories of one file."""
    served, mail = installation
    # Numbers of orders begin anew.
    mail.arrived.clear()
    bank = FakeProvider(tmp_path_factory.mktemp("town") / "bank")
    bank.webhook_url = f"{served.url}/api/v1/payment-providers/house/messages"
    async with served.tenant() as shop:
        await bank.start()
        try:
            await found_retailer(shop.client, bank.url, STOCK)
            yield Town(shop, bank, mail)
        finally:
            await bank.stop()


@pytest.fixture
async def vendor(town: Town, tmp_path: Path) -> AsyncIterator[StrictVendor]:
    """A vendor that alone has pots."""
    client, strict = town.shop.client, StrictVendor(tmp_path / "vendor.jsonl")
    try:
        place = {
            "code": "V01",
            "kind": "vendor",
            "entity": "mf",
            "name": "Potteries Ltd",
            "country": "GB",
            "nation": "ENG",
            "postcode": "ST1 4LY",
            "timezone": "Europe/London",
            "abilities": ["ship"],
            "hours": WEEK,
        }
        location = await send(client, "locations", place)
        settings = {
            "location": "V01",
            "currency": "GBP",
            "port": "http",
            "endpoint": strict.endpoint,
            "order_secret": ORDER_SECRET,
            "message_secret": MESSAGE_SECRET,
        }
        await send(client, "vendors", settings)
        pot = {"sku": "POT", "category": "home", "title": "Tea pot", "weight_grams": 900}
        await send(client, "product-imports", {"rows": [pot]})
        price = {"sku": "POT", "unit_price_milli": POT_PRICE_MILLI}
        listed = {"price_list": "retail", "rows": [price], "valid_from": LONG_AGO}
        await send(client, "price-imports", listed)
        term = {"sku": "POT", "unit_cost_milli": POT_COST_MILLI, "valid_from": "2010-01-01"}
        await send(client, "vendor-terms", {"location": "V01", "terms": [term]})
        supply = {
            "source": "potteries",
            "message": "stock-1",
            "kind": "snapshot",
            "location": "V01",
            "as_of": datetime.now(UTC).isoformat(),
            "rows": [{"sku": "POT", "quantity": 7}],
        }
        await send(client, "inventory/supply-messages", supply)
        key = {
            "name": "Potteries Ltd",
            "role": "integrator",
            "scopes": ["vendors:message"],
            "location_id": location["id"],
        }
        secret = (await send(client, "api-keys", key))["secret"]
        strict.script(
            url=f"{client.base_url}vendors/V01/messages",
            api_key=secret,
            steps=["acknowledge", "ship", "deliver", "invoice"],
            repeat=2,
            reorder=True,
        )
        yield strict
    finally:
        strict.kill()
