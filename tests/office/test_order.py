"""The order page of the office and the changes on it, as a browser without scripts sees them."""

from datetime import UTC, datetime, timedelta

import pytest

from crosslane import engagement, fulfillment
from crosslane.platform.database import Database
from crosslane.platform.log import run_reaction
from tests.api import Api
from tests.fulfillment.floor import queue
from tests.office.forms import Page, look, send
from tests.orders.test_changes import react
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
    "lines": [{"sku": "MUG", "quantity": 3}, {"sku": "LAMP", "quantity": 1}],
    "tenders": [{"method": "cash"}],
}


@pytest.fixture
async def shop(database: Database, api: Api) -> Api:
    await found_retailer(database, api.tenant)
    return api


async def place(api: Api, **changes) -> dict:
    answer = await api.admin.post("/api/v1/orders", json=ORDER | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def show(api: Api, placed: dict) -> dict:
    return (await api.admin.get(f"/api/v1/orders/{placed['id']}")).json()


async def test_the_page_tells_an_order_whole(shop: Api, database: Database):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "call them first"}])
    agent = await shop.staff("agent")
    page = await look(agent, f"/office/orders/{placed['number']}")
    for words in (
        placed["number"],
        "Held back",
        "call them first",
        "Ada Brown",
        "12 High Street",
        "Red mug",
        "3 allocated",
        "Place DC1",
        "£46.94",
        "Order placed",
        "Let the order go",
    ):
        assert words in page.words, words
    # Others than the tenant's people see nothing, and whoever is not signed in is led to the door.
    assert (await shop.client().get(f"/office/orders/{placed['number']}")).status_code in (303, 401)
    assert (await agent.get("/office/orders/00000X-X")).status_code == 404


async def test_a_stop_is_resolved_on_the_page_by_whoever_may(shop: Api):
    placed = await place(shop, stops=[{"kind": "fraud", "reason": "the card is from elsewhere"}])
    path = f"/office/orders/{placed['number']}"
    agent, manager = await shop.staff("agent"), await shop.staff("manager")
    page = await look(agent, path)
    assert "Managers alone may let it go." in page.words
    assert not [action for action in page.forms if action.endswith("/resolution")]
    page = await look(manager, path)
    (action,) = [action for action in page.forms if action.endswith("/resolution")]
    refused = await send(agent, page, action, {"resolution": "looks fine"})
    assert refused.status_code == 422
    assert "orders:resolve_fraud" in Page(refused.text).words
    done = await send(manager, page, action, {"resolution": "they called"})
    assert (done.status_code, done.headers["location"]) == (303, path)
    page = await look(manager, path)
    assert "they called" in page.words
    assert "Let go: suspected fraud" in page.words


async def test_a_cancellation_is_previewed_and_saved_as_it_was_shown(shop: Api):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "wait"}])
    agent = await shop.staff("agent")
    path = f"/office/orders/{placed['number']}/cancellation"
    page = await look(agent, path)
    line = next(line for line in (await show(shop, placed))["lines"] if line["sku"] == "MUG")
    filled = {f"units.{line['id']}": 2, "reason": "they want one"}
    before = await show(shop, placed)
    tried = await send(agent, page, path, filled)
    assert tried.status_code == 200
    page = Page(tried.text)
    assert "-£12.00" in page.words
    assert "1 allocated" in page.words
    assert "save" in page.buttons
    # A preview changes nothing.
    assert await show(shop, placed) == before
    saved = await send(agent, page, path, filled | {"save": "1"})
    assert saved.status_code == 303, Page(saved.text).words
    after = await show(shop, placed)
    assert after["money"]["worth_minor"] == before["money"]["worth_minor"] - 1200
    assert after["amendments"][-1]["reason"] == "they want one"
    # The same wish once more is the same change.
    assert (await send(agent, page, path, filled | {"save": "1"})).status_code == 303
    assert (await show(shop, placed))["version"] == after["version"]


async def test_what_changed_meanwhile_is_refused_and_shown(shop: Api):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "wait"}])
    agent = await shop.staff("agent")
    path = f"/office/orders/{placed['number']}/goodwill"
    filled = {"amount": "5.00", "reason": "sorry for the wait"}
    page = Page((await send(agent, await look(agent, path), path, filled)).text)
    lines = (await show(shop, placed))["lines"]
    body = {"lines": [{"line_id": lines[1]["id"], "quantity": 1}], "reason": "no lamp"}
    await shop.admin.post(f"/api/v1/orders/{placed['id']}/cancellation", json=body)
    refused = await send(agent, page, path, filled | {"save": "1"})
    assert refused.status_code == 422
    page = Page(refused.text)
    assert "What happened meanwhile" in page.words
    assert "no lamp" in page.words
    # It is shown what it would do now, and may be saved on that.
    assert "save" in page.buttons
    assert (await send(agent, page, path, filled | {"save": "1"})).status_code == 303
    assert (await show(shop, placed))["amendments"][-1]["kind"] == "appease"


async def test_what_was_filled_in_after_the_preview_is_previewed_first(shop: Api):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "wait"}])
    agent = await shop.staff("agent")
    path = f"/office/orders/{placed['number']}/goodwill"
    filled = {"amount": "5.00", "reason": "sorry"}
    page = Page((await send(agent, await look(agent, path), path, filled)).text)
    answer = await send(agent, page, path, filled | {"amount": "9.00", "save": "1"})
    assert answer.status_code == 200
    assert "-£9.00" in Page(answer.text).words
    assert (await show(shop, placed))["amendments"] == []


@pytest.mark.parametrize(
    ("change", "filled", "told"),
    [
        ("lines", {"sku.0": "SPOON", "quantity.0": 2, "tender": "cash"}, ["£1.99", "Tea spoon"]),
        ("price", {"price": "5.50"}, ["-£1.50"]),
        ("address", {"lines": "9 Low Road", "city": "Oxford"}, ["9 Low Road"]),
        ("resourcing", {}, ["Nothing would change"]),
    ],
)
async def test_other_changes_are_previewed(shop: Api, change: str, filled: dict, told: list[str]):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "wait"}])
    agent = await shop.staff("agent")
    path = f"/office/orders/{placed['number']}/{change}"
    line = next(line for line in (await show(shop, placed))["lines"] if line["sku"] == "MUG")
    filled = (
        {"reason": "they called"} | filled | ({"line": line["id"]} if change == "price" else {})
    )
    before = await show(shop, placed)
    page = Page((await send(agent, await look(agent, path), path, filled)).text)
    for words in told:
        assert words in page.words, page.words
    assert await show(shop, placed) == before
    if "Nothing would change" not in told:
        saved = await send(agent, page, path, filled | {"save": "1"})
        assert saved.status_code == 303, Page(saved.text).words
        assert (await show(shop, placed))["version"] > before["version"]


@pytest.mark.parametrize(
    ("change", "filled"),
    [
        ("goodwill", {"amount": "many", "reason": "sorry"}),
        ("goodwill", {"amount": "1.005", "reason": "sorry"}),
        ("goodwill", {"amount": "5.00", "reason": ""}),
        ("goodwill", {"amount": "99999.00", "reason": "sorry"}),
        ("cancellation", {"reason": "nothing chosen"}),
        ("lines", {"sku.0": "NOTHING", "reason": "more"}),
        ("lines", {"sku.0": "MUG", "quantity.0": "-1", "reason": "more"}),
        ("price", {"line": "none", "price": "1.00", "reason": "less"}),
        ("address", {"country": "DE", "reason": "moved"}),
        ("money", {}),
    ],
)
async def test_a_refusal_is_told_in_place_with_the_form_as_it_was_filled_in(
    shop: Api, change: str, filled: dict
):
    placed = await place(shop, stops=[{"kind": "manual", "reason": "wait"}])
    agent = await shop.staff("agent")
    path = f"/office/orders/{placed['number']}/{change}"
    answer = await send(agent, await look(agent, path), path, filled)
    assert answer.status_code == 422, answer.text[:300]
    assert 'role="alert"' in answer.text
    page = Page(answer.text)
    assert all(page.forms[path].get(n, v) in (v, "") for n, v in filled.items() if "." not in n)


async def test_the_pages_are_there_in_german(shop: Api, database: Database):
    placed = await place(shop)
    await react(database, shop.tenant)
    agent = await shop.staff("agent")
    agent.headers["Accept-Language"] = "de"
    page = await look(agent, f"/office/orders/{placed['number']}")
    assert "Auftrag erteilt" in page.words
    assert "46,94" in page.words


async def test_an_order_that_waits_for_its_customer_is_released_by_hand(
    database: Database, api: Api
):
    working = (datetime.now(UTC) + timedelta(days=2)).strftime("%A").lower()
    await found_retailer(database, api.tenant, {working: ("08:00-20:00",)})
    async with database.transaction(api.tenant) as tx:
        await set_policy(tx, "orders.grace", {"ship_minutes": 60}, "web")
    placed = await place(api)
    path = f"/office/orders/{placed['number']}"
    agent = await api.staff("agent")
    page = await look(agent, path)
    assert "The customer may still change it" in page.words
    assert "Held back" not in page.words
    (action,) = [action for action in page.forms if action.endswith("/resolution")]
    assert (await send(agent, page, action, {})).status_code == 303
    page = await look(agent, path)
    assert "The customer may still change it" not in page.words
    assert "Released by hand" in page.words
    (stop,) = (await show(api, placed))["stops"]
    assert stop["resolution"] == "Released by hand"


async def test_released_work_is_taken_back_after_a_preview(shop: Api, database: Database):
    placed = await place(shop)
    agent = await shop.staff("agent")
    await work_off(database, shop.tenant)
    order = f"/office/orders/{placed['number']}"
    assert "Take back" in (await look(agent, order)).words
    path = f"{order}/recall"
    page = await look(agent, f"{path}?location=DC1")
    (mugs,) = [line["id"] for line in (await show(shop, placed))["lines"] if line["sku"] == "MUG"]
    assert page.forms[path][f"units.{mugs}"] == "3"
    filled = {"reason": "a pipe has burst"}
    tried = Page((await send(agent, page, path, filled)).text)
    assert "3 allocated S0001" in tried.words
    saved = await send(agent, tried, path, filled | {"save": "1"})
    assert saved.status_code == 303, Page(saved.text).words
    shown = await show(shop, placed)
    assert shown["amendments"][-1]["kind"] == "recall"
    assert {b["location"] for b in shown["lines"][0]["buckets"]} == {"S0001"}
    assert "Work taken back" in (await look(agent, order)).words
    # What somebody has picked is told, not taken.
    await pick_everything(database, shop)
    lamp = shown["lines"][1]["id"]
    refused = await send(
        agent, page, path, {f"units.{mugs}": 0, f"units.{lamp}": 1, "location": "DC2"} | filled
    )
    assert refused.status_code == 422
    assert "1 units of LAMP are picked at DC2 already" in Page(refused.text).words
    agent.headers["Accept-Language"] = "de"
    refused = await send(
        agent, page, path, {f"units.{mugs}": 0, f"units.{lamp}": 1, "location": "DC2"} | filled
    )
    assert "1 Stück LAMP sind in DC2 schon entnommen" in Page(refused.text).words


async def test_a_message_is_sent_again_from_the_order_it_is_about(shop: Api, database: Database):
    placed, other = await place(shop), await place(shop)
    await work_off(database, shop.tenant)
    async with database.transaction(shop.tenant) as tx:
        await tx.execute("update engagement_message set state = 'sent', ended_at = now()")
    agent, manager = await shop.staff("agent"), await shop.staff("manager")
    path = f"/office/orders/{placed['number']}"
    page = await look(manager, path)
    (action,) = [action for action in page.forms if action.endswith("/resend")]
    assert (await send(agent, page, action, {})).status_code == 303
    assert (await send(manager, page, action, {})).status_code == 303
    theirs = action.replace(placed["number"], other["number"])
    assert (await manager.post(theirs, data={"_wish": "x"})).status_code == 422
    told = (await shop.admin.get(f"/api/v1/orders/{placed['id']}/messages")).json()["items"]
    assert told[-1]["repeats"] == told[0]["id"]


async def work_off(database: Database, tenant: str) -> None:
    """React until nothing is left to do."""
    for _ in range(3):
        for reaction in [*fulfillment.REACTIONS, *engagement.REACTIONS]:
            await run_reaction(database, tenant, reaction)


async def pick_everything(database: Database, shop: Api) -> None:
    for work in await queue(database, shop.tenant):
        if work.state == "accepted":
            body = {"picks": [{"fulfillment_order": str(work.id)}]}
            assert (await shop.admin.post("/api/v1/picks", json=body)).status_code == 201
