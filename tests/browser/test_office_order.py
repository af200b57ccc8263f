"""An order as staff of the office change it: asked, shown, saved; then the API tells what came."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import WAREHOUSE, Shop

WAITS = {"stops": [{"kind": "manual", "reason": "They call back today"}]}
REASON = "They called"


@dataclass
class Desk:
    """Somebody of the office with an order before them.

    Attributes:
        name: of the pictures.
    """

    page: Page
    shop: Shop
    number: str
    name: str

    @property
    def path(self) -> str:
        return f"/office/orders/{self.number}"

    async def order(self) -> dict[str, Any]:
        return await self.shop.order(self.number)

    async def ask(self, change: str) -> None:
        """Choose a change in the menu of the order's page."""
        await self.page.goto(self.path)
        await self.page.locator(".heading summary", has_text="Change").click()
        await self.page.locator(".heading").get_by_role("link", name=change).click()
        await expect(self.page.locator("h1")).to_have_text(change)

    async def preview(self, *told: str) -> None:
        """Say why, and see what would come of it; nothing has come of it yet."""
        before = await self.order()
        await self.page.get_by_role("textbox", name="Why").fill(REASON)
        await self.page.get_by_role("button", name="Preview").click()
        shown = self.page.locator("[aria-live=polite].stack")
        for words in told:
            await expect(shown).to_contain_text(words)
        await look(self.page, f"{self.name}-preview")
        assert await self.order() == before

    async def save(self) -> dict[str, Any]:
        """Save what was shown; return the order as it is then."""
        await self.page.get_by_role("button", name="Save").click()
        await self.page.wait_for_url(f"**{self.path}")
        await expect(self.page.locator(".toast")).to_have_text("Saved.")
        return await self.order()


def worth(order: dict[str, Any]) -> int:
    return order["money"]["worth_minor"]


async def add_goods(desk: Desk) -> None:
    before, sku = await desk.order(), desk.shop.goods[2]
    await desk.ask("Add goods")
    await desk.page.get_by_label("Article number").first.fill(sku)
    await desk.page.get_by_label("Units", exact=True).first.fill("2")
    await desk.page.get_by_label("Paid by").select_option("cash")
    await desk.preview("The customer pays more", "Promised by")
    after = await desk.save()
    (line,) = (one for one in after["lines"] if one["sku"] == sku)
    assert (line["quantity"], line["amendment_no"]) == (2, len(before["amendments"]) + 1)
    assert worth(after) == worth(before) + line["gross_minor"]


async def lower_a_price(desk: Desk) -> None:
    before = await desk.order()
    await desk.ask("Change a price")
    await desk.page.get_by_label("Line").select_option(before["lines"][0]["id"])
    await desk.page.get_by_label("New price of one unit").fill("4.25")
    await desk.preview("The customer pays less")
    after = await desk.save()
    change = after["amendments"][-1]
    assert (change["kind"], change["reason"]) == ("price", REASON)
    # Two units, 25 pence less each.
    assert worth(after) == worth(before) - 50


async def cancel_a_part(desk: Desk) -> None:
    before = await desk.order()
    await desk.ask("Cancel units")
    row = desk.page.get_by_role("row").filter(has_text=before["lines"][0]["sku"])
    count = row.get_by_role("spinbutton")
    await count.fill("1")
    await desk.preview("The customer pays less", "1 cancelled")
    after = await desk.save()
    stages = {one["stage"]: one["quantity"] for one in after["lines"][0]["buckets"]}
    assert stages["cancelled"] == 1
    assert worth(after) < worth(before)


async def move(desk: Desk) -> None:
    await desk.ask("Change the address")
    await desk.page.get_by_label("Street and house").fill("9 Low Road")
    await desk.page.get_by_label("Town").fill("Leeds")
    await desk.page.get_by_label("Postcode").fill("LS1 4DY")
    await desk.preview("Ships to", "9 Low Road", "LS1 4DY")
    to = (await desk.save())["ship_to"]
    assert (to["lines"], to["city"], to["postcode"]) == (["9 Low Road"], "Leeds", "LS1 4DY")


async def give_goodwill(desk: Desk) -> None:
    before = await desk.order()
    await desk.ask("Give goodwill")
    await desk.page.get_by_label("Amount").fill("1.50")
    await desk.preview("The customer pays less", "-£1.50")
    after = await desk.save()
    change = after["amendments"][-1]
    assert (change["kind"], worth(after)) == ("appease", worth(before) - 150)


Change = Callable[[Desk], Awaitable[None]]
CHANGES: dict[Change, tuple[int, Scheme]] = {
    add_goods: (360, "light"),
    lower_a_price: (768, "dark"),
    cancel_a_part: (1440, "light"),
    move: (360, "dark"),
    give_goodwill: (768, "light"),
}


async def opened(page_at: PageAt, shop: Shop, name: str, width: int, **how: Any) -> Desk:
    first, second = ({"sku": sku, "quantity": 2} for sku in shop.goods[:2])
    number = await shop.placed(first, second, **WAITS)
    page = await page_at(width, who="AGENT1", **how)
    return Desk(page, shop, number, f"order-{name}-{width}-{how['scheme']}")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_an_order_is_changed_after_a_preview(page_at: PageAt, shop: Shop, change: Change):
    width, scheme = CHANGES[change]
    await change(await opened(page_at, shop, change.__name__, width, scheme=scheme))


async def test_an_order_is_changed_in_every_way_without_scripts(page_at: PageAt, shop: Shop):
    desk = await opened(page_at, shop, "plain", 360, scheme="light", scripts=False)
    for change in CHANGES:
        await change(desk)
    assert [one["kind"] for one in (await desk.order())["amendments"]] == [
        "add",
        "price",
        "cancel",
        "address",
        "appease",
    ]


@seen_at(1440, "dark")
async def test_an_order_is_sourced_anew_after_a_preview(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    # It lies far away alone, until the warehouse has it too.
    sku = shop.goods[3]
    await shop.lies_alone(sku, shop.store, 40)
    number = await shop.placed({"sku": sku, "quantity": 2}, **WAITS)
    (line,) = (await shop.order(number))["lines"]
    assert {one["location"] for one in line["buckets"]} == {shop.store}
    await shop.lies(sku, WAREHOUSE, 40)
    page = await page_at(width, scheme, who="AGENT1")
    desk = Desk(page, shop, number, f"order-resourcing-{width}-{scheme}")
    await desk.ask("Source anew")
    await desk.preview(shop.store, WAREHOUSE)
    (line,) = (await desk.save())["lines"]
    assert {one["location"] for one in line["buckets"] if one["quantity"]} == {WAREHOUSE}


@seen_at(360, "dark")
async def test_what_cannot_be_is_refused_in_place(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    desk = await opened(page_at, shop, "refused", width, scheme=scheme)
    before = await desk.order()
    await desk.ask("Give goodwill")
    await desk.page.get_by_label("Amount").fill("99999")
    await desk.page.get_by_label("Why").fill(REASON)
    await desk.page.get_by_role("button", name="Preview").click()
    told = desk.page.get_by_role("alert")
    await expect(told).to_be_focused()
    await expect(told).to_contain_text("£99,999.00")
    await expect(desk.page.get_by_label("Amount")).to_have_value("99999")
    await look(desk.page, f"{desk.name}-told")
    assert await desk.order() == before


@seen_at(768, "dark")
async def test_the_next_best_thing_is_one_button_and_one_key(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    stop = {"kind": "fraud", "reason": "The card is from elsewhere"}
    number = await shop.placed({"sku": shop.goods[0], "quantity": 1}, stops=[stop])
    page = await page_at(width, scheme, who="MANAGER1")
    await page.goto(f"/office/orders/{number}")
    primary = page.locator(".heading .button-primary")
    await expect(primary).to_have_text("Decide on the suspicion")
    await look(page, f"order-next-{width}-{scheme}")
    await page.keyboard.press("a")
    await expect(page.locator("#stops")).to_be_in_viewport()
    await page.get_by_label("What was found").fill("They answered from the number we know")
    await page.get_by_role("button", name="Let it go").click()
    await expect(page.locator(".toast")).to_have_text("The order goes on.")
    await expect(primary).to_have_count(0)
    stops = {stop["kind"]: stop for stop in (await shop.order(number))["stops"]}
    assert stops["fraud"]["resolved_at"]


@seen_at(1440, "light")
async def test_an_order_that_changes_is_shown_as_it_is_now(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    desk = await opened(page_at, shop, "live", width, scheme=scheme)
    page = desk.page
    await page.goto(desk.path)
    await expect(page.locator("html")).to_have_attribute("data-stream", "open")
    # What somebody is in the midst of stays as they left it, until they are done.
    await page.get_by_label("What was found").fill("They said")
    order = await desk.order()
    gone = {"lines": [], "reason": "They want none of it"}
    await shop.client().send(f"orders/{order['id']}/cancellation", gone)
    await page.get_by_label("What was found").fill("")
    await page.locator("h1").click()
    await expect(page.locator(".heading .badge")).to_have_text("Cancelled")


@seen_at(360, "light")
async def test_why_from_there_and_why_this_price(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    number = await shop.placed({"sku": shop.goods[0], "quantity": 2})
    order = await shop.order(number)
    (line,) = order["lines"]
    page = await page_at(width, scheme, who="AGENT1")
    await page.goto(f"/office/orders/{number}")
    await page.get_by_role("link", name="Why from there").click()
    await expect(page.locator("h1")).to_have_text("Why from there, why this price")
    receipts = await shop.client().get("sourcing-receipts", order_id=order["id"])
    assert receipts["items"]
    await expect(page.locator("main")).to_contain_text("the same")
    await page.go_back()
    await page.get_by_title("Why this price").click()
    priced = page.locator("#price").get_by_role("row").filter(has_text=line["sku"])
    await expect(priced).to_have_attribute("aria-current", "true")
    await expect(priced).to_contain_text("Agreed by the channel")
