"""The way in, one's own account, people and the audit, as people go through them."""

import time

import pyotp
from playwright.async_api import expect

from tests.browser.conftest import PageAt
from tests.browser.looking import Scheme, look, seen_at
from tests.browser.shop import Shop


@seen_at(768, "dark")
async def test_people_and_the_audit(page_at: PageAt, width: int, scheme: Scheme):
    page = await page_at(width, scheme, who="ADMIN")
    for path in ("people", "people/invitations", "people/devices", "people/provider", "audit"):
        await page.goto(f"/office/{path}")
        await look(page, f"{path.replace('/', '-')}-{width}-{scheme}")
    await page.goto("/office/people")
    await page.locator(".cell-title a").first.click()
    await expect(page.get_by_text("When something is wrong")).to_be_visible()
    await look(page, f"person-{width}-{scheme}")
    for path in ("/me", "/switch/device"):
        await page.goto(path)
        await look(page, f"own{path.replace('/', '-')}-{width}-{scheme}")


@seen_at(360, "light")
async def test_somebody_is_invited_joins_and_signs_in_with_a_code_without_scripts(
    page_at: PageAt, shop: Shop, width: int, scheme: Scheme
):
    name = f"in-{width}-{scheme}"
    boss = await page_at(width, scheme, who="ADMIN")
    await boss.goto("/office/people/invitations")
    email = f"new-{width}-{scheme}@example.com"
    await boss.fill("#email", email)
    await boss.fill("#name", "Nina New")
    await boss.select_option("#role", "agent")
    await boss.get_by_role("button", name="Invite").click()
    link = await boss.input_value("#made-link")
    guest = await page_at(width, scheme, who="", scripts=False)
    await guest.goto(link.partition("/invitations")[1] + link.partition("/invitations")[2])
    await look(guest, f"{name}-invited")
    await guest.fill("#password", "a long sentence")
    await guest.get_by_role("button", name="Join").click()
    await look(guest, f"{name}-sign-in")

    async def signs_in() -> None:
        await guest.goto("/sign-in?next=/me")
        await guest.fill("#email", email)
        await guest.fill("#password", "a long sentence")
        await guest.get_by_role("button", name="Sign in").click()

    await signs_in()
    await expect(guest.locator("h1")).to_have_text("Your account")
    await guest.fill("#factor-present", "a long sentence")
    await guest.get_by_role("button", name="Set up").click()
    await look(guest, f"{name}-factor")
    secret = (await guest.locator("p.code").inner_text()).replace(" ", "")
    await guest.fill("#code", pyotp.TOTP(secret).now())
    await guest.get_by_role("button", name="Turn on").click()
    await expect(guest.locator("li.code")).to_have_count(10)
    await look(guest, f"{name}-codes")
    await guest.context.clear_cookies()
    await signs_in()
    await expect(guest.locator("h1")).to_have_text("Your code")
    await look(guest, f"{name}-code")
    # The code of the next step, because that of this one is used.
    await guest.fill("#code", pyotp.TOTP(secret).at(time.time() + 30))
    await guest.get_by_role("button", name="Go on").click()
    await expect(guest.locator("h1")).to_have_text("Your account")
