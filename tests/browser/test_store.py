"""The store's hands in a browser: five taps, scans, signatures, and no network."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.async_api import Page, Route, async_playwright

from tests.browser.conftest import PageAt
from tests.browser.looking import Faults, Looker, Scheme, chromium, cut_off, look, seen_at
from tests.browser.shop import Shop

PHONE = {"has_touch": True}
# A worker of the browser's own would answer before a test can lose an answer.
PLAIN = {**PHONE, "service_workers": "block"}
WAIT_SECONDS_MAX = 40.0
ASIDE = 60
# Which of the shop's goods nobody but the store has.
HANDS = 1


@dataclass
class Hands:
    """Somebody of a store that sends parcels, and an article that lies there alone."""

    shop: Shop
    who: str
    store: str
    sku: str

    async def order(self, units: int = 1, **more: Any) -> dict[str, Any]:
        """Place an order that this store gets; return its work."""
        number = await self.shop.place({"sku": self.sku, "quantity": units, **more})
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                works = await self.works(number)
                if works:
                    return works[0]
                await asyncio.sleep(0.1)

    async def works(self, number: str) -> list[dict[str, Any]]:
        """Return the work of an order."""
        client = self.shop.client()
        order = await client.get(f"orders/{number}")
        return (await client.get(f"fulfillment-orders?order_id={order['id']}"))["items"]

    async def until(self, work: dict[str, Any], *states: str) -> dict[str, Any]:
        """Wait until work has come to one of some states."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                now = await self.shop.client().get(f"fulfillment-orders/{work['id']}")
                if now["state"] in states:
                    return now
                await asyncio.sleep(0.1)


@pytest.fixture(scope="session")
async def hands(shop: Shop) -> Hands:
    operator = shop.client()
    for login in shop.world.logins.values():
        place = shop.world.places.get(login.location)
        if place is None or place.kind != "store":
            continue
        abilities = (await operator.get(f"locations/{login.location}"))["abilities"]
        if "ship" in abilities and "pickup" in abilities:
            break
    sku = shop.goods[HANDS]
    await shop.lies_alone(sku, login.location, ASIDE)
    return Hands(shop, login.code, login.location, sku)


async def open_job(page: Page, hands: Hands, work: dict[str, Any]) -> str:
    path = f"/store/{hands.store}/jobs/{work['id']}"
    await page.goto(path)
    return path


async def tap(page: Page, text: str) -> None:
    await page.locator(f"section:not([hidden]) button:has-text('{text}')").first.tap()


TAPS = "Object.keys(localStorage).filter((key) => key.startsWith('crosslane-tap:'))"


async def waiting(page: Page) -> int:
    """How many taps wait in the browser."""
    return await page.evaluate(f"{TAPS}.length")


async def all_sent(page: Page) -> None:
    await page.evaluate(
        """() => new Promise((done) => {
            const tap = (key) => key.startsWith('crosslane-tap:');
            const look = () =>
                Object.keys(localStorage).some(tap) ? setTimeout(look, 100) : done();
            look();
        })"""
    )


async def wedge(page: Page, code: str) -> None:
    """Scan as a wedge does: it types faster than a busy machine would pass keys on."""
    await page.evaluate(
        """(code) => [...code, 'Enter'].forEach((key) => document.body.dispatchEvent(
            new KeyboardEvent('keydown', {key, bubbles: true})))""",
        code,
    )


async def test_from_the_shelf_to_the_driver_in_five_taps(page_at: PageAt, hands: Hands):
    work = await hands.order()
    page = await page_at(360, who=hands.who, **PHONE)
    await page.goto(f"/store/{hands.store}/today")
    await page.get_by_text(work["order_number"]).tap()
    taps = 1
    for text in ("Accept", "Picked", "Packed", "Handed to the carrier"):
        await tap(page, text)
        taps += 1
    done = await hands.until(work, "shipped")
    assert taps <= 5
    await page.wait_for_url("**/today")
    (parcel,) = (await hands.until(done, "shipped"))["parcels"]
    assert parcel["handed_over_at"]


async def test_taps_wait_for_the_network_and_are_done_once(page_at: PageAt, hands: Hands):
    work = await hands.order(2)
    page = await page_at(360, who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await cut_off(page)
    for text in ("Accept", "Picked", "Packed", "Handed to the carrier"):
        await tap(page, text)
    assert await waiting(page) == 4
    await page.get_by_text("4 actions wait for the network").wait_for()
    await look(page, "store-offline-360-light")
    assert (await hands.until(work, "offered"))["lines"][0]["to_pick"] == 2
    await page.context.set_offline(False)
    await all_sent(page)
    done = await hands.until(work, "shipped")
    assert (len(done["parcels"]), done["lines"][0]["gone"]) == (1, 2)
    assert done["parcels"][0]["handed_over_at"]
    await page.locator("#taps").wait_for(state="hidden")


async def test_a_lost_answer_is_asked_for_again(page_at: PageAt, hands: Hands):
    work = await hands.order(2)
    page = await page_at(360, who=hands.who, **PLAIN)
    lost: list[str] = []

    async def lose_first(route: Route) -> None:
        if len(lost) < 1:
            answer = await route.fetch(max_redirects=0)
            lost.append(f"{answer.status} {route.request.post_data}")
            await route.abort()
        else:
            lost.append(str(route.request.post_data))
            await route.continue_()

    faults: Faults = page.faults  # type: ignore[attr-defined]
    faults.forgive("ERR_FAILED", "blocked by Playwright")
    await page.route("**/picks", lose_first)
    await open_job(page, hands, work)
    await tap(page, "Accept")
    await tap(page, "Picked")
    # The server did it, and the browser does not know.
    assert (await hands.until(work, "picked"))["lines"][0]["picked"] == 2
    await all_sent(page)
    first, second = lost
    assert first == f"303 {second}"
    await tap(page, "Packed")
    done = await hands.until(work, "shipped")
    assert (len(done["parcels"]), done["lines"][0]["gone"]) == (1, 2)


async def test_what_was_refused_is_told_and_stops_what_rests_on_it(page_at: PageAt, hands: Hands):
    work = await hands.order()
    page = await page_at(360, who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await cut_off(page)
    for text in ("Accept", "Picked", "Packed"):
        await tap(page, text)
    await hands.shop.client().send(
        f"orders/{work['order_id']}/cancellation", {"reason": "changed mind"}
    )
    await hands.until(work, "cancelled")
    await page.context.set_offline(False)
    told = page.locator(".taps-refused")
    await told.wait_for()
    assert await waiting(page) == 0
    text = await told.inner_text()
    assert work["order_number"] in text
    assert "2 later actions on it were not sent" in text
    await look(page, "store-refused-360-light")
    await told.get_by_text("Look").tap()
    await page.get_by_text("The order was cancelled").wait_for()
    await page.locator(".taps-refused button").tap()
    await page.locator("#taps").wait_for(state="hidden")


async def test_a_page_that_is_open_is_there_without_a_network(page_at: PageAt, hands: Hands):
    work = await hands.order()
    page = await page_at(360, "dark", who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await cut_off(page)
    await tap(page, "Accept")
    await page.reload()
    # The copy shows what was before the tap; the page goes on from there.
    await page.get_by_text("Take from the shelf").wait_for()
    assert await waiting(page) == 1
    await page.context.set_offline(False)
    await hands.until(work, "accepted")
    await all_sent(page)


async def test_taps_of_somebody_else_wait_for_that_person(page_at: PageAt, hands: Hands):
    work = await hands.order()
    page = await page_at(360, who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await page.evaluate(
        "localStorage.setItem('crosslane-tap:00000000000001.000000.x', JSON.stringify({"
        "path: '/store/X/picks', body: '', page: '/', label: 'Picked', person: 'staff:else'}))"
    )
    await page.get_by_text("of somebody else").wait_for()
    await tap(page, "Accept")
    await hands.until(work, "accepted")
    # The browser hears a moment later that its own is done; the other stays.
    await page.wait_for_function(f"{TAPS}.length === 1")
    assert await page.evaluate(f"{TAPS}[0]") == "crosslane-tap:00000000000001.000000.x"
    await page.evaluate("localStorage.clear()")


async def test_a_wedge_counts_what_it_scans(page_at: PageAt, hands: Hands):
    work = await hands.order(2)
    page = await page_at(360, who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await tap(page, "Accept")
    await page.get_by_text("Take from the shelf").wait_for()
    await wedge(page, hands.sku)
    await page.get_by_text("1/", exact=True).wait_for()
    await wedge(page, hands.sku)
    await page.locator(".shelf-done").wait_for()
    await wedge(page, "999999999999")
    await page.get_by_text("Not on this list").wait_for()


async def test_a_customer_signs(page_at: PageAt, hands: Hands):
    work = await hands.order(method="pickup", store=hands.store)
    page = await page_at(360, who=hands.who, **PHONE)
    await open_job(page, hands, work)
    await tap(page, "Accept")
    await tap(page, "Picked")
    await hands.until(work, "ready")
    await page.goto(f"/store/{hands.store}/pickups/{work['id']}")
    await page.get_by_text("No code? Let the customer sign").tap()
    pad = page.locator("[data-pad]")
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box
    await page.mouse.move(box["x"] + 20, box["y"] + 20)
    await page.mouse.down()
    for step in range(1, 10):
        await page.mouse.move(box["x"] + 20 + step * 20, box["y"] + 20 + (step % 3) * 15)
    await page.mouse.up()
    await look(page, "store-signing-360-light")
    await tap(page, "Hand out for the signature")
    await hands.until(work, "collected")
    await page.goto(f"/store/{hands.store}/pickups/{work['id']}")
    await page.get_by_text("Signed by").wait_for()


async def test_the_camera_reads_a_code(shop: Shop, hands: Hands, tmp_path: Path):
    # A film of one picture: the code of the article, as it is on a shelf.
    film = tmp_path / "film.mjpeg"
    drawn, picture = io.BytesIO(), Image.new("RGB", (640, 480), "white")
    segno.make_qr(hands.sku, error="m").save(drawn, kind="png", scale=10, border=4)
    picture.paste(Image.open(drawn), (150, 80))
    picture.save(film, "jpeg", quality=95)
    launch = chromium()
    launch["args"] += [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    work = await hands.order(1)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch)
        async with Looker(browser, shop, "camera") as looker:
            page = await looker.page_at(360, who=hands.who, **PHONE)
            loaded: list[str] = []
            page.on("request", lambda request: loaded.append(request.url))
            await open_job(page, hands, work)
            await tap(page, "Accept")
            await page.get_by_text("Take from the shelf").wait_for()
            assert not any("zxing" in url or "camera" in url for url in loaded)
            await page.get_by_label("Scan with the camera").tap()
            await page.locator(".shelf-done").wait_for()
            assert any("zxing" in url for url in loaded)
        await browser.close()


async def test_without_scripts(page_at: PageAt, hands: Hands):
    work = await hands.order()
    page = await page_at(360, scripts=False, who=hands.who)
    await open_job(page, hands, work)
    for text in ("Accept", "Picked", "Packed"):
        await page.locator(f"section:not([hidden]) button:has-text('{text}')").first.click()
    await hands.until(work, "shipped")
    await open_job(page, hands, work)
    await page.get_by_text("Handed to the carrier").click()
    assert page.url.endswith("/today")


@seen_at(360, "dark")
async def test_every_page(page_at: PageAt, hands: Hands, width: int, scheme: Scheme):
    work = await hands.order(3)
    collected = await hands.order(2, method="pickup", store=hands.store)
    page = await page_at(width, scheme, who=hands.who)
    base = f"/store/{hands.store}"
    for name, path in {
        "today": "today",
        "job": f"jobs/{work['id']}",
        "picking": "picking",
        "leaving": "leaving",
        "pickups": "pickups",
        "pickup": f"pickups/{collected['id']}",
        "arrivals": "arrivals",
        "returns": "returns",
        "stock": "stock?q=a",
        "article": f"stock/{hands.sku}",
    }.items():
        await page.goto(f"{base}/{path}")
        await look(page, f"store-{name}-{width}-{scheme}")
