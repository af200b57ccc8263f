"""Fixtures: a browser at a shop that serves; whatever it shows is checked when the test ends.

A test asks for pages of a size, a scheme and a person, and drives them::

    async def test_an_order_is_found(page_at: PageAt, shop: Shop):
        page = await page_at(360, "dark", who="AGENT1")
        await page.goto("/office/orders")
        ...
        await look(page, "orders-found")    # a state worth checking before the test goes on

When the test ends each page is looked at as it stands: axe finds nothing, no error is in the
console, nothing broke the policy, nothing is wider than the window; a screenshot of it rests in
``build/screens``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.looking import Looker, chromium
from tests.browser.shop import Shop, opened_shop

PageAt = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def shop() -> AsyncIterator[Shop]:
    """A lively retailer that serves for the whole run; what a test needs of it alone it places."""
    async with opened_shop() as shop:
        yield shop


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium of this machine."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium())
        yield browser
        await browser.close()


@pytest.fixture
async def page_at(
    browser: Browser, shop: Shop, request: pytest.FixtureRequest
) -> AsyncIterator[PageAt]:
    """Open pages: ``await page_at(width, scheme, scripts=True, who="ADMIN")``.

    ``who`` is a key of ``shop.world.logins`` such as ADMIN, AGENT1, MANAGER1 or ``shop.associate``;
    "" for nobody, which is how a customer comes with a link.
    """
    async with Looker(browser, shop, request.node.originalname) as looker:
        yield looker.page_at
        await looker.look_at_all()
