"""Signing in by an identity provider of other authors, in a process of its own."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.api import Api
from tests.interop.conftest import serving
from tests.sign_in.browsing import make_account, member, send

pytestmark = pytest.mark.interop

CLIENT, SECRET = "crosslane", "a secret with: signs%20of its own"


@pytest.fixture
async def provider(api: Api) -> AsyncIterator[int]:
    """The provider, which the tenant has set; yields its port."""
    back = f"https://{api.host}/sign-in/provider/answer"
    async with serving("provider.mjs", CLIENT, SECRET, back) as stranger:
        boss = await member(api, "admin")
        fields = {
            "name": "Their SSO",
            "issuer": f"http://127.0.0.1:{stranger.port}",
            "client_id": CLIENT,
            "secret": SECRET,
            "active": "on",
        }
        answer = await send(boss, "/office/people/provider", **fields)
        assert answer.status_code == 303, answer.text
        yield stranger.port


async def away(browser: httpx.AsyncClient, name: str, next: str = "/office/people") -> str:
    """Go to the provider and sign in there; return the address it leads back to."""
    left = await browser.get(f"/sign-in/provider?next={next}")
    address = left.headers["location"]
    async with httpx.AsyncClient(timeout=30) as outside:
        for _ in range(10):
            answer = await outside.get(address)
            while answer.status_code in (302, 303):
                address = str(answer.url.join(answer.headers["location"]))
                if "/sign-in/provider/answer" in address:
                    return address
                answer = await outside.get(address)
            [action] = re.findall(r'<form[^>]*action="([^"]+)"', answer.text)[:1]
            fields = dict(re.findall(r'name="(prompt)" value="([^"]+)"', answer.text))
            fields |= {"login": name, "password": "x"}
            sent = await outside.post(str(answer.url.join(action)), data=fields)
            address = str(sent.url.join(sent.headers["location"]))
    raise AssertionError("the provider leads nowhere")


async def come_back(browser: httpx.AsyncClient, address: str) -> httpx.Response:
    """Come back as a browser does: the page that is shown sends its form."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    page = await browser.get(address.partition(".example")[2])
    assert "data-go-on" in page.text, page.text
    return await send(browser, "/sign-in/provider/answer", **query)


async def test_somebody_signs_in_by_the_provider_and_is_known_by_its_subject(api, provider):
    name = (await make_account(api))["email"].partition("@")[0]
    browser = api.client()
    assert "Sign in with Their SSO" in (await browser.get("/sign-in")).text
    answer = await come_back(browser, await away(browser, name))
    assert (answer.status_code, answer.headers["location"]) == (303, "/office/people")
    assert (await browser.get("/")).headers["location"] == "/office"
    assert "By the identity provider" in (await browser.get("/me")).text


@pytest.mark.parametrize("name", ["nobody", "unsure"])
async def test_who_has_no_account_or_no_verified_address_stays_out(api, provider, name):
    if name == "unsure":
        name = "unsure" + (await make_account(api))["email"].partition("@")[0]
        body = {"email": f"{name}@example.com", "password": "a long sentence", "role": "agent"}
        await api.admin.post("/api/v1/accounts", json=body)
    browser = api.client()
    answer = await come_back(browser, await away(browser, name))
    assert answer.headers["location"].startswith("/sign-in?")
    assert (await browser.get("/")).headers["location"].startswith("/sign-in")


async def test_an_answer_is_good_once_and_only_for_who_left(api, provider):
    name = (await make_account(api))["email"].partition("@")[0]
    browser, other = api.client(), api.client()
    address = await away(browser, name)
    assert (await come_back(other, address)).headers["location"].startswith("/sign-in?")
    await away(other, name)
    assert (await come_back(other, address)).headers["location"].startswith("/sign-in?")
    assert (await come_back(browser, address)).headers["location"] == "/office/people"
    await send(browser, "/sign-out")
    assert (await come_back(browser, address)).headers["location"].startswith("/sign-in?")


async def test_a_wrong_secret_and_a_silent_provider_let_nobody_in(api, provider):
    name = (await make_account(api))["email"].partition("@")[0]
    boss, browser = await member(api, "admin"), api.client()
    issuer = f"http://127.0.0.1:{provider}"
    fields = {"name": "x", "issuer": issuer, "client_id": CLIENT, "secret": "wrong", "active": "on"}
    await send(boss, "/office/people/provider", **fields)
    answer = await come_back(browser, await away(browser, name))
    assert answer.headers["location"].startswith("/sign-in?")
    await send(boss, "/office/people/provider", **(fields | {"issuer": "http://127.0.0.1:9"}))
    left = await browser.get("/sign-in/provider")
    assert left.headers["location"].startswith("/sign-in?")
    assert "That did not work" in (await browser.get(left.headers["location"])).text


async def test_where_people_sign_in_leads_into_no_network_of_the_operators(api):
    boss = await member(api, "admin")
    for issuer in ("https://10.0.0.1", "http://login.example", "https://[::1]", "nothing"):
        fields = {"name": "x", "issuer": issuer, "client_id": CLIENT, "secret": SECRET}
        answer = await send(boss, "/office/people/provider", **fields)
        assert answer.status_code == 422, issuer
