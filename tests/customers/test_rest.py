from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from tests.edge import Client, clients, send

from crosslane.customers import EXPORTERS, ROUTES
from crosslane.platform import audit, personal
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes

TRADE = {
    "kind": "organization",
    "name": "Example Ltd",
    "account_number": "12347",
    "email": "Buyer@Example.com",
    "group": "trade",
    "payment_terms_days": 30,
}
HOME = {
    "country": "gb",
    "lines": ["12 High Street"],
    "city": "Leeds",
    "postcode": "ls14dy",
    "name": "Ann Example",
}


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of("customers:*")


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def register(client: httpx.AsyncClient, **changes: Any) -> dict:
    answer = await send(client, "customers", {**TRADE, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_customers_are_registered_found_and_changed(client: httpx.AsyncClient):
    made = await register(client)
    for query in ("12347", "buyer@example.COM", "example"):
        found = await read(client, "customers", query=query)
        assert [one["id"] for one in found["items"]] == [made["id"]]
    shown = await client.get(f"customers/{made['id']}")
    assert (shown.json(), shown.headers["etag"]) == (made, '"v1"')
    change = {"name": "Example & Sons", "group": "trade", "payment_terms_days": 14}
    path = f"customers/{made['id']}"
    changed = await client.patch(path, json=change, headers={"If-Match": '"v1"'})
    assert (changed.status_code, changed.json()["payment_terms_days"]) == (200, 14)
    stale = await client.patch(path, json=change, headers={"If-Match": '"v1"'})
    assert stale.status_code == 412
    taken = await send(client, "customers", {**TRADE, "account_number": "9"})
    assert (taken.status_code, taken.json()["pointer"]) == (409, "/email")
    assert (await client.get(f"customers/{uuid4()}")).status_code == 404


async def test_identities_come_and_go(client: httpx.AsyncClient):
    path = f"customers/{(await register(client))['id']}/identities"
    phone = {"kind": "phone", "value": "020 7946 0958", "country": "GB"}
    more = (await send(client, path, phone)).json()
    assert {"kind": "phone", "value": "+442079460958", "channel": ""} in more["identities"]
    gone = {"kind": "phone", "value": "+442079460958"}
    less = await client.delete(path, params=gone)
    assert (less.status_code, len(less.json()["identities"])) == (200, 2)
    assert (await client.delete(path, params=gone)).status_code == 404
    refused = await send(client, path, {**phone, "value": "12"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-phone")


async def test_addresses_are_checked_kept_and_removed(client: httpx.AsyncClient):
    checked = await send(client, "address-checks", HOME)
    assert checked.json()["address"]["postcode"] == "LS1 4DY"
    assert checked.json()["label"][-1] == "UNITED KINGDOM"
    book = f"customers/{(await register(client))['id']}/addresses"
    saved = await client.put(f"{book}/home", json={"address": HOME})
    assert (saved.status_code, saved.json()["is_default"]) == (200, True)
    assert [entry["label"] for entry in await read(client, book)] == ["home"]
    bad = await client.put(f"{book}/home", json={"address": {**HOME, "postcode": "nowhere"}})
    assert (bad.status_code, bad.json()["pointer"]) == (422, "/address/postcode")
    assert "nowhere" not in bad.text
    assert (await client.delete(f"{book}/home")).status_code == 204
    assert (await client.delete(f"{book}/home")).status_code == 404


async def test_customers_are_merged_and_consent_is_recorded(client: httpx.AsyncClient):
    kept = await register(client)
    twin = await register(client, account_number="9", email="other@example.com")
    consents = f"customers/{twin['id']}/consents"
    said = {"purpose": "newsletter", "granted": True, "proof": "form 3"}
    assert (await send(client, consents, said)).status_code == 201
    merge = {"kept_id": kept["id"], "merged_id": twin["id"], "reason": "one company"}
    merged = await send(client, "customer-merges", merge)
    assert (merged.status_code, len(merged.json()["identities"])) == (201, 4)
    assert (await read(client, f"customers/{twin['id']}"))["id"] == kept["id"]
    assert [c["proof"] for c in await read(client, f"customers/{kept['id']}/consents")] == [
        "form 3"
    ]


async def test_a_person_s_edit_is_in_the_audit_journal_with_before_and_after(
    client: httpx.AsyncClient, client_of: Client, database: Database, tenant: str
):
    made = await register(client)
    person = client_of("customers:write", kind="staff")
    await person.patch(f"customers/{made['id']}", json={"name": "New Name"})
    async with database.transaction(tenant) as tx:
        [edit] = await audit.list_entries(tx, subject=f"customer:{made['id']}")
    sides = [msgspec.json.decode(side)["name"] for side in (edit.before, edit.after)]
    assert sides == ["Example Ltd", "New Name"]


async def test_what_is_known_is_exported(client: httpx.AsyncClient):
    made = await register(client)
    await client.put(f"customers/{made['id']}/addresses/home", json={"address": HOME})
    before = personal.registered()
    personal.register([], [], EXPORTERS)
    try:
        sections = (await read(client, f"customers/{made['id']}/export"))["sections"]
    finally:
        personal.register(*before)
    assert [one["id"] for one in sections["customers"]] == [made["id"]]
    assert len(sections["addresses"]) == 1


async def test_a_customer_sees_and_changes_itself_only(
    client: httpx.AsyncClient, client_of: Client
):
    ann = await register(client)
    bob = await register(client, account_number="9", email="bob@example.com")
    own = client_of("customers:*", kind="customer", customer_id=UUID(bob["id"]))
    assert [one["id"] for one in (await read(own, "customers"))["items"]] == [bob["id"]]
    assert (await read(own, f"customers/{bob['id']}"))["id"] == bob["id"]
    theirs = f"customers/{ann['id']}"
    identity = {"kind": "email", "value": "x@example.com"}
    consent = {"purpose": "news", "granted": True, "proof": "form"}
    merge = {"kept_id": bob["id"], "merged_id": ann["id"], "reason": "mine"}
    for answer in (
        await own.get(theirs),
        await own.get(f"{theirs}/addresses"),
        await own.get(f"{theirs}/consents"),
        await own.get(f"{theirs}/export"),
        await own.patch(theirs, json={"name": "Mine"}),
        await send(own, f"{theirs}/identities", identity),
        await own.delete(f"{theirs}/identities", params={"kind": "email", "value": "x@x.com"}),
        await own.put(f"{theirs}/addresses/home", json={"address": HOME}),
        await own.delete(f"{theirs}/addresses/home"),
        await send(own, f"{theirs}/consents", consent),
        await send(own, "customer-merges", merge),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-customer")
    assert await read(client, theirs) == ann


@pytest.mark.parametrize("path", sorted({f"{r.method} {r.path}" for r in ROUTES}))
async def test_nobody_comes_in_without_the_permission(client_of: Client, path: str):
    method, address = path.split()
    [wanted] = {r.permission for r in ROUTES if f"{r.method} {r.path}" == path}
    others = {"customers:read", "customers:write"} - {wanted}
    address = address.replace("{customer_id}", str(uuid4())).replace("{label}", "x")
    answer = await client_of(*others, "orders:read").request(
        method,
        address.removeprefix("/api/v1/"),
        json={} if method in ("POST", "PUT", "PATCH") else None,
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 403
    assert wanted in answer.json()["detail"]
