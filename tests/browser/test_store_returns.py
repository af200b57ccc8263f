"""Taking goods back at a store in a browser: of an order and without one, down to the money."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, cut_off, look, seen_at
from tests.browser.shop import PRICE_MILLI, Shop
from tests.browser.test_store import wedge

PHONE = {"has_touch": True}


@dataclass
class Till:
    """A store that sells over its counter, and takes back."""

    shop: Shop
    sku: str

    @property
    def base(self) -> str:
        """Where its pages for taking back are."""
        return f"/store/{self.shop.store}/returns"

    async def sell(self, units: int, *more: str) -> dict[str, Any]:
        """Sell over the counter for cash, one unit each of further articles; return the order."""
        client = self.shop.client()
        carried = {"method": "carry_out", "store": self.shop.store}
        goods = {self.sku: units, **dict.fromkeys(more, 1)}
        body = {
            "channel": self.channel,
            "source_id": f"till-{secrets.token_hex(6)}",
            "lines": [
                {"unit_price_milli": PRICE_MILLI, "sku": sku, "quantity": n, **carried}
                for sku, n in goods.items()
            ],
            "tenders": [{"method": "cash"}],
        }
        placed = await client.send("orders", body, key=secrets.token_hex(16))
        return await client.get(f"orders/{placed['number']}")

    channel: str = ""


@pytest.fixture(scope="session")
async def till(shop: Shop) -> Till:
    client = shop.client()
    place = await client.get(f"locations/{shop.store}")
    channels = (await client.get("channels?limit=200"))["items"]
    code = next(one["code"] for one in channels if one["type"] == "store")
    # Up to a limit its people decide about goods without an order themselves.
    rule = {
        "kind": "returns.policy",
        "value": {"blind": "allowed", "blind_minor_max": 2_000},
        "reason": "Small things are taken back",
        "scope": {"type": "location", "code": place["code"]},
    }
    await client.send("policies", rule)
    return Till(shop, shop.goods[0], code)


async def chosen(page: Page, till: Till, order: dict[str, Any], units: int) -> None:
    """Find an order and choose units of its line."""
    await page.goto(f"{till.base}?q={order['number']}")
    await page.locator(f"input[name='units.{order['lines'][0]['id']}']").fill(str(units))


@seen_at(360, "light")
async def test_from_the_receipt_to_the_money(
    page_at: PageAt, till: Till, width: int, scheme: Scheme
):
    order = await till.sell(3)
    page = await page_at(width, scheme, who=till.shop.associate, **PHONE)
    await chosen(page, till, order, 2)
    await look(page, f"store-return-chosen-{width}-{scheme}")
    await page.get_by_role("button", name="See what it gives").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What it gives")
    await expect(page.get_by_text("Cash out of the till")).to_be_visible()
    await look(page, f"store-return-review-{width}-{scheme}")
    await page.get_by_role("button", name="Change something").tap()
    field = page.locator(f"input[name='units.{order['lines'][0]['id']}']")
    await expect(field).to_have_value("2")
    await page.get_by_role("button", name="See what it gives").tap()
    await page.get_by_role("button", name="Take back · £9.00").tap()
    await expect(page.get_by_text("Taken back, for £9.00")).to_be_visible()
    await look(page, f"store-return-done-{width}-{scheme}")
    shown = await till.shop.order(order["number"])
    assert shown["money"]["refunded_minor"] == 900


async def test_the_code_of_a_gift_card_is_shown_once(page_at: PageAt, till: Till):
    order = await till.sell(1)
    page = await page_at(360, "dark", who=till.shop.associate, **PHONE)
    await chosen(page, till, order, 1)
    await page.get_by_text("A new gift card").tap()
    await page.get_by_role("button", name="See what it gives").tap()
    await page.get_by_role("button", name="Take back · £4.50").tap()
    await page.get_by_role("button", name="Show the code of the gift card").tap()
    code = page.locator(".card-code-text")
    await expect(code).to_be_visible()
    assert len((await code.inner_text()).replace("-", "")) == 16
    await look(page, "store-return-card-360-dark")
    await page.get_by_role("link", name="Done").tap()
    await expect(page.get_by_text("Scan or type a number")).to_be_visible()


@seen_at(360, "dark")
async def test_without_an_order_by_scans(page_at: PageAt, till: Till, width: int, scheme: Scheme):
    page = await page_at(width, scheme, who=till.shop.associate, **PHONE)
    await page.goto(f"{till.base}/without-order")
    await look(page, f"store-blind-empty-{width}-{scheme}")
    for units in (1, 2):
        # Who scans before the page's scripts are there scans once more.
        await page.wait_for_load_state()
        await wedge(page, till.sku)
        field = page.locator(f"input[name='units.{till.sku}']")
        await expect(field).to_have_value(str(units))
    await page.get_by_label("Price of one by the receipt").fill("4.25")
    await page.get_by_label("Number of the receipt").fill("old till, no. 7")
    await look(page, f"store-blind-filled-{width}-{scheme}")
    await page.get_by_role("button", name="See what it gives").tap()
    await page.get_by_role("button", name="Take back · £8.50").tap()
    await expect(page.get_by_text("Taken back, for £8.50")).to_be_visible()


async def test_above_the_limit_a_manager_signs_in_and_decides(page_at: PageAt, till: Till):
    page = await page_at(360, who=till.shop.associate, **PHONE)
    await page.goto(f"{till.base}/without-order")
    await wedge(page, till.sku)
    await page.get_by_label("Price of one by the receipt").fill("30.00")
    await page.get_by_role("button", name="See what it gives").tap()
    link = page.get_by_role("link", name="A manager signs in")
    await expect(link).to_be_visible()
    await look(page, "store-blind-refused-360-light")
    await link.tap()
    await expect(page.get_by_label("E-mail")).to_be_visible()
    manager = await page_at(1440, "dark", who="MANAGER1")
    where = await page.locator("input[name=next]").first.get_attribute("value")
    assert where
    await manager.goto(where)
    await expect(manager.get_by_label("Price of one by the receipt")).to_have_value("30.00")
    await manager.get_by_text("Against the policy").click()
    await manager.get_by_label("Why it is taken back all the same").fill("A regular, I know her")
    await look(manager, "store-blind-manager-1440-dark")
    await manager.get_by_role("button", name="See what it gives").click()
    await expect(manager.get_by_text("A manager decides so")).to_be_visible()
    await look(manager, "store-blind-review-1440-dark")
    await manager.get_by_role("button", name="Take back · £30.00").click()
    await expect(manager.get_by_text("Taken back, for £30.00")).to_be_visible()


async def test_a_confirmed_return_waits_for_the_network(page_at: PageAt, till: Till):
    order = await till.sell(1)
    page = await page_at(360, who=till.shop.associate, **PHONE)
    await chosen(page, till, order, 1)
    await page.get_by_role("button", name="See what it gives").tap()
    await expect(page.get_by_role("button", name="Take back · £4.50")).to_be_visible()
    await cut_off(page)
    await page.get_by_role("button", name="Take back · £4.50").tap()
    await expect(page.get_by_text("1 action waits for the network")).to_be_visible()
    assert (await till.shop.order(order["number"]))["money"]["refunded_minor"] == 0
    await page.context.set_offline(False)
    await expect(page.get_by_text("Taken back, for £4.50")).to_be_visible()
    assert (await till.shop.order(order["number"]))["money"]["refunded_minor"] == 450


async def test_without_scripts_it_is_taken_back_as_well(page_at: PageAt, till: Till):
    order = await till.sell(1)
    page = await page_at(1440, scripts=False, who=till.shop.associate, language="de-DE")
    await chosen(page, till, order, 1)
    await page.get_by_role("button", name="Zeigen, was es gibt").click()
    await page.get_by_role("button", name="Zurücknehmen").click()
    await expect(page.get_by_text("Zurückgenommen, für 4,50")).to_be_visible()


@seen_at(360, "dark")
async def test_other_goods_are_had_in_exchange_and_paid_by_card(
    page_at: PageAt, till: Till, width: int, scheme: Scheme
):
    order = await till.sell(2, till.shop.goods[1])
    line = order["lines"][0]["id"]
    page = await page_at(width, scheme, who=till.shop.associate)
    await page.goto(f"{till.base}?q={order['number']}")
    about = page.locator(f"[name='why.{line}']")
    # What is not coming back is not asked about.
    await expect(about).to_be_hidden()
    await page.get_by_role("button", name="One more").first.click()
    await expect(about).to_be_visible()
    how = page.locator(f"[name='how.{line}']")
    await expect(how).to_be_hidden()
    await page.locator(f"[name='swap.{line}']").select_option(till.sku)
    await expect(how).to_be_visible()
    await page.locator(f"[name='units.{order['lines'][1]['id']}']").fill("1")
    await page.get_by_text("Other goods in exchange").click()
    await page.get_by_label("Scan or type an article").fill(till.shop.goods[2])
    await page.keyboard.press("Enter")
    await expect(page.locator(f"[name='other.{till.shop.goods[2]}']")).to_have_value("1")
    await expect(page.locator(f"[name='units.{line}']")).to_have_value("1")
    await look(page, f"store-exchange-chosen-{width}-{scheme}")
    await page.locator(f"[name='other.{till.shop.goods[2]}']").fill("20")
    await page.get_by_role("button", name="See what it gives").click()
    await expect(page.get_by_text("The customer pays", exact=True)).to_be_visible()
    await page.get_by_text("At the terminal of the till").click()
    await look(page, f"store-exchange-review-{width}-{scheme}")
    await page.get_by_role("button", name="Exchange").click()
    await expect(page.get_by_text("The customer paid")).to_be_visible()
    await look(page, f"store-exchange-done-{width}-{scheme}")
    shown = await till.shop.order(order["number"])
    assert [tender["method"] for tender in shown["money"]["tenders"]] == ["cash", "card"]


async def test_a_confirmed_exchange_waits_for_the_network(page_at: PageAt, till: Till):
    order = await till.sell(1)
    page = await page_at(360, who=till.shop.associate, **PHONE)
    await chosen(page, till, order, 1)
    swap = page.locator(f"[name='swap.{order['lines'][0]['id']}']")
    await swap.select_option(till.sku)
    await page.get_by_role("button", name="See what it gives").tap()
    await expect(page.get_by_role("button", name="Exchange")).to_be_visible()
    await cut_off(page)
    await page.get_by_role("button", name="Exchange").tap()
    await expect(page.get_by_text("1 action waits for the network")).to_be_visible()
    assert len((await till.shop.order(order["number"]))["lines"]) == 1
    await page.context.set_offline(False)
    await expect(page.get_by_text("Taken back, for £4.50")).to_be_visible()
    assert len((await till.shop.order(order["number"]))["lines"]) == 2


async def test_without_scripts_goods_are_exchanged_as_well(page_at: PageAt, till: Till):
    order = await till.sell(1)
    page = await page_at(1440, scripts=False, who=till.shop.associate, language="de-DE")
    await chosen(page, till, order, 1)
    await page.get_by_text("Andere Ware im Umtausch").click()
    await page.get_by_label("Artikel scannen oder eingeben").fill(till.shop.goods[1])
    await page.get_by_role("button", name="Dazu", exact=True).click()
    await page.get_by_role("button", name="Zeigen, was es gibt").click()
    await look(page, "store-exchange-review-german-1440")
    await page.get_by_role("button", name="Umtauschen").click()
    await expect(page.get_by_role("heading", name="Im Umtausch")).to_be_visible()
