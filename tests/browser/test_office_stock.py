"""Stock, locations and the catalog as an operator goes through them, and without scripts."""

import re

from playwright.async_api import expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop


@seen_at(1440, "light")
async def test_a_figure_is_followed_to_its_proof(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    page = await page_at(width, scheme, who="MANAGER1")
    name = f"stock-{width}-{scheme}"
    sku = shop.goods[0]
    await page.goto(f"/office/stock?q={sku}&at={shop.store}")
    await expect(page.locator("#list")).to_contain_text(sku)
    await look(page, f"{name}-grid")
    await page.get_by_role("row").filter(has_text=sku).locator(".row-link").first.click()
    await expect(page.locator("#list")).to_contain_text(shop.store)
    await look(page, f"{name}-article")
    await page.get_by_role("row").filter(has_text=shop.store).locator(".row-link").click()
    await expect(page.locator(".notice-good")).to_contain_text("It adds up")
    await look(page, f"{name}-why")
    for number in ("on_hand", "allocated", "held", "safety", "incoming"):
        await page.goto(re.sub(r"\?.*", "", page.url) + f"?number={number}")
        await look(page, f"{name}-{number}")


@seen_at(768, "dark")
async def test_lists_of_stock(page_at: PageAt, width: int, scheme: Scheme):
    page = await page_at(width, scheme, who="MANAGER1")
    for path in ("", "?tab=short", "?tab=set_aside", "/transfers", "/incoming", "/feeds"):
        await page.goto(f"/office/stock{path}")
        await expect(page.locator("h1")).to_have_text("Stock")
        await look(page, f"stock-lists-{width}-{scheme}-{path.strip('?/') or 'all'}")


@seen_at(360, "dark")
async def test_locations_and_articles(page_at: PageAt, shop: Shop, width: int, scheme: Scheme):
    page = await page_at(width, scheme, who="MANAGER1")
    name = f"places-{width}-{scheme}"
    for path in (
        "/office/locations",
        "/office/locations?layout=map",
        f"/office/locations/{shop.store}",
        f"/office/locations/{shop.store}/edit",
        "/office/catalog",
    ):
        await page.goto(path)
        await look(page, f"{name}-{path.rpartition('/')[2]}")
    await page.locator(".row-link").first.click()
    await expect(page.locator("h1")).to_be_visible()
    await look(page, f"{name}-article")
    await page.get_by_role("link", name="Edit").click()
    await look(page, f"{name}-article-edit")


async def test_the_grid_is_searched_while_typing(page_at: PageAt, shop: Shop):
    page = await page_at(1440, who="MANAGER1")
    await page.goto("/office/stock")
    await page.get_by_role("searchbox", name="Find articles").fill(shop.goods[0])
    await expect(page.locator("#list tbody tr")).to_have_count(1)
    assert f"q={shop.goods[0]}" in page.url


async def test_counted_by_an_associate_without_scripts(page_at: PageAt, shop: Shop):
    page = await page_at(360, scripts=False, who=shop.associate)
    await page.goto(f"/office/stock?q={shop.goods[0]}&location={shop.store}")
    await page.locator("#list td a.strong").first.click()
    await page.get_by_text("Count", exact=True).click()
    await page.get_by_label("Units counted").fill("17")
    await page.get_by_role("button", name="Record count").click()
    await expect(page.locator(".toast")).to_contain_text("17 lie here now")


async def test_a_location_is_changed_after_a_preview_without_scripts(page_at: PageAt, shop: Shop):
    page = await page_at(1440, scripts=False, who="MANAGER1")
    await page.goto(f"/office/locations/{shop.store}/edit")
    await page.get_by_label("Phone").fill("+44 1224 000 111")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("ins")).to_have_text("+44 1224 000 111")
    await look(page, "location-preview")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("main")).to_contain_text("+44 1224 000 111")
