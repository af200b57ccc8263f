"""The parts pages are made of, driven: by keys, by touch, without scripts, live."""

from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop


async def shown(page: Page, query: str = "") -> None:
    await page.goto(f"/design{query}")
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()


@seen_at(768, "light")
async def test_every_part(page_at: PageAt, width: int, scheme: Scheme):
    await shown(await page_at(width, scheme, who=""))


async def test_every_part_dense_and_from_right_to_left(page_at: PageAt):
    page = await page_at(1440, who="", language="de-DE")
    await shown(page, "?density=compact&direction=rtl")
    assert await page.locator("html").get_attribute("dir") == "rtl"


async def test_without_scripts_menus_dialogs_and_the_drawer_open(page_at: PageAt):
    page = await page_at(360, scripts=False, who="")
    await shown(page)
    await page.get_by_role("button", name="Menu").last.click()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Open drawer").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Niamh Kelleher")
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_keys_go_through_rows_and_pick_them(page_at: PageAt):
    page = await page_at(who="")
    await shown(page)
    for key in ("j", "j", "x"):
        await page.keyboard.press(key)
    await expect(page.locator("tr.at")).to_contain_text("MF-10481")
    await expect(page.get_by_role("group", name="With what is picked")).to_contain_text("1 picked")
    await page.get_by_label("Pick all").check()
    await expect(page.get_by_role("group", name="With what is picked")).to_contain_text("4 picked")
    await look(page, "design-rows-picked")
    await page.keyboard.press("d")
    await expect(page.get_by_role("dialog", name="Cancel this order?")).to_be_visible()
    await look(page, "design-dialog")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


async def test_the_palette_finds_as_one_types_and_opens_the_first(page_at: PageAt):
    page = await page_at(who="")
    await shown(page)
    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find anything")
    await expect(palette.get_by_role("link")).not_to_have_count(0)
    await palette.get_by_role("searchbox").fill("char")
    await expect(palette.get_by_role("link")).to_have_count(1)
    await look(page, "design-palette")
    await page.keyboard.press("Escape")
    await expect(palette).to_be_hidden()
    await page.keyboard.press("Control+k")
    await palette.get_by_role("searchbox").fill("form")
    await expect(palette.get_by_role("link")).to_have_text(["Forms"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/design#forms")


async def test_a_map_is_explored_when_asked_for(page_at: PageAt):
    page = await page_at(who="")
    await shown(page)
    await page.get_by_role("button", name="Explore").click()
    await page.locator(".map-live path.pin").first.click(force=True)
    await expect(page.locator(".leaflet-popup")).to_contain_text("York")


async def test_a_look_is_chosen_and_kept(page_at: PageAt):
    page = await page_at(who="")
    await shown(page)
    await page.locator(".topbar summary").click()
    await page.get_by_role("button", name="Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.locator(".topbar summary").click()
    await page.get_by_role("button", name="Deutsch").click()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_a_live_part_is_renewed_when_an_order_changes(page_at: PageAt, shop: Shop):
    page = await page_at()
    await shown(page)
    await expect(page.locator("html")).to_have_attribute("data-stream", "open")
    async with page.expect_response("**/design/living") as renewed:
        await shop.place({"sku": shop.goods[0], "quantity": 1})
    assert (await renewed.value).ok
    await expect(page.locator("#shown-live")).to_have_count(1)
