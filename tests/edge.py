"""Clients of a module's routes over HTTP, without a network, each with permissions of its own."""

import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache

import httpx
from litestar import Litestar

from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import KEY, Token, new_token
from crosslane.platform.web import Gate, Route, build_app

Client = Callable[..., httpx.AsyncClient]

_addresses = itertools.count(1)


@cache
def served(routes: tuple[Route, ...]) -> tuple[Litestar, Gate]:
    """Return the application of some routes, and its gate, which each test opens for itself."""
    gate = Gate(secret_key=b"test")
    return build_app(routes, gate), gate


@asynccontextmanager
async def clients(
    routes: Sequence[Route], database: Database, lanes: Lanes, tenant: str
) -> AsyncIterator[Client]:
    """Make clients of routes: call what is yielded with permissions and fields of the actor."""
    # An application is the same for every test; who may come in is not.
    app, gate = served(tuple(routes))
    found = await find_tenant(database, name=tenant)
    actors: dict[str, Actor] = {}

    async def identify(_: object, token: Token) -> Actor | None:
        return actors.get(str(token))

    gate.open(database, lanes, identify)
    # From an address of its own, because what was refused before counts against an address.
    address = (f"test{next(_addresses)}", 1)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=address)
    opened: list[httpx.AsyncClient] = []

    def client(*permissions: str, **who) -> httpx.AsyncClient:
        token = new_token(KEY, found.key_prefix)
        kind = who.pop("kind", "api_key")
        actors[str(token)] = Actor(kind, token.id, frozenset(permissions), **who)
        made = httpx.AsyncClient(
            transport=transport,
            base_url="http://shop.example/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        opened.append(made)
        return made

    yield client
    for each in opened:
        await each.aclose()


async def send(client: httpx.AsyncClient, path: str, body: object, key: str = "") -> httpx.Response:
    """Post a body under an idempotency key, a new one when none is given."""
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return await client.post(path, json=body, headers=headers)
