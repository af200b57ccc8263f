"""The second factor: set up by its owner, asked for at the door, each code good once."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest

from crosslane.platform.auth import domain
from crosslane.platform.database import Database
from tests.api import PASSWORD, Api
from tests.sign_in.browsing import found, make_account, send, signed_in

MISFIT = "This code does not fit"


class Telephone:
    """An authenticator app that never shows a code twice, however fast a test is."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._shown = 0

    def code(self) -> str:
        """The code of this step, or of the next one, which a clock that is ahead would show."""
        self._shown = max(int(time.time()) // domain.CODE_STEP_SECONDS - 1, self._shown) + 1
        return pyotp.TOTP(self.secret).generate_otp(self._shown)


async def set_up(browser: httpx.AsyncClient) -> tuple[Telephone, list[str]]:
    """Set up a second factor; return the app and the recovery codes."""
    begun = await send(browser, "/me/second-factor", present=PASSWORD)
    assert begun.headers["location"] == "/me/second-factor", begun.text
    page = await browser.get("/me/second-factor")
    secret = found(r'class="code">([A-Z2-7 ]+)<', page).replace(" ", "")
    telephone = Telephone(secret)
    wrong = await send(browser, "/me/second-factor/confirmation", code="000000")
    assert wrong.status_code == 422
    on = await send(browser, "/me/second-factor/confirmation", code=telephone.code())
    codes = [part.partition("<")[0] for part in on.text.split('class="code">')[1:]]
    assert len(codes) == 10
    return telephone, codes


@pytest.fixture
async def guarded(api: Api) -> tuple[dict[str, Any], Telephone, list[str]]:
    """An account with a second factor."""
    account = await make_account(api)
    browser, _ = await signed_in(api, account["email"])
    telephone, codes = await set_up(browser)
    return account, telephone, codes


async def test_password_and_code_sign_in_and_the_page_that_was_wanted_follows(api, guarded):
    account, telephone, _ = guarded
    browser, answer = await signed_in(api, account["email"], next="/office/people")
    assert answer.headers["location"] == "/sign-in/code"
    assert (await browser.get("/")).headers["location"].startswith("/sign-in")
    wrong = await send(browser, "/sign-in/code", code="000000")
    assert (wrong.status_code, MISFIT in wrong.text) == (422, True)
    right = await send(browser, "/sign-in/code", code=telephone.code())
    assert (right.status_code, right.headers["location"]) == (303, "/office/people")
    assert (await browser.get("/")).headers["location"] == "/office"


async def test_a_code_is_good_once(api, guarded):
    account, telephone, _ = guarded
    code = telephone.code()
    for status in (303, 422):
        browser, _ = await signed_in(api, account["email"])
        assert (await send(browser, "/sign-in/code", code=code)).status_code == status


async def test_a_code_that_is_sent_twice_opens_one_session(api, guarded):
    account, telephone, _ = guarded
    browser, _ = await signed_in(api, account["email"])
    code = telephone.code()
    answers = [await send(browser, "/sign-in/code", code=code) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["set-cookie"] == answers[1].headers["set-cookie"]
    await send(browser, "/sign-out")
    assert (await send(browser, "/sign-in/code", code=code)).status_code == 422


async def test_a_recovery_code_is_good_once_and_new_ones_replace_it(api, guarded):
    account, _, codes = guarded
    browser, _ = await signed_in(api, account["email"])
    typed = codes[0].upper().replace("-", " ")
    assert (await send(browser, "/sign-in/code", code=typed)).status_code == 303
    assert "9 recovery codes are left." in (await browser.get("/me")).text
    other, _ = await signed_in(api, account["email"])
    assert (await send(other, "/sign-in/code", code=codes[0])).status_code == 422
    renewed = await send(browser, "/me/recovery-codes", present=PASSWORD)
    assert renewed.text.count('class="code"') == 10
    assert (await send(other, "/sign-in/code", code=codes[1])).status_code == 422


async def test_wrong_codes_lock_for_longer_each_time_while_the_password_stays_right(
    api, guarded, database: Database
):
    account, telephone, _ = guarded
    for _ in range(domain.CODE_FAILURES_MAX):
        # Each time from the beginning: a right password must not forget wrong codes.
        browser, _ = await signed_in(api, account["email"])
        await send(browser, "/sign-in/code", code="000000")
    code = telephone.code()
    assert (await send(browser, "/sign-in/code", code=code)).status_code == 422
    async with database.transaction(api.tenant) as tx:
        locked = "update platform_second_factor set locked_until = clock_timestamp()"
        await tx.execute(locked)
    assert (await send(browser, "/sign-in/code", code=code)).status_code == 303


async def test_half_way_is_nothing_to_be_let_in_by_and_ends_with_a_new_password(
    api, guarded, database: Database
):
    account, telephone, _ = guarded
    browser, answer = await signed_in(api, account["email"])
    half = answer.headers["set-cookie"].partition(";")[0]
    code = telephone.code()
    for cookie in (half[:-2] + "xx", "__Host-crosslane-half=nothing"):
        forger = api.client()
        headers = {"Cookie": cookie, "Origin": str(forger.base_url)}
        sent = {"_wish": "a", "code": code}
        answer = await forger.post("/sign-in/code", data=sent, headers=headers)
        assert answer.headers["location"] == "/sign-in"
    fresh = {"password": "another long sentence", "reason": "forgotten"}
    await api.admin.put(f"/api/v1/accounts/{account['id']}/password", json=fresh)
    assert (await send(browser, "/sign-in/code", code=code)).status_code == 422


async def test_programs_send_the_code_along(api, guarded):
    account, telephone, _ = guarded
    body = {"email": account["email"], "password": PASSWORD}
    asked = await api.client().post("/api/v1/sessions", json=body)
    assert (asked.status_code, asked.json()["code"]) == (401, "code-needed")
    right = await api.client().post("/api/v1/sessions", json=body | {"code": telephone.code()})
    assert right.status_code == 201


async def test_neither_secret_nor_codes_rest_readable(api, guarded, database: Database):
    _, telephone, codes = guarded
    async with database.transaction(api.tenant) as tx:
        for table in ("second_factor", "recovery_code", "audit", "idempotency"):
            rows = await tx.fetch(f"select t::text as text from platform_{table} t")  # noqa: S608
            told = " ".join(row["text"] for row in rows)
            assert telephone.secret not in told
            assert not any(code in told or code.replace("-", "") in told for code in codes)


async def test_it_is_turned_off_by_who_shows_the_password(api, guarded):
    account, telephone, _ = guarded
    browser, _ = await signed_in(api, account["email"])
    await send(browser, "/sign-in/code", code=telephone.code())
    wrong = await send(browser, "/me/second-factor/end", present="not the one at all")
    assert wrong.status_code == 422
    assert (await send(browser, "/me/second-factor/end", present=PASSWORD)).status_code == 303
    _, answer = await signed_in(api, account["email"])
    assert answer.headers["location"] == "/"


def test_a_code_fits_its_step_and_its_neighbors_and_none_that_was_used():
    secret, now = pyotp.random_base32(), datetime(2026, 1, 1, tzinfo=UTC)
    step = int(now.timestamp()) // domain.CODE_STEP_SECONDS
    for drift, fits in [(-2, False), (-1, True), (0, True), (1, True), (2, False)]:
        code = pyotp.TOTP(secret).generate_otp(step + drift)
        assert domain.fitting_step(secret, code, now, 0) == (step + drift if fits else None)
        assert domain.fitting_step(secret, code, now, step + drift) is None


def test_each_lock_is_twice_as_long_up_to_a_day():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    minutes = [domain.locked_for_codes(n, now) for n in (4, 5, 6, 10, 15, 500)]
    assert [until and (until - now) // timedelta(minutes=1) for until in minutes] == [
        None,
        15,
        None,
        30,
        60,
        24 * 60,
    ]
