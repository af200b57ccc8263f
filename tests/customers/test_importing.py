"""Customers in bulk: new ones, known ones, and rows that are told and left out."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from tests.edge import Client, clients, send

from crosslane.customers import ROUTES, CustomerRef, identify
from crosslane.platform import audit
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes

FIRM = {"kind": "organization", "name": "Example Ltd", "account_number": "1", "group": "trade"}
ANN = {"kind": "person", "name": "Ann  Example", "email": "Ann@Example.com"}


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of("customers:*")


async def imported(client: httpx.AsyncClient, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await send(client, "customer-imports", {"rows": rows, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    return told["created"], told["changed"], told["unchanged"], told["refused"]


async def shown(client: httpx.AsyncClient, customer_id: str) -> dict[str, Any]:
    return (await client.get(f"customers/{customer_id}")).json()


async def test_new_customers_are_made_and_the_same_rows_again_change_nothing(
    client: httpx.AsyncClient,
):
    tried = await imported(client, FIRM, ANN, dry_run=True)
    assert (counts(tried), tried["customer_ids"]) == ((2, 0, 0, 0), [None, None])
    assert (await client.get("customers")).json()["items"] == []
    made = await imported(client, FIRM, ANN)
    assert counts(made) == (2, 0, 0, 0)
    firm, ann = [await shown(client, one) for one in made["customer_ids"]]
    assert (firm["group"], ann["name"]) == ("trade", "Ann Example")
    again = await imported(client, FIRM, ANN)
    assert (counts(again), again["customer_ids"]) == ((0, 0, 2, 0), made["customer_ids"])
    assert (await shown(client, firm["id"]))["version"] == firm["version"]


async def test_known_customers_are_changed_and_known_by_more(
    client: httpx.AsyncClient, database: Database, tenant: str
):
    [known] = (await imported(client, FIRM))["customer_ids"]
    row = {**FIRM, "name": "Example & Sons", "payment_terms_days": 14, "email": "o@example.com"}
    tried = await imported(client, row, dry_run=True)
    assert (counts(tried), tried["customer_ids"]) == ((0, 1, 0, 0), [known])
    assert (await shown(client, known))["name"] == "Example Ltd"
    assert counts(await imported(client, row)) == (0, 1, 0, 0)
    now = await shown(client, known)
    assert (now["name"], now["payment_terms_days"], now["version"]) == ("Example & Sons", 14, 2)
    assert [one["kind"] for one in now["identities"]] == ["account_number", "email"]
    async with database.transaction(tenant) as tx:
        [edit] = await audit.list_entries(tx, subject=f"customer:{known}")
    names = [msgspec.json.decode(side)["name"] for side in (edit.before, edit.after)]
    assert names == ["Example Ltd", "Example & Sons"]


async def test_a_guest_who_is_imported_is_one_no_more(
    client: httpx.AsyncClient, database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        [guest] = await identify(tx, [CustomerRef(email="ann@example.com", name="Ann")])
    told = await imported(client, {**ANN, "kind": "organization"})
    assert (counts(told), told["customer_ids"]) == ((0, 1, 0, 0), [str(guest.id)])
    now = await shown(client, str(guest.id))
    assert (now["guest"], now["kind"], now["name"]) == (False, "organization", "Ann Example")


@pytest.mark.parametrize(
    ("row", "pointer", "code"),
    [
        ({**FIRM, "account_number": "2", "email": "ann@example.com"}, "/email", "identity-taken"),
        ({**FIRM, "name": "Once more"}, "/account_number", "identity-taken"),
        ({**ANN, "kind": "organization"}, "/kind", "other-kind-of-customer"),
        ({"kind": "person", "name": "N", "email": "no"}, "/email", "bad-email"),
        ({"kind": "person", "name": "Nobody"}, "", "identity-missing"),
        ({"kind": "person", "name": 7}, "/name", "row-invalid"),
        ({**FIRM, "account_number": "3", "shoe": 44}, "", "row-invalid"),
    ],
)
async def test_a_row_that_cannot_be_taken_is_told_and_the_others_are_saved(
    client: httpx.AsyncClient, row: dict[str, Any], pointer: str, code: str
):
    await imported(client, ANN)
    told = await imported(client, FIRM, row)
    assert counts(told) == (1, 0, 0, 1)
    [problem] = told["problems"]
    assert (problem["row"], problem["code"]) == (1, code)
    assert problem["pointer"] == f"/rows/1{pointer}"
    assert told["customer_ids"][1] is None


async def test_two_rows_of_one_customer_are_one_too_many(client: httpx.AsyncClient):
    [known] = (await imported(client, {**FIRM, "email": "o@example.com"}))["customer_ids"]
    by_email = {"kind": "organization", "name": "Other", "email": "o@example.com"}
    told = await imported(client, FIRM, by_email)
    assert (counts(told), told["problems"][0]["code"]) == ((0, 0, 1, 1), "identity-taken")
    assert (await shown(client, known))["name"] == "Example Ltd"


async def test_a_customer_changes_nobody_else(client: httpx.AsyncClient, client_of: Client):
    firm, ann = (await imported(client, FIRM, ANN))["customer_ids"]
    own = client_of("customers:write", customer_id=UUID(ann))
    told = await imported(own, {**FIRM, "name": "Mine"}, {**ANN, "name": "Anna"})
    assert counts(told) == (0, 1, 0, 1)
    assert (await shown(client, firm))["name"] == "Example Ltd"
    assert (await shown(client, ann))["name"] == "Anna"


async def test_a_merged_customer_is_changed_as_the_one_it_became(client: httpx.AsyncClient):
    firm, twin = (await imported(client, FIRM, {**FIRM, "account_number": "2"}))["customer_ids"]
    merge = {"kept_id": firm, "merged_id": twin, "reason": "one company"}
    assert (await send(client, "customer-merges", merge)).status_code == 201
    told = await imported(client, {**FIRM, "account_number": "2", "name": "One"})
    assert (counts(told), told["customer_ids"]) == ((0, 1, 0, 0), [firm])
