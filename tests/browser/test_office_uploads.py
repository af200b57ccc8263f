"""A file that is too large to be looked at goes from a form into the folder of its channel."""

import asyncio
import json
import secrets
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import HOME, PRICE_MILLI, SETTLED_SECONDS_MAX, TRADE, Shop

BYTES = 24 << 20


@pytest.fixture
def day(tmp_path: Path, shop: Shop) -> Path:
    """An order in a file that takes several pieces."""
    order = {
        "type": "order",
        "source_id": secrets.token_hex(6),
        "buyer": {"name": "Ada Brown", "email": "ada.brown@example.com"},
        "ship_to": HOME,
        "lines": [{"sku": shop.goods[0], "quantity": 1, "unit_price_milli": PRICE_MILLI}],
    }
    path = tmp_path / "a whole day.jsonl"
    path.write_bytes(json.dumps(order).encode().ljust(BYTES, b"\n"))
    return path


@seen_at(1440, "dark")
async def test_a_large_file_is_laid_into_a_folder(
    page_at: PageAt, shop: Shop, day: Path, width: int, scheme: Scheme
):
    page = await page_at(width, scheme, scripts=False)
    await page.goto("/office/messages/upload")
    await look(page, f"upload-{width}-{scheme}")
    card = page.locator(".card").filter(has_text="A large file")
    await card.get_by_label("Channel").select_option(TRADE)
    await card.get_by_label("File").set_input_files(day)
    await card.get_by_role("button", name="Lay into the folder").click()
    await expect(page.locator(".toast")).to_contain_text("It lies in the folder")
    async with asyncio.timeout(SETTLED_SECONDS_MAX):
        while True:
            batches = (await shop.client().get(f"channel-batches?channel={TRADE}"))["items"]
            if "a_whole_day.jsonl" in {one["file_name"] for one in batches}:
                break
            await asyncio.sleep(0.2)
    await page.reload()
    await expect(page.get_by_role("table")).to_contain_text("a_whole_day.jsonl")
