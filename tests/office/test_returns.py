"""Returns in the office: a return is taken through its life by the forms of its page."""

import pytest

from crosslane import organization
from crosslane.kernel import Refusal
from crosslane.orders import CANCEL, CancelLine, CancelUnits, LineWish
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.returns import ExchangeWish
from tests.api import Api
from tests.office.forms import Page, look, send
from tests.orders.world import LONG_AGO, found_retailer, set_policy, stock_up
from tests.returns.counter import bring, line, open_counters, sell
from tests.returns.test_life import announce, step, wanted


@pytest.fixture
async def shop(database: Database, api: Api) -> Api:
    await found_retailer(database, api.tenant)
    await open_counters(database, api.tenant)
    return api


async def test_a_return_goes_from_asking_to_its_money_by_forms(
    shop: Api, database: Database, lanes: Lanes
):
    async with database.transaction(shop.tenant) as tx:
        await set_policy(tx, "returns.policy", {"decides": "agent", "settles": "agent"}, "till")
    sold = await sell(database, lanes, shop.tenant, LineWish(sku="MUG", quantity=3))
    one = await announce(lanes, shop.tenant, sold, wanted("MUG", 2))
    manager = await shop.staff("manager")
    listed = await look(manager, "/office/returns?show=requested")
    assert one.number in listed.words
    path = f"/office/returns/{one.number}"
    page = await look(manager, path)
    assert "May it come?" in page.words
    assert "Would give £12.00" in page.words
    assert "wants money" in page.words
    line_id = one.lines[0].id
    for action, filled, told in (
        ("authorization", {}, "Receive goods"),
        ("receipt", {"location": "RC1", f"units.{line_id}": 2}, "What becomes of it"),
        ("grading", {f"units.{line_id}": 2, f"fate.{line_id}": "refurbish"}, "2 × Repair"),
        ("settlement", {}, "Return settled"),
    ):
        answer = await send(manager, page, f"{path}/{action}", filled)
        assert answer.status_code == 303, Page(answer.text).words
        page = await look(manager, path)
        assert told in page.words, page.words
    assert "Credited £12.00" in page.words
    # It stands on its order too, and is found by the order's number.
    assert one.number in (await look(manager, f"/office/orders/{sold.number}")).words
    assert one.number in (await look(manager, f"/office/returns?q={sold.number}")).words


async def test_a_return_is_declined_with_a_reason_and_not_without(
    shop: Api, database: Database, lanes: Lanes
):
    async with database.transaction(shop.tenant) as tx:
        await set_policy(tx, "returns.policy", {"decides": "agent"}, "till")
    sold = await sell(database, lanes, shop.tenant, LineWish(sku="MUG", quantity=1))
    one = await announce(lanes, shop.tenant, sold, wanted("MUG"))
    agent = await shop.staff("agent")
    path = f"/office/returns/{one.number}"
    page = await look(agent, path)
    refused = await send(agent, page, f"{path}/decline", {"reason": ""})
    assert refused.status_code == 422
    assert "reason is missing" in Page(refused.text).words
    done = await send(agent, Page(refused.text), f"{path}/decline", {"reason": "it was worn"})
    assert done.status_code == 303
    page = await look(agent, path)
    assert "it was worn" in page.words
    # Too late for anything else: told in place.
    late = await agent.post(f"{path}/authorization", data={"_wish": "late"})
    assert late.status_code == 422


async def test_a_held_return_shows_why_and_is_cleared_by_whoever_may(
    shop: Api, database: Database, lanes: Lanes
):
    async with database.transaction(shop.tenant) as tx:
        value = {"wardrobing": {"hold_at": 40}}
        wish = SetPolicy("returns.abuse", value, "try", Scope("channel", "till"), LONG_AGO)
        await organization.set_policy(tx, wish)
    sold = await sell(database, lanes, shop.tenant, LineWish(sku="LAMP", quantity=1))
    worn = line("LAMP", item_state="used")
    taken = await bring(lanes, shop.tenant, sold, worn, blind_override_reason="try")
    assert taken.held
    manager, agent = await shop.staff("manager"), await shop.staff("agent")
    path = f"/office/returns/{taken.number}"
    assert taken.number in (await look(manager, "/office/returns?show=held")).words
    page = await look(manager, path)
    for words in ("Worn and brought back", "40 points, held from 40", "Worn", "+40", "Sum 40"):
        assert words in page.words, page.words
    # Suspicions are not for everybody who may see the return.
    assert "points" not in (await look(agent, path)).words
    done = await send(manager, page, f"{path}/clearance", {"reason": "it rained"})
    assert done.status_code == 303
    page = await look(manager, path)
    assert "it rained" in page.words
    assert f"{path}/settlement" in page.forms


async def test_what_is_set_aside_in_exchange_is_shown_and_may_be_chosen_otherwise(
    shop: Api, database: Database, lanes: Lanes
):
    async with database.transaction(shop.tenant) as tx:
        await set_policy(tx, "returns.policy", {"decides": "agent"}, "till")
        await stock_up(tx, {("SPOON", "S0001"): 3})
    sold = await sell(database, lanes, shop.tenant, "MUG")
    mug = wanted("MUG", wanted="exchange")
    fetched = {"method": "pickup", "store": "S0001"}
    wish = [ExchangeWish(sku="MUG", quantity=1, **fetched)]
    one = await announce(lanes, shop.tenant, sold, mug, exchange=wish)
    manager = await shop.staff("manager")
    path = f"/office/returns/{one.number}"
    page = await look(manager, path)
    assert "fetched at Place S0001" in page.words
    assert "set aside" in page.words
    assert "Goods in exchange £6.00" in page.words
    # It is cancelled on its order: the page says so, and offers it no more.
    gone = CancelUnits(order_id=sold.id, lines=[CancelLine(one.exchange[0], 1)], reason="broken")
    assert not isinstance(await step(lanes, shop.tenant, CANCEL, gone), Refusal)
    page = await look(manager, path)
    assert "What was wished is set aside no more." in page.words
    assert "1 given up" in page.words
    action = f"{path}/authorization"
    assert page.forms[action]["instead"] == "money"
    refused = await send(manager, page, action, {"instead": "goods"})
    assert "instead-sku is missing" in Page(refused.text).words
    filled = {"instead": "goods", "instead-sku": "SPOON", "instead-units": 2}
    done = await send(manager, page, action, filled | {"instead-store": "S0001"})
    assert done.status_code == 303, Page(done.text).words
    page = await look(manager, path)
    assert "2 set aside" in page.words
    assert "Receive goods" in page.words


async def test_pages_of_returns_are_for_whoever_may_see_them(shop: Api):
    assert (await shop.client().get("/office/returns")).status_code in (303, 401)
    agent = await shop.staff("agent")
    page = await look(agent, "/office/returns")
    assert "Nothing here" in page.words
    assert (await agent.get("/office/returns/R00001T-8")).status_code == 404
    assert "Nothing is called so" in (await look(agent, "/office/returns?q=what")).words


async def test_a_return_is_started_seen_first_and_cancelled(
    shop: Api, database: Database, lanes: Lanes
):
    sold = await sell(database, lanes, shop.tenant, LineWish(sku="MUG", quantity=3))
    agent, manager = await shop.staff("agent"), await shop.staff("manager")
    order, path = f"/office/orders/{sold.number}", f"/office/orders/{sold.number}/returns/new"
    assert "Start a return" in (await look(agent, order)).words
    page = await look(agent, path)
    (units,) = [name for name in page.forms[path] if name.startswith("units.")]
    line = units.removeprefix("units.")
    nothing = await send(agent, page, path, {"save": "1"})
    assert nothing.status_code == 422
    filled = {units: 2, f"why.{line}": "too_small", f"state.{line}": "opened", "kind": "return"}
    filled |= {"method": "post", "refund": "original"}
    over = await send(agent, page, path, filled | {"override": "they were ill"})
    assert over.status_code == 422
    assert "could come back until" in Page(over.text).words
    # Whoever may says why it shall come back all the same.
    filled |= {"override": "they were ill"}
    page = await look(manager, path)
    tried = Page((await send(manager, page, path, filled)).text)
    assert "The customer gets £12.00" in tried.words, tried.words
    # Another choice than the one that was shown is shown first.
    again = await send(manager, tried, path, filled | {units: 1, "save": "1"})
    assert (again.status_code, "The customer gets £6.00" in Page(again.text).words) == (200, True)
    done = await send(manager, tried, path, filled | {"save": "1"})
    assert done.status_code == 303, Page(done.text).words
    at = done.headers["location"]
    page = await look(agent, at)
    assert "too small" in page.words
    assert (await send(agent, page, f"{at}/cancellation", {"reason": ""})).status_code == 422
    done = await send(agent, page, f"{at}/cancellation", {"reason": "they keep it"})
    assert done.status_code == 303
    page = await look(agent, at)
    assert "they keep it" in page.words
    assert f"{at}/cancellation" not in page.forms
