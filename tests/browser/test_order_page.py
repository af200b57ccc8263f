"""What a customer sees and does behind the link of an order."""

from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop

WAITS = {"stops": [{"kind": "manual", "reason": "They call back today"}]}


@seen_at(360, "light")
async def test_an_order_to_collect(page_at: PageAt, shop: Shop, width: int, scheme: Scheme):
    page = await page_at(width, scheme, who="")
    await page.goto(await shop.order_link(shop.today["pickup"]))
    assert shop.today["pickup"] in await page.title()


async def cancel_a_part(page_at: PageAt, shop: Shop, name: str, width: int, **how: Any) -> None:
    first, second = ({"sku": sku, "quantity": 3} for sku in shop.goods[:2])
    number = await shop.placed(first, second, **WAITS)
    before = await shop.order(number)
    link = await shop.order_link(number)
    page = await page_at(width, who="", **how)
    await page.goto(link)
    await page.get_by_role("link", name="Cancel something").click()
    counts = page.get_by_role("spinbutton")
    await expect(counts).to_have_count(2)
    for count in await counts.all():
        await count.fill("0")
    go_on = page.get_by_role("button", name="See what it comes to")
    await go_on.click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look(page, f"{name}-nothing-chosen")
    await counts.first.fill("2")
    await go_on.click()
    await expect(page.locator(".sums .total")).to_contain_text("£")
    await look(page, f"{name}-review")
    assert await shop.order(number) == before
    await page.get_by_role("button", name="Cancel the goods").click()
    await page.wait_for_url(f"**{link}")
    await expect(page.locator("main")).to_contain_text("2 cancelled")
    after = await shop.order(number)
    cancelled = [
        sum(one["quantity"] for one in line["buckets"] if one["stage"] == "cancelled")
        for line in after["lines"]
    ]
    assert cancelled == [2, 0]
    assert after["money"]["worth_minor"] < before["money"]["worth_minor"]


@seen_at(1440, "dark")
async def test_a_part_is_cancelled(page_at: PageAt, shop: Shop, width: int, scheme: Scheme):
    name = f"shopper-cancels-{width}-{scheme}"
    await cancel_a_part(page_at, shop, name, width, scheme=scheme)


@seen_at(768, "light")
async def test_a_part_is_cancelled_without_scripts(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    name = f"shopper-cancels-plain-{width}-{scheme}"
    await cancel_a_part(page_at, shop, name, width, scheme=scheme, scripts=False)


async def move(page_at: PageAt, shop: Shop, name: str, width: int, **how: Any) -> None:
    number = await shop.placed({"sku": shop.goods[0], "quantity": 1}, **WAITS)
    before = await shop.order(number)
    link = await shop.order_link(number)
    page = await page_at(width, who="", **how)
    await page.goto(link)
    await page.get_by_role("link", name="Send it elsewhere").click()
    for field, text in {
        "name": "Ada Brown",
        "lines": "9 Low Road",
        "city": "Leeds",
        "postcode": "nowhere",
    }.items():
        await page.fill(f"#{field}", text)
    go_on = page.get_by_role("button", name="See what it comes to")
    await go_on.click()
    await expect(page.locator("#postcode")).to_have_attribute("aria-invalid", "true")
    await look(page, f"{name}-refused")
    await page.fill("#postcode", "LS1 4DY")
    await go_on.click()
    await expect(page.locator("address")).to_contain_text("9 Low Road")
    await look(page, f"{name}-review")
    assert await shop.order(number) == before
    await page.get_by_role("button", name="Send it there").click()
    await page.wait_for_url(f"**{link}")
    await look(page, f"{name}-done")
    to = (await shop.order(number))["ship_to"]
    assert (to["lines"], to["city"], to["postcode"]) == (["9 Low Road"], "Leeds", "LS1 4DY")


@seen_at(360, "dark")
async def test_goods_are_sent_elsewhere(page_at: PageAt, shop: Shop, width: int, scheme: Scheme):
    await move(page_at, shop, f"shopper-moves-{width}-{scheme}", width, scheme=scheme)


@seen_at(360, "light")
async def test_goods_are_sent_elsewhere_without_scripts(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    name = f"shopper-moves-plain-{width}-{scheme}"
    await move(page_at, shop, name, width, scheme=scheme, scripts=False)
