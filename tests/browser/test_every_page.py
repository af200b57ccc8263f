"""Every page of the apps at three widths, light and dark: nothing hinders, errs, breaks or spills.

Pages are found from where people begin, along links; a new page needs nothing here to be looked at.
"""

import pytest

from tests.browser.conftest import PageAt
from tests.browser.finding import SHOWN, find_pages
from tests.browser.looking import WIDTHS, look
from tests.browser.shop import Shop

# Nobody comes to them by a link of another page: why.
BOUNDS = (min(WIDTHS), max(WIDTHS))
UNLINKED: dict[str, str] = {
    "sign_in.go_home": "leads on at once",
    "order_page.download_paper": "a document",
    "order_page.download_label": "a document",
}


@pytest.fixture(scope="module")
async def found(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    return await find_pages(shop)


async def test_every_page_is_found(found: dict[str, list[tuple[str, str]]]):
    assert sorted(SHOWN.keys() - found.keys() - UNLINKED.keys()) == []


@pytest.mark.parametrize("name", sorted(SHOWN.keys() - UNLINKED.keys()))
async def test_a_page_is_fit_for_everybody(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str
):
    if name not in found:
        pytest.skip("test_every_page_is_found says so")
    path, who = found[name][0]
    page = await page_at(1440, who=who, looks=False)
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for width, height in WIDTHS.items():
            await page.set_viewport_size({"width": width, "height": height})
            # What hinders at neither the narrowest nor the widest hinders nowhere between.
            await look(page, f"pages/{name}-{width}-{scheme}", axe=width in BOUNDS)


@pytest.mark.parametrize("name", sorted(SHOWN.keys() - UNLINKED.keys()))
async def test_a_page_is_there_without_scripts(
    page_at: PageAt, found: dict[str, list[tuple[str, str]]], name: str
):
    if name not in found:
        pytest.skip("test_every_page_is_found says so")
    path, who = found[name][0]
    page = await page_at(360, who=who, scripts=False)
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status == 200
    assert await page.locator("h1").first.is_visible()
