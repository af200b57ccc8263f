"""Every operation × another tenant: its tokens open nothing, and its identifiers name nothing."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from crosslane.app import ROUTES
from crosslane.platform.database import Database
from crosslane.platform.web import PUBLIC, Route
from tests.api import Api, open_api
from tests.matrix.stores import Store, found_stores, read
from tests.orders.world import found_retailer
from tests.tenancy import Tenants

GUARDED = [route for route in ROUTES if route.permission != PUBLIC]
# What a path names by an identifier of ours; codes are each tenant's own words.
NAMED = {
    "order_id": "order",
    "order": "number",
    "work_id": "work",
    "cart_id": "cart",
    "hold_id": "hold",
    "position_id": "position",
    "location_id": "location",
    "customer_id": "customer",
    "receipt_id": "receipt",
    "payment_id": "payment",
    "key_id": "key",
    "account_id": "account",
}


@pytest.fixture(scope="module")
async def neighbor(
    app: Litestar, database: Database, tenants: Tenants
) -> AsyncIterator[tuple[Api, Store]]:
    """Another tenant that has everything."""
    name = await tenants.take()
    async with open_api(app, database, name) as api:
        store = (await found_stores(database, api))[0]
        order = await read(api.admin, f"orders/{store.own['order']}")
        store.own["customer"] = order["customer_id"]
        store.own["payment"] = order["money"]["tenders"][0]["payment_id"]
        receipts = await read(api.admin, f"sourcing-receipts?order_id={order['id']}")
        store.own["receipt"] = receipts["items"][0]["id"]
        store.own["location"] = store.location_id
        for what, path in (("key", "api-keys"), ("account", "accounts")):
            store.own[what] = (await read(api.admin, path))["items"][0]["id"]
        yield api, store
    await tenants.give_back(name)


def address(route: Route, store: Store) -> str | None:
    """The route's address with what the neighbor owns; None when it names nothing of it."""
    names = {name: store.own[NAMED[name]] for name in route.signature.path if name in NAMED}
    if not names:
        return None
    return route.path.format(**{**dict.fromkeys(route.signature.path, "1"), **names})


def body_of(route: Route, store: Store) -> Any:
    """The route's example, with the neighbor's identifiers wherever it has some."""
    if route.example is None or route.signature.body is bytes:
        return None
    return msgspec.to_builtins(route.example)


async def test_a_token_of_another_tenant_opens_nothing(api: Api, neighbor: tuple[Api, Store]):
    theirs, store = neighbor
    for token_of in (theirs.admin, store.associate):
        client = api.client(token_of.headers["Authorization"].removeprefix("Bearer "))
        for route in GUARDED:
            path = address(route, store) or route.path
            answer = await client.request(route.method, path.replace("{", "").replace("}", ""))
            # Whoever guesses tokens is soon told to wait; that opens nothing either. Browsers are
            # led to where people sign in.
            led_out = answer.headers.get("location", "").startswith("/sign-in")
            assert answer.status_code in (401, 429) or led_out, (route.name, answer.text)


async def test_an_identifier_of_another_tenant_names_nothing(
    database: Database, api: Api, neighbor: tuple[Api, Store]
):
    await found_retailer(database, api.tenant)
    theirs, store = neighbor
    before = await read(theirs.admin, f"orders/{store.own['order']}")
    aimed = 0
    for route in GUARDED:
        path = address(route, store)
        if path is None:
            continue
        aimed += 1
        answer = await api.admin.request(route.method, path, json=body_of(route, store))
        assert answer.status_code < 500, (route.name, answer.text)
        if answer.is_success:
            untold = [one for one in store.own.values() if one not in path]
            assert not any(one in answer.text for one in untold), (route.name, answer.text)
        if route.method != "GET":
            assert not answer.is_success or route.name in HARMLESS, (route.name, answer.text)
    assert aimed > 30
    assert await read(theirs.admin, f"orders/{store.own['order']}") == before


# Ending the sessions of nobody succeeds.
HARMLESS = {"auth.end_sessions"}
