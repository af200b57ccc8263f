"""Returns in the office: from asking to the money, and what is declined."""

import secrets
from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import PRICE_MILLI, Shop

CHANNEL = "tills"


async def asked_back(shop: Shop, *, exchange: bool = False) -> tuple[dict[str, Any], str]:
    """Sell two units over the counter and let the customer ask to bring one back.

    Return the return and the number of its order.

    Args:
        shop: where.
        exchange: the customer wants the same once more, fetched at the store.
    """
    operator = shop.client()
    people_decide = {
        "kind": "returns.policy",
        "value": {"decides": "agent", "settles": "agent"},
        "reason": "People decide",
        "scope": {"type": "channel", "code": CHANNEL},
    }
    await operator.send("policies", people_decide)
    line = {"sku": shop.goods[2], "quantity": 2, "method": "carry_out", "store": shop.store}
    sold = {
        "channel": CHANNEL,
        "source_id": f"till-{secrets.token_hex(6)}",
        "lines": [line | {"unit_price_milli": PRICE_MILLI}],
        "tenders": [{"method": "cash"}],
    }
    order = await operator.send("orders", sold)
    (bought,) = (await shop.order(order["number"]))["lines"]
    back = {"order_line": bought["id"], "quantity": 1, "reason": "faulty", "item_state": "faulty"}
    asked = {"order": order["number"], "lines": [back]}
    if exchange:
        same = {"sku": line["sku"], "quantity": 1, "method": "pickup", "store": shop.store}
        asked["lines"] = [back | {"wanted": "exchange"}]
        asked["exchange"] = [same | {"price": "even", "instead_of": bought["id"]}]
    return await operator.send("returns", asked), order["number"]


async def to_its_money(page_at: PageAt, shop: Shop, name: str, width: int, **how: Any) -> None:
    asked, order = await asked_back(shop)
    path = f"returns/{asked['number']}"
    before = (await shop.order(order))["money"]["refunded_minor"]

    async def state() -> str:
        return (await shop.client().get(path))["state"]

    assert await state() == "requested"
    page = await page_at(width, who="MANAGER1", **how)
    await page.goto(f"/office/orders/{order}")
    await page.locator(".heading").get_by_role("link", name="Decide on the return").click()
    await expect(page.locator("h1")).to_have_text(asked["number"])
    await look(page, f"{name}-asked")
    await page.get_by_role("button", name="Let it come").click()
    await expect(page.get_by_role("heading", name="Receive goods")).to_be_visible()
    assert await state() == "authorized"
    await page.get_by_label("Code of the location").fill(shop.store)
    await look(page, f"{name}-receiving")
    await page.get_by_role("button", name="Receive").click()
    fate = page.get_by_label("What becomes of it")
    await fate.select_option("Repair")
    assert await state() == "received"
    await look(page, f"{name}-grading")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Give the money")).to_be_visible()
    assert await state() == "graded"
    await look(page, f"{name}-settling")
    await page.get_by_role("button", name="Settle").click()
    await expect(page.locator("main")).to_contain_text("1 × Repair")
    await expect(page.get_by_role("button", name="Settle")).to_have_count(0)
    told = await shop.client().get(path)
    assert told["state"] in ("settled", "closed")
    assert told["refund_minor"] == PRICE_MILLI // 1_000
    (line,) = told["lines"]
    assert [unit["disposition"] for unit in line["units"]] == ["refurbish"]
    after = (await shop.order(order))["money"]["credited_minor"]
    assert after == before + told["refund_minor"]


@seen_at(1440, "light")
async def test_a_return_goes_from_asking_to_its_money(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    name = f"return-{width}-{scheme}"
    await to_its_money(page_at, shop, name, width, scheme=scheme)


@seen_at(360, "dark")
async def test_a_return_goes_from_asking_to_its_money_without_scripts(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    name = f"return-plain-{width}-{scheme}"
    await to_its_money(page_at, shop, name, width, scheme=scheme, scripts=False)


@seen_at(768, "dark")
async def test_a_return_is_declined_with_a_reason(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    asked, _ = await asked_back(shop)
    page = await page_at(width, scheme, who="MANAGER1")
    elsewhere = await page_at(360, scheme, who="ADMIN", looks=False)
    for each in (elsewhere, page):
        await each.goto(f"/office/returns/{asked['number']}")
        await expect(each.locator("html")).to_have_attribute("data-stream", "open")
    await page.locator("#decline-reason").fill("It was worn")
    await page.get_by_role("button", name="Decline").click()
    for each in (page, elsewhere):
        await expect(each.locator(".heading .badge")).to_have_text("Declined")
    told = await shop.client().get(f"returns/{asked['number']}")
    assert (told["state"], told["reason"]) == ("declined", "It was worn")


async def to_money_instead(page_at: PageAt, shop: Shop, width: int, scheme: Scheme) -> None:
    asked, order = await asked_back(shop, exchange=True)
    name = f"return-exchange-{width}-{scheme}"
    page = await page_at(width, scheme, who="MANAGER1")
    await page.goto(f"/office/returns/{asked['number']}")
    await expect(page.get_by_text("set aside", exact=True)).to_be_visible()
    await look(page, f"{name}-set-aside")
    await page.get_by_text("Which other goods").click()
    await look(page, f"{name}-others")
    await page.get_by_label("Money", exact=True).check()
    await page.get_by_role("button", name="Let it come").click()
    await expect(page.get_by_role("heading", name="Receive goods")).to_be_visible()
    told = await shop.client().get(f"returns/{asked['number']}")
    assert (told["state"], told["exchange"]) == ("authorized", [])
    lines = (await shop.order(order))["lines"]
    assert [bucket["stage"] for bucket in lines[1]["buckets"]] == ["cancelled"]


@seen_at(1440, "dark")
async def test_who_decides_may_give_money_instead_of_what_was_wished(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    await to_money_instead(page_at, shop, width, scheme)


@seen_at(360, "light")
async def test_who_decides_on_a_phone_may_give_money_too(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    await to_money_instead(page_at, shop, width, scheme)
