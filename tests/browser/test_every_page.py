"""Every page of the apps at three widths, light and dark: nothing hinders, errs, breaks or spills.

Pages are found from where people begin, along links; a new page needs nothing here to be looked at.
"""

from collections.abc import Iterable

import pytest
from playwright.async_api import Page

from tests.browser.conftest import PageAt
from tests.browser.finding import SHOWN, find_pages
from tests.browser.looking import WIDTHS, look
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
    "office.show_message": "no message of a channel was held up",
    "store.go_to_today": "leads on at once",
    "store.find_anything": "leads on at once when one thing is found",
    "store.show_pickup": "nothing lies ready in the shop",
}
# What hinders in neither of these, with both layouts and both palettes, hinders nowhere.
THOROUGH = {(360, "light"), (1440, "dark")}
NAMES = sorted(SHOWN.keys() - UNLINKED.keys())
LOOKS = [(width, scheme) for scheme in ("light", "dark") for width in WIDTHS]


@pytest.fixture(scope="module")
async def found(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    return await find_pages(shop)


async def test_every_page_is_found(found: dict[str, list[tuple[str, str]]]):
    assert [name for name in SHOWN if name not in found and name not in UNLINKED] == []


async def opened(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str, width: int, **how: bool
) -> Page:
    """Open a page as somebody who comes to it by links."""
    if not found.get(name):
        pytest.skip("a part of a page, a document, or another address")
    path, who = found[name][0]
    page = await page_at(width, who=who, **how)
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200
    return page


async def fit(
    page_at: PageAt,
    found: dict[str, list[tuple[str, str]]],
    name: str,
    looks: Iterable[tuple[int, str]],
) -> None:
    """Open a page once, and look at it in each of several ways."""
    page = await opened(page_at, found, name, 1440, looks=False)
    for width, scheme in looks:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        axe = (width, scheme) in THOROUGH
        await look(page, f"pages/{name}-{width}-{scheme}", axe=axe)


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_fit_for_everybody(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str
):
    await fit(page_at, found, name, sorted({*THOROUGH, (768, "light")}))


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_fit_at_every_width(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str
):
    await fit(page_at, found, name, LOOKS)


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_is_there_without_scripts(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str
):
    page = await opened(page_at, found, name, 360, scripts=False)
    assert await page.locator("h1").first.is_visible()
