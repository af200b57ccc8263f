"""Every page of the apps at three widths, light and dark: nothing hinders, errs, breaks or spills.

Pages are found from where people begin, along links; a new page needs nothing here to be looked at.
"""

from collections.abc import AsyncIterator, Container, Iterable
from itertools import product

import pytest
from playwright.async_api import Browser, Page

from tests.browser.finding import SHOWN, find_pages
from tests.browser.looking import SCHEMES, WIDTHS, Looker, Scheme, look
from tests.browser.shop import Shop

# Nobody comes to them by a link of another page: why.
UNLINKED: dict[str, str] = {
    "sign_in.show_sign_in_code": "shown after a password",
    "sign_in.show_switch": "of a device that a store shares",
    "sign_in.show_invitation": "has its link from an e-mail",
    "office.show_feed_messages": "no feed has sent anything",
    "office.show_feed_message": "likewise",
    "sign_in.go_away": "the retailer has no identity provider",
    "sign_in.show_answer": "likewise",
    "order_page.download_paper": "a document, once there is one",
    "order_page.download_label": "likewise",
    "office.ask_money": "no money was refused",
    "store.go_to_today": "leads on at once",
    "store.find_anything": "leads on at once when one thing is found",
    "store.show_pickup": "nothing lies ready in the shop",
}
# What hinders in neither of these, with both layouts and both palettes, hinders nowhere.
THOROUGH: tuple[tuple[int, Scheme], ...] = ((360, "light"), (1440, "dark"))
NAMES = sorted(SHOWN.keys() - UNLINKED.keys())


Found = dict[str, list[tuple[str, str]]]


class Visitors:
    """Everybody who looks at pages, in one window each: they go from page to page in it."""

    def __init__(self, looker: Looker) -> None:
        self._looker = looker
        self._windows: dict[tuple[str, bool], Page] = {}

    async def open(self, name: str, found: Found, *, scripts: bool = True) -> Page:
        """Open a page as somebody who comes to it by links."""
        if not found.get(name):
            pytest.skip("a part of a page, a document, or another address")
        path, who = found[name][0]
        if (who, scripts) not in self._windows:
            self._windows[who, scripts] = await self._looker.page_at(360, who=who, scripts=scripts)
        page = self._windows[who, scripts]
        page.faults.found.clear()  # type: ignore[attr-defined]
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200
        return page


@pytest.fixture(scope="module")
async def visitors(browser: Browser, shop: Shop) -> AsyncIterator[Visitors]:
    async with Looker(browser, shop, "pages") as looker:
        yield Visitors(looker)


@pytest.fixture(scope="module")
async def found(shop: Shop) -> Found:
    return await find_pages(shop)


async def test_every_page_is_found(found: Found):
    assert [name for name in SHOWN if name not in found and name not in UNLINKED] == []


async def fit(
    page: Page,
    name: str,
    looks: Iterable[tuple[int, Scheme]],
    closely: Container[tuple[int, str]],
    *,
    wholly: bool = False,
) -> None:
    """Look at a page in each of several ways."""
    for width, scheme in looks:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        one = f"pages/{name}-{width}-{scheme}"
        await look(page, one, closely=(width, scheme) in closely, wholly=wholly)


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_fit_for_everybody(visitors: Visitors, found: Found, name: str):
    await fit(await visitors.open(name, found), name, (*THOROUGH, (768, "light")), THOROUGH)


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_fit_at_every_width(visitors: Visitors, found: Found, name: str):
    looks = list(product(WIDTHS, SCHEMES))
    await fit(await visitors.open(name, found), name, looks, looks, wholly=True)


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_there_without_scripts(visitors: Visitors, found: Found, name: str):
    page = await visitors.open(name, found, scripts=False)
    assert await page.locator("h1").first.is_visible()
    await look(page, name, closely=False)
