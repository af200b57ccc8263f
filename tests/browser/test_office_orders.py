"""The list of orders: by keyboard, many at once, as views, as columns, as a table to take."""

import csv
import io
import secrets
from urllib.parse import parse_qsl, urlsplit

from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop

CALLS_BACK = {"kind": "manual", "reason": "They call back today"}


async def several(shop: Shop) -> tuple[str, list[str]]:
    """Place three orders of a buyer of their own; return the e-mail and their numbers, newest
    first."""
    email = f"several-{secrets.token_hex(4)}@example.com"
    buyer = {"email": email, "name": "Sven Several"}
    line = {"sku": shop.goods[0], "quantity": 1}
    numbers = [await shop.placed(line, buyer=buyer, stops=[CALLS_BACK]) for _ in range(3)]
    return email, numbers[::-1]


def query(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


@seen_at(1440, "dark")
async def test_many_are_cancelled_by_keyboard_after_a_preview(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    email, (first, second, third) = await several(shop)
    page = await page_at(width, scheme, who="AGENT1")
    name = f"orders-many-{width}-{scheme}"
    await page.goto(f"/office/orders?q={email}")
    rows = page.locator("main tbody tr")
    await expect(rows).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("tr.at")).to_contain_text(second)
    await page.keyboard.press("x")
    await page.keyboard.press("k")
    await page.keyboard.press("x")
    bulk = page.get_by_role("group", name="With what is picked")
    await expect(bulk).to_contain_text("2 picked")
    await look(page, f"{name}-picked")
    await bulk.get_by_role("button", name="Cancel orders").click()
    await expect(page.locator("h1")).to_have_text("Cancel orders")
    await expect(rows).to_have_count(2)
    await look(page, f"{name}-preview")
    assert {(await shop.order(one))["status"] for one in (first, second)} == {"on_hold"}
    await page.get_by_label("Why").fill("The shop closes")
    await page.get_by_role("button", name="Cancel orders").click()
    await expect(page.locator(".notice-good")).to_have_text("2 orders done.")
    await look(page, f"{name}-done")
    states = [(await shop.order(one))["status"] for one in (first, second, third)]
    assert states == ["cancelled", "cancelled", "on_hold"]
    await page.get_by_role("link", name="Back to the list").click()
    await page.wait_for_url(f"**/office/orders?q={email.replace('@', '%40')}")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/office/orders/{first}")


@seen_at(360, "light")
async def test_stops_of_many_are_resolved_without_scripts(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    email, numbers = await several(shop)
    page = await page_at(width, scheme, who="AGENT1", scripts=False)
    await page.goto(f"/office/orders?q={email}")
    for number in numbers[:2]:
        await page.get_by_label(f"Pick {number}").check()
    await page.get_by_role("button", name="Resolve stops").click()
    await page.get_by_label("Why").fill("They have called")
    await page.get_by_role("button", name="Resolve stops").click()
    await expect(page.locator(".notice-good")).to_have_text("2 orders done.")
    held = [(await shop.order(one))["status"] == "on_hold" for one in numbers]
    assert held == [False, False, True]


@seen_at(768, "light")
async def test_a_view_is_made_of_filters_and_columns_and_kept(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    _, numbers = await several(shop)
    page = await page_at(width, scheme, who="AGENT1")
    name = f"orders-view-{width}-{scheme}"
    await page.goto("/office/orders")
    filters = page.get_by_role("group", name="Filters")
    await filters.locator("summary", has_text="Stop").click()
    await look(page, f"{name}-choosing")
    await filters.get_by_role("link", name="By hand").click()
    await expect(filters.locator(".chip-on")).to_have_text("Stop: By hand")
    assert query(page) == {"stop": "manual"}
    for number in numbers:
        await expect(page.get_by_role("link", name=number)).to_be_visible()
    await expect(page.get_by_role("link", name=shop.today["pickup"])).to_have_count(0)
    await page.locator(".heading summary", has_text="Columns").click()
    columns = page.locator(".heading .menu-sheet")
    await columns.get_by_label("Customer").uncheck()
    await columns.get_by_label("Number there").check()
    await look(page, f"{name}-columns")
    await columns.get_by_role("button", name="Show these").click()
    heads = page.get_by_role("table", name="Orders").locator("thead")
    await expect(heads).to_contain_text("Number there")
    await expect(heads).not_to_contain_text("Customer")
    title = f"Callbacks {secrets.token_hex(3)}"
    await filters.locator("summary", has_text="Save view").click()
    await filters.get_by_label("Title").fill(title)
    await filters.get_by_role("button", name="Save").click()
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name=title)
    await expect(tab).to_have_attribute("aria-current", "page")
    # From elsewhere the tab leads to the same orders and columns.
    await page.goto("/office/orders")
    await tab.click()
    await expect(heads).to_contain_text("Number there")
    assert query(page)["stop"] == "manual"
    await look(page, f"{name}-kept")
    async with page.expect_download() as taken:
        await page.get_by_role("link", name="Table").click()
    table = (await (await taken.value).path()).read_text("utf-8-sig")
    listed = list(csv.DictReader(io.StringIO(table)))
    assert "Customer" not in listed[0]
    by_number = {one["Number"]: one for one in listed}
    for number in numbers:
        order = await shop.order(number)
        assert by_number[number]["Number there"] == order["source_id"]
        assert by_number[number]["Total"] == f"{order['money']['worth_minor'] / 100:.2f}"
    await page.get_by_role("button", name="Delete view").click()
    await page.wait_for_url("**/office/orders")
    await expect(tab).to_have_count(0)
