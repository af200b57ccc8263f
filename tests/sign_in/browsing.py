"""What tests of the way in share: somebody at a browser, who sends forms as pages do."""

import re
import secrets
from typing import Any

import httpx

from tests.api import PASSWORD, Api


async def make_account(api: Api, role: str = "agent", **more: Any) -> dict[str, Any]:
    """Make an account with a password of PASSWORD."""
    email = f"{secrets.token_hex(6)}@example.com"
    body = {"email": email, "password": PASSWORD, "role": role} | more
    answer = await api.admin.post("/api/v1/accounts", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def send(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page of ours."""
    fields.setdefault("_wish", secrets.token_hex(8))
    return await browser.post(path, data=fields, headers={"Origin": str(browser.base_url)})


async def signed_in(
    api: Api, email: str, password: str = PASSWORD, **more: str
) -> tuple[httpx.AsyncClient, httpx.Response]:
    """Open a browser and sign in with it; return it with the answer."""
    browser = api.client()
    answer = await send(browser, "/sign-in", email=email, password=password, **more)
    return browser, answer


async def member(api: Api, role: str = "agent", **more: Any) -> httpx.AsyncClient:
    """Open a browser in which a new account is signed in."""
    account = await make_account(api, role, **more)
    browser, answer = await signed_in(api, account["email"])
    assert answer.status_code == 303, answer.text
    return browser


def found(pattern: str, answer: httpx.Response) -> str:
    """Return what a page says at a place."""
    match = re.search(pattern, answer.text)
    assert match, answer.text
    return match[1]
