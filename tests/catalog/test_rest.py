from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.edge import Client, clients, send

from crosslane.catalog import ROUTES
from crosslane.platform import audit
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.web import PUBLIC

CATEGORIES = {
    "categories": [
        {"code": "mugs", "name": "Mugs", "parent": "home"},
        {"code": "home", "name": "Home"},
    ]
}
MUG = {"sku": "MUG-1", "category": "mugs", "title": "Red mug", "gtin": "5012345678900"}
SET = {
    "sku": "SET-1",
    "category": "home",
    "title": "Tea for two",
    "components": [{"sku": "mug-1", "quantity": 2}],
}


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
async def client(client_of: Client) -> httpx.AsyncClient:
    client = client_of("catalog:read", "catalog:write")
    assert (await send(client, "categories", CATEGORIES)).status_code == 201
    return client


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def load(client: httpx.AsyncClient, *rows: dict, **more: Any) -> dict:
    answer = await send(client, "product-imports", {"rows": rows, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_products_are_imported_searched_and_shown(client: httpx.AsyncClient):
    rehearsed = await load(client, MUG, SET, dry_run=True)
    assert (rehearsed["created"], rehearsed["dry_run"]) == (2, True)
    assert (await read(client, "products"))["items"] == []
    assert (await load(client, MUG, SET))["created"] == 2
    listed = await read(client, "products", limit=1)
    then = await read(client, "products", limit=1, cursor=listed["next_cursor"])
    codes = [product["code"] for product in listed["items"] + then["items"]]
    assert (codes, then["next_cursor"]) == (["MUG-1", "SET-1"], None)
    for query, code in [("red", "MUG-1"), ("5012345678900", "MUG-1"), ("set", "SET-1")]:
        found = await read(client, "products", query=query)
        assert [product["code"] for product in found["items"]] == [code]
    variant = await read(client, "variants/mug-1")
    assert (variant["sku"], variant["title"], variant["category_path"]) == (
        "MUG-1",
        "Red mug",
        ["home", "mugs"],
    )
    pair = await client.get("variants", params=[("sku", "mug-1"), ("sku", "SET-1"), ("sku", "x")])
    assert sorted(each["sku"] for each in pair.json()) == ["MUG-1", "SET-1"]
    scanned = await read(client, "barcodes/5012345678900")
    assert (scanned["sku"], scanned["units"]) == ("MUG-1", 1)
    for path in ("products/x", "variants/x", "barcodes/x", "products/x/texts"):
        assert (await client.get(path)).status_code == 404


async def test_rows_that_cannot_be_are_told_one_by_one(client: httpx.AsyncClient):
    result = await load(client, MUG, {**MUG, "sku": "OTHER"}, {**SET, "category": "nowhere"})
    assert (result["created"], result["refused"]) == (1, 2)
    assert [(p["row"], p["pointer"], p["code"]) for p in result["problems"]] == [
        (1, "/rows/1/gtin", "barcode-taken"),
        (2, "/rows/2/category", "unknown-category"),
    ]
    malformed = await send(client, "product-imports", {"rows": [{**MUG, "weight_grams": "12g"}]})
    assert (malformed.status_code, malformed.json()["pointer"]) == (422, "/rows/0/weight_grams")
    assert (await send(client, "product-imports", {"rows": []})).status_code == 422


async def test_a_product_is_edited_at_the_version_that_was_read(client: httpx.AsyncClient):
    await load(client, MUG)
    shown = await client.get("products/mug-1")
    assert shown.headers["etag"] == '"v1"'
    body = {"rows": [{**MUG, "weight_grams": 400}]}
    edited = await client.patch("products/mug-1", json=body, headers={"If-Match": '"v1"'})
    assert (edited.status_code, edited.headers["etag"]) == (200, '"v2"')
    assert edited.json()["variants"][0]["weight_grams"] == 400
    stale = await client.patch("products/mug-1", json=body, headers={"If-Match": '"v1"'})
    assert (stale.status_code, stale.json()["details"]) == (412, {"present": 2, "given": 1})
    refused = await client.patch("products/mug-1", json={"rows": [{**MUG, "gtin": "1"}]})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/rows/0/gtin")


async def test_a_person_s_edit_is_in_the_audit_journal_with_before_and_after(
    client: httpx.AsyncClient, client_of: Client, database: Database, tenant: str
):
    await load(client, MUG)
    person = client_of("catalog:write", kind="staff")
    await person.patch("products/MUG-1", json={"rows": [{**MUG, "weight_grams": 400}]})
    async with database.transaction(tenant) as tx:
        [edit, *_] = await audit.list_entries(tx)
    assert (edit.action, edit.actor.partition(":")[0]) == ("catalog.edit_product", "staff")
    weights = [
        msgspec.json.decode(side)["variants"][0]["weight_grams"]
        for side in (edit.before, edit.after)
    ]
    assert weights == [0, 400]


async def test_texts_are_stored_shown_and_their_gaps_listed(client: httpx.AsyncClient):
    await load(client, MUG)
    text = {"owner": "variant", "code": "MUG-1", "field": "title", "text": "Becher", "locale": "de"}
    stored = await send(client, "texts", {"texts": [text]})
    assert (stored.status_code, stored.json()) == (200, {"owners_changed": 1})
    assert (await read(client, "variants/MUG-1", locale="de-AT"))["title"] == "Becher"
    assert (await read(client, "products/MUG-1", locale="de"))["title"] == "Becher"
    texts = (await read(client, "products/MUG-1/texts"))["texts"]
    assert [one["text"] for one in texts["MUG-1"]] == ["Becher", "Red mug"]
    gaps = await read(client, "text-gaps", locale="de")
    assert [gap["code"] for gap in gaps["items"]] == ["home", "mugs"]
    for locale in ("klingon", "xx-YY"):
        refused = await client.get("text-gaps", params={"locale": locale})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad-locale")


async def test_categories_are_listed_and_their_tree_kept_sound(client: httpx.AsyncClient):
    listed = await read(client, "categories")
    assert [(c["code"], c["parent"]) for c in listed["items"]] == [("home", None), ("mugs", "home")]
    circle = {"categories": [{"code": "home", "name": "Home", "parent": "mugs"}]}
    refused = await send(client, "categories", circle)
    assert (refused.status_code, refused.json()["code"]) == (422, "category-circle")
    await load(client, MUG)
    assert len((await read(client, "products", category="home"))["items"]) == 1
    assert (await client.get("products", params={"category": "x"})).status_code == 404


GUARDED = [route for route in ROUTES if route.permission != PUBLIC]


@pytest.mark.parametrize("path", sorted({f"{r.method} {r.path}" for r in GUARDED}))
async def test_nobody_comes_in_without_the_permission(client_of: Client, path: str):
    method, address = path.split()
    wanted, other = ("catalog:read", "catalog:write")
    if method != "GET":
        wanted, other = other, wanted
    for name in ("code", "sku", "barcode", "picture_id"):
        address = address.replace(f"{{{name}}}", "x")
    answer = await client_of(other, "orders:read").request(
        method,
        address.removeprefix("/api/v1/"),
        json=None if method == "GET" else {},
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 403
    assert wanted in answer.json()["detail"]
