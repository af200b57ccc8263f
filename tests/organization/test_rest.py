from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from tests.edge import Client, clients, send

from crosslane.organization import ROUTES, PolicyKind, register_policies
from crosslane.platform import audit
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes

ENTITY = {"code": "mf", "name": "Marlow & Finch Ltd", "country": "gb", "book_currency": "GBP"}
MARKET = {
    "code": "gb",
    "name": "Britain",
    "country": "GB",
    "currency": "GBP",
    "locales": ["en-GB"],
    "tax_mode": "inclusive",
    "timezone": "Europe/London",
}
CHANNEL = {
    "code": "web",
    "name": "Web",
    "type": "web",
    "brand": "marlow",
    "market": "gb",
    "entity": "mf",
}


class Cushion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: int


register_policies([PolicyKind("test.rest_cushion", Cushion, Cushion(0))])


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of("*")


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def organization(client: httpx.AsyncClient) -> None:
    for path, body in [
        ("legal-entities", ENTITY),
        ("brands", {"code": "marlow", "name": "Marlow"}),
        ("markets", MARKET),
        ("channels", CHANNEL),
    ]:
        made = await send(client, path, body)
        assert made.status_code == 201, made.text


async def test_an_organization_is_set_up_listed_and_shown(client: httpx.AsyncClient):
    await organization(client)
    entity = await read(client, "legal-entities/mf")
    assert (entity["country"], entity["invoice_prefix"]) == ("GB", "INV-")
    channel = await read(client, "channels/web")
    assert (channel["currency"], channel["locale"], channel["default_method"]) == (
        "GBP",
        "en-GB",
        "ship",
    )
    assert (await read(client, "markets/gb"))["timezone"] == "Europe/London"
    for path in ("legal-entities", "brands", "markets", "channels"):
        listed = await read(client, path)
        assert len(listed["items"]) == 1
        assert listed["next_cursor"] is None
    for path in ("legal-entities/x", "markets/x", "channels/x"):
        assert (await client.get(path)).status_code == 404


async def test_lists_go_on_where_the_last_page_ended(client: httpx.AsyncClient):
    for code in ("c", "a", "b"):
        await send(client, "brands", {"code": code, "name": code})
    first = await read(client, "brands", limit=2)
    then = await read(client, "brands", limit=2, cursor=first["next_cursor"])
    assert [brand["code"] for brand in first["items"] + then["items"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "pointer"),
    [
        ("brands", {"code": "a b", "name": "x"}, 422, "bad-code", "/code"),
        ("brands", {"code": "a", "name": ""}, 422, "invalid-field", "/name"),
        ("legal-entities", {**ENTITY, "country": "UK"}, 422, "bad-country", "/country"),
        (
            "legal-entities",
            {**ENTITY, "vat_numbers": [{"country": "GB", "number": "1"}]},
            422,
            "bad-vat-number",
            "/vat_numbers/0/number",
        ),
        ("channels", {**CHANNEL, "brand": "nobody"}, 404, "unknown-brand", "/brand"),
        ("markets", {**MARKET, "locales": []}, 422, "locale-missing", "/locales"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_pointer(
    client: httpx.AsyncClient, path, body, status, code, pointer
):
    await organization(client)
    refused = await send(client, path, body)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["pointer"]) == (status, code, pointer)


async def test_a_person_s_edit_is_in_the_audit_journal_with_before_and_after(
    client_of: Client, database: Database, tenant: str
):
    person = client_of("*", kind="staff")
    for name in ("Marlow", "Marlow & Co"):
        await send(person, "brands", {"code": "marlow", "name": name})
    async with database.transaction(tenant) as tx:
        latest, first = await audit.list_entries(tx, subject="brand:marlow")
    assert msgspec.json.decode(first.before) is None
    assert msgspec.json.decode(latest.before)["name"] == "Marlow"
    assert msgspec.json.decode(latest.after)["name"] == "Marlow & Co"
    assert latest.actor.startswith("staff:")


async def test_staff_are_listed_and_an_associate_sees_its_own_location(client_of: Client):
    here, there = str(uuid4()), str(uuid4())
    client = client_of("*")
    members = [
        {"code": "E1", "name": "Ed", "roles": ["associate"], "location_id": here},
        {"code": "E2", "name": "Edna", "roles": ["manager"], "location_id": there},
        {"code": "E3", "name": "Edie", "roles": [], "active": False},
    ]
    made = await send(client, "staff-members", {"members": members})
    assert [member["code"] for member in made.json()] == ["E1", "E2", "E3"]
    assert [m["code"] for m in (await read(client, "staff-members"))["items"]] == ["E1", "E2"]
    everybody = await read(client, "staff-members", inactive="true")
    assert len(everybody["items"]) == 3
    associate = client_of("organization:read", location_id=UUID(here))
    seen = await read(associate, "staff-members", location_id=there)
    assert [member["code"] for member in seen["items"]] == ["E1"]
    assert (await associate.get("staff-members/E2")).status_code == 404
    assert (await read(associate, "staff-members/E1"))["name"] == "Ed"


async def test_two_people_share_no_account(client: httpx.AsyncClient):
    account = str(uuid4())
    members = [
        {"code": code, "name": code, "roles": [], "account_id": account} for code in ("E1", "E2")
    ]
    refused = await send(client, "staff-members", {"members": members})
    assert (refused.status_code, refused.json()["pointer"]) == (409, "/members/1/account_id")
    assert (await send(client, "staff-members", {"members": members[:1]})).status_code == 201
    assert (await send(client, "staff-members", {"members": members[1:]})).status_code == 409
    assert (await send(client, "staff-members", {"members": members[:1]})).status_code == 201


async def test_policies_are_decided_explained_undone_and_told(client: httpx.AsyncClient):
    await organization(client)
    kinds = await read(client, "policy-kinds")
    mine = next(kind for kind in kinds["items"] if kind["name"] == "test.rest_cushion")
    assert mine["default"] == {"units": 0}
    assert "units" in str(mine["schema"])
    wish = {
        "kind": "test.rest_cushion",
        "value": {"units": 5},
        "reason": "Busy season",
        "scope": {"type": "channel", "code": "web"},
    }
    made = (await send(client, "policies", wish, key="one")).json()
    again = await send(client, "policies", wish, key="one")
    assert again.json() == made
    assert again.headers["Idempotency-Replayed"] == "true"
    held = await read(client, "policies/in-force", kind="test.rest_cushion", channel="web")
    assert (held["value"], held["version_id"]) == ({"units": 5}, made["id"])
    assert [one["scope"]["type"] for one in held["asked"]] == ["channel", "brand", "tenant"]
    wide = await read(client, "policies/in-force", kind="test.rest_cushion", category="a/b")
    assert (wide["value"], wide["version_id"]) == ({"units": 0}, None)
    undone = await send(client, f"policies/{made['id']}/undo", {"reason": "No longer"})
    assert (undone.json()["undoes"], undone.json()["value"]) == (made["id"], None)
    replayed = await send(client, "policies", {**wish, "value": None}, key="two")
    assert replayed.json()["value"] is None
    assert (await send(client, "policies", {**wish, "value": None}, key="two")).json()[
        "value"
    ] is None
    history = await read(client, "policies", kind="test.rest_cushion", limit=2)
    older = await read(client, "policies", limit=2, cursor=history["next_cursor"])
    numbers = [version["no"] for version in history["items"] + older["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    twice = await send(client, f"policies/{made['id']}/undo", {"reason": "Again"})
    assert (twice.status_code, twice.json()["code"]) == (409, "policy-superseded")


@pytest.mark.parametrize("path", sorted({f"{r.method} {r.path}" for r in ROUTES}))
async def test_nobody_comes_in_without_the_permission(client_of: Client, path: str):
    method, address = path.split()
    wanted = "organization:read" if method == "GET" else "organization:write"
    other = "organization:write" if method == "GET" else "organization:read"
    address = address.replace("{code}", "x").replace("{version_id}", str(uuid4()))
    stranger = client_of(other, "catalog:read")
    answer = await stranger.request(
        method,
        address.removeprefix("/api/v1/"),
        json={} if method == "POST" else None,
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 403
    assert wanted in answer.json()["detail"]
