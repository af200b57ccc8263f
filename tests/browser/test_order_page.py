"""What a customer sees behind the link of an order."""

import pytest

from tests.browser.conftest import PageAt
from tests.browser.shop import Shop


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_order_to_collect(page_at: PageAt, shop: Shop, width: int, scheme: str):
    page = await page_at(width, scheme, who="")
    await page.goto(await shop.order_link(shop.today["pickup"]))
    assert shop.today["pickup"] in await page.title()


async def test_without_scripts(page_at: PageAt, shop: Shop):
    page = await page_at(360, scripts=False, who="")
    await page.goto(await shop.order_link(shop.today["shipped"]))
    assert shop.today["shipped"] in await page.title()
