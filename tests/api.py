"""Fixtures: the whole application as it is composed, spoken to over HTTP by callers of any role."""

import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import Any

import httpx
import pytest
from litestar import Litestar

from crosslane import app as composition
from crosslane.platform import auth
from crosslane.platform.database import Database
from crosslane.platform.settings import read_settings

PASSWORD = "a long sentence"

_numbers = itertools.count(1)


class Api:
    """One tenant of the running application.

    Attributes:
        tenant: its name.
        host: the host name that is its own.
        admin: a client that may do everything. As every client here, it sends an Idempotency-Key of
            its own with each POST that has none.
    """

    def __init__(self, app: Litestar, tenant: str, admin_key: str) -> None:
        self.tenant = tenant
        self.host = f"{tenant}.example"
        # An address of its own, because wrong tokens count against their address and the
        # application outlives the test.
        self._transport = httpx.ASGITransport(
            app=app, raise_app_exceptions=False, client=(_new_address(), 1)
        )
        self._opened: list[httpx.AsyncClient] = []
        self.admin = self.client(admin_key)

    def client(self, token: str = "") -> httpx.AsyncClient:
        """A client that shows a token, or none."""
        client = httpx.AsyncClient(
            transport=self._transport,
            base_url=f"https://{self.host}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            event_hooks={"request": [_give_key]},
            timeout=30,
        )
        self._opened.append(client)
        return client

    async def key(
        self, scopes: Sequence[str], *, role: str = "integrator", location_id: Any = None
    ) -> httpx.AsyncClient:
        """A client with an API key of its own."""
        body = {"name": "test", "scopes": list(scopes), "role": role}
        if location_id:
            body["location_id"] = str(location_id)
        answer = await self.admin.post("/api/v1/api-keys", json=body)
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["secret"])

    async def staff(self, role: str, *, location_id: Any = None) -> httpx.AsyncClient:
        """A client signed in as a new member of staff with this role."""
        body = {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD, "role": role}
        if location_id:
            body["location_id"] = str(location_id)
        made = await self.admin.post("/api/v1/accounts", json=body)
        assert made.status_code == 201, made.text
        credentials = {"email": body["email"], "password": PASSWORD}
        answer = await self.client().post("/api/v1/sessions", json=credentials)
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["token"])

    async def close(self) -> None:
        """Close every client that was handed out."""
        for client in self._opened:
            await client.aclose()


def _new_address() -> str:
    return str(IPv4Address("10.0.0.0") + next(_numbers))


async def _give_key(request: httpx.Request) -> None:
    if request.method == "POST":
        request.headers.setdefault("Idempotency-Key", secrets.token_hex(8))


@pytest.fixture(scope="session")
async def app(
    postgres_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Litestar]:
    """The application, opened for the whole run."""
    del database  # migrated by its fixture
    home = tmp_path_factory.mktemp("home")
    environment = {
        "DATABASE_URL": postgres_url,
        "CROSSLANE_HOME": str(home),
        "CROSSLANE_OUTBOUND_ALLOW": "127.0.0.1",
    }
    app = composition.create_app(read_settings(environment))
    async with app.lifespan():
        yield app


@asynccontextmanager
async def open_api(app: Litestar, database: Database, tenant: str) -> AsyncIterator[Api]:
    """Give a tenant a host of its own and a key that may do everything."""
    async with database.connection() as connection:
        await connection.execute(
            "update control.tenant set host_names = array[$2] where name = $1",
            tenant,
            f"{tenant}.example",
        )
    async with database.transaction(tenant) as tx:
        admin_key = await auth.bootstrap(tx)
    api = Api(app, tenant, admin_key)
    yield api
    await api.close()


@pytest.fixture
async def api(app: Litestar, database: Database, tenant: str) -> AsyncIterator[Api]:
    """A fresh tenant of the application."""
    async with open_api(app, database, tenant) as api:
        yield api
