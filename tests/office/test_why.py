"""Why pages of the office: a kept decision drawn, and why prices are what they are."""

import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.office.forms import look
from tests.office.test_order import place
from tests.orders.world import found_retailer


@pytest.fixture
async def shop(database: Database, api: Api) -> Api:
    await found_retailer(database, api.tenant)
    return api


async def test_a_decision_is_told_with_candidates_and_what_would_have_changed_it(shop: Api):
    placed = await place(shop, lines=[{"sku": "MUG", "quantity": 2}])
    agent = await shop.staff("agent")
    page = await look(agent, f"/office/orders/{placed['number']}/why")
    for words in (
        "proven: nothing is cheaper",
        "Place DC1",
        "10 available",
        "2 taken",
        "Decided again the same",
        "another place is better in every way (Place DC1) Place S0001",
        "A parcel from Place DC1 costing £0.54 more.",
        "From the price list",
        "list retail",
        "£6.00",
        "20%",
    ):
        assert words in page.words, page.words
    receipts = await shop.admin.get("/api/v1/sourcing-receipts", params={"order_id": placed["id"]})
    (receipt,) = receipts.json()["items"]
    again = await look(agent, f"/office/orders/{placed['number']}/why?receipt={receipt['id']}")
    assert "2 taken" in again.words
    # Why goods come from somewhere is for those who may know what it costs.
    other = await shop.key(["orders:read"])
    assert (await other.get(f"/office/orders/{placed['number']}/why")).status_code == 403


async def test_an_order_without_a_decision_says_so(shop: Api):
    line = {"sku": "MUG", "quantity": 1, "method": "carry_out", "store": "S0001"}
    placed = await place(shop, channel="till", lines=[line], ship_to=None)
    agent = await shop.staff("agent")
    page = await look(agent, f"/office/orders/{placed['number']}/why")
    assert "No decision is kept" in page.words
    assert "Why these prices" in page.words
