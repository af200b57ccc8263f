"""Goodwill within the budget of who gives it: refused by the API and on the screen, with why."""

from typing import Any

import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.office.forms import Page, look, send
from tests.orders.world import found_retailer, set_policy

ORDER = {
    "channel": "web",
    "buyer": {"email": "ada@example.com", "name": "Ada Brown"},
    "ship_to": {
        "country": "GB",
        "lines": ["12 High Street"],
        "city": "Oxford",
        "postcode": "OX1 4AA",
        "name": "Ada Brown",
    },
    "lines": [{"sku": "LAMP", "quantity": 3}],
    "tenders": [{"method": "cash"}],
}


@pytest.fixture
async def shop(database: Database, api: Api) -> Api:
    await found_retailer(database, api.tenant)
    return api


async def place(api: Api) -> dict[str, Any]:
    answer = await api.admin.post("/api/v1/orders", json=ORDER)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def given(api: Api, placed: dict[str, Any]) -> int:
    """What an order was given as goodwill, in minor units."""
    shown = (await api.admin.get(f"/api/v1/orders/{placed['id']}")).json()
    return -sum(one["gross_minor"] for one in shown["charges"] if one["kind"] == "appeasement")


@pytest.mark.parametrize(("role", "most"), [("agent", 2_500), ("manager", 25_000)])
async def test_the_api_refuses_what_is_above_the_budget_of_a_role(shop: Api, role: str, most: int):
    body = ORDER | {"lines": [{"sku": "LAMP", "quantity": 5}, {"sku": "MUG", "quantity": 9}]}
    placed = (await shop.admin.post("/api/v1/orders", json=body)).json()
    # As much as the goods cost is given at most; what a manager may is more than that.
    wanted = {"minor": most + 1, "reason": "sorry"}
    giver = await shop.staff(role)
    path = f"/api/v1/orders/{placed['id']}/appeasement"
    refused = await giver.post(path, json=wanted)
    assert refused.status_code == 403
    problem = refused.json()
    assert problem["code"] == "appeasement-above-budget"
    assert problem["pointer"] == "/minor"
    assert problem["details"] == {"minor": most + 1, "left": most, "of": "this order"}
    assert await given(shop, placed) == 0
    # What is left is given, once.
    some = min(most, 2_500)
    assert (await giver.post(path, json=wanted | {"minor": some})).status_code == 201
    assert await given(shop, placed) == some


async def test_an_associate_gives_at_its_own_store_alone_and_so_much(database: Database, shop: Api):
    store = (await shop.admin.get("/api/v1/locations/S0001")).json()
    sold = {
        "channel": "till",
        "lines": [{"sku": "LAMP", "quantity": 1, "method": "carry_out", "store": "S0001"}],
        "tenders": [{"method": "cash"}],
    }
    placed = (await shop.admin.post("/api/v1/orders", json=sold)).json()
    associate = await shop.staff("associate", location_id=store["id"])
    path = f"/api/v1/orders/{placed['id']}/appeasement"
    refused = await associate.post(path, json={"minor": 1_001, "reason": "a scratch"})
    assert (refused.status_code, refused.json()["details"]["left"]) == (403, 1_000)
    assert (await associate.post(path, json={"minor": 1_000, "reason": "a scratch"})).is_success
    again = await associate.post(path, json={"minor": 1, "reason": "a scratch"})
    assert (again.status_code, again.json()["details"]["left"]) == (403, 0)
    other = await place(shop)
    strange = await associate.post(
        f"/api/v1/orders/{other['id']}/appeasement", json={"minor": 1, "reason": "a scratch"}
    )
    assert strange.status_code == 404


async def test_a_role_without_a_budget_gives_nothing(database: Database, shop: Api):
    async with database.transaction(shop.tenant) as tx:
        budget = {"budgets": {"manager": {"order_minor": 400, "day_minor": 1_000}}}
        await set_policy(tx, "orders.appeasement", budget, "web")
    placed = await place(shop)
    agent = await shop.staff("agent")
    refused = await agent.post(
        f"/api/v1/orders/{placed['id']}/appeasement", json={"minor": 1, "reason": "sorry"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "no-appeasement-budget")
    path = f"/office/orders/{placed['number']}/goodwill"
    told = await send(agent, await look(agent, path), path, {"amount": "1.00", "reason": "sorry"})
    assert told.status_code == 422
    assert "gives agent nothing to give away" in Page(told.text).words


@pytest.mark.parametrize(
    ("language", "said", "amount"),
    [
        ("en", "You may give £25.00 more on this order, not £25.01.", "25.01"),
        ("de", "Sie dürfen zu diesem Auftrag noch 25,00 £ geben, nicht 25,01 £.", "25,01"),
    ],
)
async def test_the_screen_tells_what_is_left_of_the_budget(
    shop: Api, language: str, said: str, amount: str
):
    placed = await place(shop)
    agent = await shop.staff("agent")
    agent.headers["Accept-Language"] = language
    path = f"/office/orders/{placed['number']}/goodwill"
    filled = {"amount": amount, "reason": "sorry"}
    refused = await send(agent, await look(agent, path), path, filled)
    assert refused.status_code == 422
    page = Page(refused.text)
    assert said in page.words.replace("\xa0", " ")
    # What was filled in stays; nothing may be saved that was refused.
    assert page.forms[path]["amount"] == amount
    assert "save" not in page.buttons
    saved = await send(agent, page, path, filled | {"save": "1"})
    assert saved.status_code == 422
    assert await given(shop, placed) == 0


async def test_the_screen_tells_what_is_left_of_the_day(database: Database, shop: Api):
    async with database.transaction(shop.tenant) as tx:
        budget = {"budgets": {"agent": {"order_minor": 800, "day_minor": 1_000}}}
        await set_policy(tx, "orders.appeasement", budget, "web")
    agent = await shop.staff("agent")
    first, second = await place(shop), await place(shop)
    path = f"/office/orders/{first['number']}/goodwill"
    filled = {"amount": "8.00", "reason": "sorry"}
    page = Page((await send(agent, await look(agent, path), path, filled)).text)
    assert (await send(agent, page, path, filled | {"save": "1"})).status_code == 303
    path = f"/office/orders/{second['number']}/goodwill"
    refused = await send(agent, await look(agent, path), path, filled)
    assert refused.status_code == 422
    assert "You may give £2.00 more today, not £8.00." in Page(refused.text).words
    # Another agent has a day of its own.
    other = await shop.staff("agent")
    page = Page((await send(other, await look(other, path), path, filled)).text)
    assert (await send(other, page, path, filled | {"save": "1"})).status_code == 303
    assert (await given(shop, first), await given(shop, second)) == (800, 800)
