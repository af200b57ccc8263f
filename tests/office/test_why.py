"""Why pages of the office: a kept decision drawn, and why prices are what they are."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crosslane.kernel import new_id
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.platform.database import Database
from tests.api import Api
from tests.office.forms import look
from tests.office.test_order import place
from tests.orders.world import found_retailer

BEGINNING = datetime(2010, 1, 1, tzinfo=UTC)
STORE = Scope("location", "S0001")


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


async def test_a_place_that_keeps_its_stock_for_others_is_named(shop: Api, database: Database):
    kept = SetPolicy("inventory.safety_stock", {"units": 9}, "for the counter", STORE, BEGINNING)
    async with database.transaction(shop.tenant) as tx:
        await set_policy(tx, kept)
    placed = await place(shop, lines=[{"sku": "MUG", "quantity": 2}])
    page = await look(await shop.staff("agent"), f"/office/orders/{placed['number']}/why")
    assert "stock kept for others Place S0001" in page.words


async def test_an_order_without_a_decision_says_so(shop: Api):
    line = {"sku": "MUG", "quantity": 1, "method": "carry_out", "store": "S0001"}
    placed = await place(shop, channel="till", lines=[line], ship_to=None)
    agent = await shop.staff("agent")
    page = await look(agent, f"/office/orders/{placed['number']}/why")
    assert "No decision is kept" in page.words
    assert "Why these prices" in page.words


LONG_AGO = (
    "update orders_order set recorded_at = recorded_at - interval '401 days' where number = $1"
)
FORGOTTEN = "delete from sourcing_receipt where order_id = $1"


async def test_an_old_order_says_that_its_receipt_is_no_longer_kept(shop: Api, database: Database):
    placed = await place(shop, lines=[{"sku": "MUG", "quantity": 2}])
    agent = await shop.staff("agent")
    address = f"/office/orders/{placed['number']}/why"
    async with database.transaction(shop.tenant) as tx:
        assert await tx.execute(LONG_AGO, placed["number"]) == "UPDATE 1"
    # What was decided lately is kept, however old the order is.
    page = await look(agent, address)
    assert "2 taken" in page.words
    assert "what was decided first may not be kept any more" in page.words
    async with database.transaction(shop.tenant) as tx:
        assert await tx.execute(FORGOTTEN, UUID(placed["id"])) == "DELETE 1"
    page = await look(agent, address)
    assert "Not kept any more" in page.words
    assert "kept for 400 days after it was decided. This order is older." in page.words
    assert "No decision is kept" not in page.words
    assert "Why these prices" in page.words


async def test_rest_tells_what_is_forgotten_from_what_never_was(shop: Api):
    receipts = "/api/v1/sourcing-receipts"
    made = datetime.now(UTC) - timedelta(days=401)
    old = UUID(int=int(made.timestamp() * 1000) << 80 | 7 << 76 | 0b10 << 62)
    for asked in (f"{receipts}/{old}", f"{receipts}?order_id={old}"):
        answer = await shop.admin.get(asked)
        assert answer.status_code == 410
        assert answer.json()["code"] == "receipt-forgotten"
        assert "kept for 400 days" in answer.json()["detail"]
    new = new_id()
    assert (await shop.admin.get(f"{receipts}/{new}")).status_code == 404
    assert (await shop.admin.get(f"{receipts}?order_id={new}")).json()["items"] == []
