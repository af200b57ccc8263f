"""Taking turns on a shared device of a store."""

from playwright.async_api import Page, expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop

PIN = "2580"


async def sign_in(page: Page, shop: Shop, who: str) -> None:
    """Sign in by password, because whoever takes over ends the session before."""
    login = shop.world.logins[who]
    await page.goto("/sign-in")
    await page.get_by_label("E-mail address").fill(login.email)
    await page.get_by_label("Password").fill(login.password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/office")


async def whoever(page: Page) -> str:
    """The account of who is signed in, as the API tells the browser."""
    told = await page.evaluate("fetch('/api/v1/me').then((answer) => answer.json())")
    return str(told["id"])


@seen_at(360, "light")
async def test_an_associate_takes_over_by_pin(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    associate = shop.world.logins[shop.associate]
    named = (await shop.client().get(f"staff-members/{associate.code}"))["name"]
    ids = {
        code: (await shop.client(shop.world.logins[code].token).get("me"))["id"]
        for code in ("MANAGER1", associate.code)
    }
    own = await page_at(360, scheme, who=shop.associate, looks=False)
    await own.goto("/me")
    card = own.locator("#pin-card")
    await card.get_by_label("Present password").fill(associate.password)
    await card.get_by_label("New PIN").fill(PIN)
    await card.get_by_role("button", name="the PIN").click()
    await expect(own.locator(".toast")).to_have_text("Your PIN is changed.")

    till = await page_at(width, scheme, who="")
    name = f"switch-{width}-{scheme}"
    await sign_in(till, shop, "MANAGER1")
    await till.goto("/switch/device")
    store = await shop.client().get(f"locations/{shop.store}")
    await till.get_by_label("Store").select_option(store["id"])
    await till.get_by_label("What you call this device").fill("Till 2")
    await till.get_by_role("button", name="Share this device").click()
    await expect(till.locator(".notice-good")).to_contain_text("Till 2")
    await look(till, f"{name}-shared")
    await till.get_by_role("link", name="See who may take over").click()
    await look(till, f"{name}-people")
    await till.get_by_role("link", name=named).click()
    await expect(till.get_by_label("PIN")).to_be_focused()
    await till.get_by_label("PIN").fill("9517")
    await till.get_by_role("button", name="Take over").click()
    await expect(till.get_by_role("alert")).to_contain_text("This PIN does not fit")
    await look(till, f"{name}-refused")
    assert await whoever(till) == ids["MANAGER1"]
    await till.get_by_label("PIN").fill(PIN)
    await till.get_by_role("button", name="Take over").click()
    await till.wait_for_url("**/store/**")
    assert await whoever(till) == ids[associate.code]
    # Where the associate leaves, the next one begins.
    await till.locator(".topbar summary").click()
    await till.get_by_role("button", name="Sign out").click()
    await till.wait_for_url("**/switch")
