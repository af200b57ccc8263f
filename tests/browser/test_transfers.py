"""Stock is moved: asked for in the office without scripts, sent and received by a store."""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import look
from tests.browser.shop import WAREHOUSE, Shop


async def asked_for(page: Page, source: str, destination: str, *goods: tuple[str, int]) -> str:
    """Ask for goods by their numbers, one after the other; return the number of the transfer."""
    await page.goto("/office/stock/transfers")
    await page.get_by_role("link", name="New transfer").first.click()
    await page.get_by_label("From").fill(source)
    await page.get_by_label("To", exact=True).fill(destination)
    for sku, units in goods:
        await page.get_by_role("searchbox", name="Add an article").fill(sku)
        await page.get_by_role("searchbox", name="Add an article").press("Enter")
        row = page.get_by_role("row").filter(has_text=sku)
        await row.get_by_role("spinbutton").fill(str(units))
    await look(page, "transfer-new")
    await page.get_by_role("button", name="Ask for it").click()
    await expect(page.locator(".toast")).to_contain_text("Asked for")
    return await page.locator("h1").inner_text()


async def test_goods_are_asked_for_sent_received_and_closed(page_at: PageAt, shop: Shop):
    mug, bowl = shop.goods[0], shop.goods[2]
    office = await page_at(1440, scripts=False, who="MANAGER1")
    number = await asked_for(office, WAREHOUSE, shop.store, (mug, 3), (bowl, 2))
    assert re.fullmatch(r"T[0-9A-Z]{6,}-[0-9A-Z]", number)
    await look(office, "transfer-asked-for")
    await office.get_by_role("button", name="Mark as sent").click()
    await expect(office.locator(".heading")).to_contain_text("On its way")

    hands = await page_at(360, who=shop.associate)
    await hands.goto(f"/store/{shop.store}/transfers")
    await hands.get_by_role("link").filter(has_text=number).click()
    line = hands.locator(".shelf-line").filter(has_text=mug)
    await line.get_by_text("Not as told?").click()
    await line.get_by_label("In good order, of 3").fill("1")
    await line.get_by_label("Damaged").fill("1")
    await look(hands, "transfer-received")
    await hands.get_by_role("button", name="It is here").click()
    await expect(hands.locator("h1")).to_have_text(number)
    await expect(hands.locator(".work-head")).to_contain_text("Received in part")

    await office.reload()
    row = office.get_by_role("row").filter(has_text=mug)
    await expect(row).to_contain_text("and 1 damaged")
    await office.get_by_role("button", name="Close with a difference").click()
    await office.get_by_role("button", name="Close it").click()
    await expect(office.locator(".heading")).to_contain_text("Closed")
    await expect(row.get_by_role("cell").last).to_have_text("−1")


async def test_a_store_sends_what_it_is_asked_for_and_gives_the_rest_back(
    page_at: PageAt, shop: Shop
):
    sku = shop.goods[0]
    number = await shop.move(shop.store, WAREHOUSE, {"sku": sku, "quantity": 3})
    hands = await page_at(360, scripts=False, who=shop.associate)
    await hands.goto(f"/store/{shop.store}/today")
    await hands.get_by_role("link", name=re.compile("to send")).click()
    await hands.get_by_role("link").filter(has_text=number).click()
    await hands.get_by_text("Not all there?").click()
    await hands.get_by_label("Found of 3").fill("2")
    await hands.get_by_label("Nothing more will be sent").check()
    await look(hands, "transfer-to-send")
    await hands.get_by_role("button", name="It has left").click()
    await expect(hands.locator(".toast")).to_contain_text("Sent.")
    await expect(hands.get_by_role("link").filter(has_text=number)).to_have_count(0)
    moved = await shop.client().get(f"transfers/{number}")
    told = [(line["sent"], line["withdrawn"], line["on_way"]) for line in moved["lines"]]
    assert told == [(2, 1, 2)]


async def test_what_the_source_does_not_have_is_told_at_its_line(page_at: PageAt, shop: Shop):
    page = await page_at(360, scripts=False, who="MANAGER1")
    path = f"/office/stock/transfers/new?source={WAREHOUSE}&destination={shop.store}"
    await page.goto(f"{path}&sku={shop.goods[0]}")
    row = page.get_by_role("row").filter(has_text=shop.goods[0])
    await row.get_by_role("spinbutton").fill("9999")
    await page.get_by_role("button", name="Ask for it").click()
    await expect(row).to_contain_text("9999 were asked for")
    await expect(page.get_by_label("From")).to_have_value(WAREHOUSE)
