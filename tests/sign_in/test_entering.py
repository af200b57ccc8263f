"""The way in and out as a browser goes it: pages, forms, the cookie, and where one is led on to."""

import secrets

import pytest

from crosslane.apps.sign_in.frame import own_path
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from tests.api import PASSWORD
from tests.sign_in.browsing import make_account, send, signed_in

FAILED = "E-mail address and password do not fit"


async def test_somebody_signs_in_is_led_to_the_office_and_signs_out(api):
    browser, answer = await signed_in(api, (await make_account(api))["email"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    home = await browser.get("/")
    assert (home.status_code, home.headers["location"]) == (303, "/office")
    assert (await browser.get("/sign-in")).headers["location"] == "/"
    out = await send(browser, "/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert (await browser.get("/")).headers["location"] == "/sign-in?next=/"
    assert (await send(browser, "/sign-out")).status_code == 303


async def test_an_associate_is_led_to_the_store(api):
    email = (await make_account(api, "associate", location_id=str(new_id())))["email"]
    browser, _ = await signed_in(api, email)
    assert (await browser.get("/")).headers["location"] == "/store"


async def test_what_does_not_fit_is_answered_alike(api):
    email = (await make_account(api))["email"]
    pages = []
    for typed in (email, "nobody@example.com", "no address"):
        browser, answer = await signed_in(api, typed, "wrong wrong wrong", next="/office/orders")
        assert (answer.status_code, FAILED in answer.text) == (422, True)
        assert 'value="/office/orders"' in answer.text
        assert not browser.cookies
        pages.append(len(answer.text) - len(typed))
    assert len(set(pages)) == 1


async def test_a_form_of_another_site_signs_nobody_in(api):
    email = (await make_account(api))["email"]
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        browser = api.client()
        fields = {"email": email, "password": PASSWORD}
        answer = await browser.post("/sign-in", data=fields, headers=headers)
        assert answer.status_code >= 400
        assert not browser.cookies


async def test_a_button_that_is_pressed_twice_signs_in_twice(api):
    email, wish = (await make_account(api))["email"], secrets.token_hex(8)
    for _ in range(2):
        browser, answer = await signed_in(api, email, _wish=wish)
        assert answer.status_code == 303
        assert (await browser.get("/")).headers["location"] == "/office"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/office/orders?state=open", "/office/orders?state=open"),
        ("", "/"),
        ("office", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/ö", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"),
        ("/sign-in?next=/", "/"),
        ("/sign-out", "/"),
    ],
)
def test_nobody_is_led_on_to_another_host(text, path):
    assert own_path(text) == path


async def test_after_signing_in_somebody_goes_on_to_the_page_that_was_wanted(api):
    email = (await make_account(api))["email"]
    for wanted, led in (("/office/orders?q=1", "/office/orders?q=1"), ("//evil.example", "/")):
        _, answer = await signed_in(api, email, next=wanted)
        assert answer.headers["location"] == led


async def test_known_and_unknown_addresses_run_the_same_statements(api, monkeypatch):
    known = (await make_account(api))["email"]
    gone = await make_account(api)
    change = {"active": False, "reason": "left"}
    address = f"/api/v1/accounts/{gone['id']}"
    await api.admin.patch(address, json=change, headers={"If-Match": '"v1"'})
    ran: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        real = getattr(Tx, name)

        async def noting(tx, sql, *values, _real=real, **named):
            ran.append(sql)
            return await _real(tx, sql, *values, **named)

        monkeypatch.setattr(Tx, name, noting)
    told = []
    for email in (known, gone["email"], "nobody@example.com"):
        ran.clear()
        browser, answer = await signed_in(api, email, "wrong wrong wrong")
        assert answer.status_code == 422
        told.append([sql for sql in ran if "platform_" in sql])
        await browser.aclose()
    assert told[0] == told[1] == told[2]
    assert len(told[0]) >= 3
