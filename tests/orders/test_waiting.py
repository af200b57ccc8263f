"""A client of POST /orders may wait for what the payment provider says."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from crosslane import app as composition
from crosslane.orders import TenderWish
from crosslane.payments import PutProvider, put_provider
from crosslane.platform.database import Database
from crosslane.platform.worker import Worker
from tests.api import Api
from tests.orders.world import wish
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider


@pytest.fixture
async def shop_with_cards(
    api: Api, shop: str, database: Database, payment_provider: FakeProvider
) -> httpx.AsyncClient:
    """A client of a shop that takes cards."""
    async with database.transaction(shop) as tx:
        settings = PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, settings)
    return api.admin


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[None]:
    """A worker of the whole application, as a task of this process."""
    worker = Worker(database, composition.REACTIONS, composition.EFFECTS, [])
    running = asyncio.create_task(worker.run())
    yield
    worker.stop()
    await running


def card_order(token: str) -> dict:
    asked = wish("MUG", tenders=[TenderWish(method="card", provider="house", token=token)])
    return msgspec.to_builtins(asked)


@pytest.mark.parametrize(
    ("token", "statuses"),
    [
        ("tok_1", {"confirmed", "in_progress"}),  # the work may have begun already
        ("tok_decline_stolen", {"cancelled"}),
    ],
)
async def test_the_answer_waits_for_the_provider(shop_with_cards, worker, token, statuses):
    answer = await shop_with_cards.post("/api/v1/orders?wait_seconds=10", json=card_order(token))
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] in statuses


async def test_the_answer_is_202_while_nobody_knows(shop_with_cards):
    answer = await shop_with_cards.post("/api/v1/orders?wait_seconds=1", json=card_order("tok_1"))
    assert (answer.status_code, answer.json()["status"]) == (202, "awaiting_payment")


async def test_who_does_not_wait_is_answered_at_once(shop_with_cards):
    answer = await shop_with_cards.post("/api/v1/orders", json=card_order("tok_1"))
    assert (answer.status_code, answer.json()["status"]) == (201, "awaiting_payment")
