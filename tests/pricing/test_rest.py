"""Pricing over HTTP: bulk import, terms, quotes, explanations, and who may do what."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import httpx
import pytest
from tests.edge import served
from tests.pricing.world import open_shop

from crosslane.catalog import (
    ComponentRow,
    ImportProducts,
    ProductRow,
    PutCategories,
    PutCategory,
    import_products,
    put_categories,
)
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.seals import use_secret
from crosslane.platform.tenants import find_tenant
from crosslane.platform.tokens import KEY, Token, new_token
from crosslane.pricing import ROUTES
from crosslane.pricing.rest.prices import GATHERING

EVERYTHING = frozenset({"pricing:read", "pricing:write", "pricing:override"})
PRODUCTS = (
    ProductRow("MUG", "mugs"),
    ProductRow("BOOK", "books", tax_class="zero"),
    ProductRow("CUP", "mugs"),
    ProductRow("SET", "mugs", components=(ComponentRow("MUG", 2, 3), ComponentRow("CUP", 1, 1))),
)
GB_CART = {"channel": "web", "country": "GB"}

Client = Callable[..., httpx.AsyncClient]

use_secret(b"a secret of the tests alone")


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    """Clients of a shop with four products and no prices yet, by what they may do."""
    async with database.transaction(tenant) as tx:
        await open_shop(tx)
        categories = [PutCategory(each, each) for each in ("mugs", "books")]
        await put_categories(tx, PutCategories(tuple(categories)))
        await import_products(tx, ImportProducts(PRODUCTS))
    found = await find_tenant(database, name=tenant)
    actors: dict[str, Actor] = {}

    async def identify(_: object, token: Token) -> Actor | None:
        return actors.get(str(token))

    app, gate = served(tuple(ROUTES))
    gate.open(database, lanes, identify)
    clients: list[httpx.AsyncClient] = []

    def client(permissions: frozenset[str] = EVERYTHING, **who) -> httpx.AsyncClient:
        token = new_token(KEY, found.key_prefix)
        actors[str(token)] = Actor("api_key", token.id, permissions, **who)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"}
        opened = httpx.AsyncClient(
            transport=transport, base_url="http://shop.example", headers=headers, timeout=60
        )
        clients.append(opened)
        return opened

    yield client
    for each in clients:
        await each.aclose()


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of()


async def send(client: httpx.AsyncClient, path: str, body: dict) -> httpx.Response:
    return await client.post(
        f"/api/v1/{path}", json=body, headers={"Idempotency-Key": secrets.token_hex(8)}
    )


async def add_prices(client: httpx.AsyncClient, **milli: int) -> dict:
    rows = [{"sku": sku, "unit_price_milli": price} for sku, price in milli.items()]
    body = {"price_list": "retail", "valid_from": "2010-12-01T00:00:00Z", "rows": rows}
    answer = await send(client, "price-imports", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_bulk_import_stores_what_it_can_and_tells_the_rest(client):
    rows = [
        {"sku": "MUG", "unit_price_milli": 2_000_000},
        {"sku": "mug", "unit_price_milli": 1_900_000, "quantity_min": 10},
        {"sku": "NONE", "unit_price_milli": 1},
        {"sku": "CUP", "unit_price_milli": -1},
        {"sku": "CUP", "unit_price_milli": 5, "quantity_min": 0},
        {"sku": "Mug", "unit_price_milli": 7},
        {"sku": "CUP", "unit_price_milli": 5, "valid_to": "2001-01-01T00:00:00Z"},
    ]
    body = {"price_list": "retail", "rows": rows, "valid_from": "2010-12-01T00:00:00Z"}
    dry = (await send(client, "price-imports", {**body, "dry_run": True})).json()
    assert (dry["created"], dry["changed"], dry["refused"], dry["dry_run"]) == (2, 0, 5, True)
    assert (await client.get("/api/v1/price-lists/retail/prices")).json()["items"] == []

    done = (await send(client, "price-imports", body)).json()
    assert done["created"] == 2
    assert [(each["pointer"], each["code"]) for each in done["problems"]] == [
        ("/rows/2/sku", "unknown-sku"),
        ("/rows/3/unit_price_milli", "price-out-of-range"),
        ("/rows/4/quantity_min", "quantity-out-of-range"),
        ("/rows/5", "price-twice"),
        ("/rows/6/valid_to", "bad-validity"),
    ]
    again = (await send(client, "price-imports", body)).json()
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 2)
    body["rows"] = [{**rows[0], "unit_price_milli": 2_100_000}, rows[1]]
    changed = (await send(client, "price-imports", body)).json()
    assert (changed["created"], changed["changed"], changed["unchanged"]) == (0, 1, 1)


async def test_prices_are_listed_page_by_page_and_by_sku(client):
    await add_prices(client, MUG=2_000_000, CUP=333_000, BOOK=999_000)
    seen, cursor = [], None
    while True:
        page = await client.get(
            "/api/v1/price-lists/retail/prices", params={"limit": 2, "cursor": cursor or []}
        )
        seen += [row["sku"] for row in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == ["BOOK", "CUP", "MUG"]
    only = await client.get("/api/v1/price-lists/retail/prices", params={"sku": "cup"})
    assert [row["unit_price_milli"] for row in only.json()["items"]] == [333_000]
    missing = await client.get("/api/v1/price-lists/nothing/prices")
    assert (missing.status_code, missing.json()["code"]) == (404, "price-list-unknown")


async def test_product_pages_ask_many_prices_at_once(client):
    await add_prices(client, MUG=2_000_000, BOOK=999_000)
    answer = await client.get(
        "/api/v1/prices", params={**GB_CART, "sku": ["MUG", "BOOK", "CUP", "NONE"]}
    )
    shown = answer.json()
    assert [(p["sku"], p["gross_minor"], p["tax_minor"]) for p in shown["prices"]] == [
        ("MUG", 2000, 333),
        ("BOOK", 999, 0),
    ]
    assert [(p["sku"], p["code"]) for p in shown["unpriced"]] == [
        ("CUP", "price-unknown"),
        ("NONE", "unknown-sku"),
    ]
    nowhere = await client.get(
        "/api/v1/prices", params={"channel": "x", "country": "GB", "sku": "MUG"}
    )
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "unknown-channel")


async def test_prices_that_are_as_they_were_are_not_sent_again(client):
    await add_prices(client, MUG=2_000_000)
    asked = {**GB_CART, "sku": "MUG"}
    first = await client.get("/api/v1/prices", params=asked)
    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get("/api/v1/prices", params=asked, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await add_prices(client, MUG=2_100_000)
    fresh = await client.get("/api/v1/prices", params=asked, headers=known)
    assert (fresh.status_code, fresh.json()["prices"][0]["gross_minor"]) == (200, 2100)
    assert fresh.headers["ETag"] != first.headers["ETag"]


async def test_a_quote_is_given_and_told_what_it_holds(client):
    await add_prices(client, MUG=2_000_000, SET=5_000_000)
    await send(
        client,
        "promotions",
        {"code": "ten", "title": "10 %", "percent_bp": 1000, "skus": ["Mug"]},
    )
    answer = await client.post(
        "/api/v1/quotes",
        json={
            **GB_CART,
            "lines": [{"sku": "MUG", "quantity": 2}, {"sku": "SET"}],
            "shipping": [{"service": "standard"}],
            "coupons": ["nope"],
        },
    )
    assert answer.status_code == 200, answer.text
    quoted = answer.json()
    cart = quoted["cart"]
    assert cart["gross_minor"] == 3600 + 5000 + 395
    assert [share["gross_minor"] for share in cart["lines"][1]["shares"]] == [3750, 1250]
    assert cart["promotions"][1]["refused"] == "coupon-unknown"
    assert quoted["quote"].count(".") == 1


async def test_unknown_goods_are_refused_with_their_place(client):
    answer = await client.post(
        "/api/v1/quotes", json={**GB_CART, "lines": [{"sku": "MUG"}, {"sku": "X"}]}
    )
    assert (answer.status_code, answer.json()["pointer"]) == (404, "/lines/1/sku")


async def test_price_questions_of_a_moment_are_one_read(client):
    await add_prices(client, MUG=2_000_000)
    before = GATHERING.reads
    asked = [{**GB_CART, "sku": ["MUG", "NONE"], "quantity": n} for n in range(1, 31)]
    wrong = {**GB_CART, "sku": "MUG", "country": "XX"}
    answers = await asyncio.gather(
        *(client.get("/api/v1/prices", params=params) for params in [*asked, wrong])
    )
    assert [answer.status_code for answer in answers] == [200] * 30 + [422]
    shown = [answer.json()["prices"][0]["quantity"] for answer in answers[:30]]
    assert shown == list(range(1, 31))
    assert {answer.json()["unpriced"][0]["sku"] for answer in answers[:30]} == {"NONE"}
    assert GATHERING.reads - before < 15


async def test_prices_by_hand_need_the_permission(client_of, client):
    await add_prices(client, MUG=2_000_000)
    by_hand = {"sku": "MUG", "override": {"unit_price_milli": 1, "reason": "mine"}}
    asker = client_of(frozenset({"pricing:read"}))
    refused = await asker.post("/api/v1/quotes", json={**GB_CART, "lines": [by_hand]})
    assert (refused.status_code, refused.json()["code"]) == (403, "override-not-allowed")
    taken = await client.post("/api/v1/quotes", json={**GB_CART, "lines": [by_hand]})
    assert taken.json()["cart"]["lines"][0]["source"] == "override"
    dictated = {"sku": "MUG", "dictated_unit_price_milli": 1}
    cart = {"channel": "bazaar", "country": "GB", "lines": [dictated]}
    refused = await client.post("/api/v1/quotes", json=cart)
    assert (refused.status_code, refused.json()["code"]) == (403, "dictating-not-allowed")


async def test_a_customer_asks_for_itself_only(client_of, client):
    await add_prices(client, MUG=2_000_000)
    own = uuid4()
    customer = client_of(frozenset({"pricing:read"}), customer_id=own)
    for foreign in ({"customer_group": "trade"}, {"customer_id": str(uuid4())}):
        refused = await customer.post(
            "/api/v1/quotes", json={**GB_CART, **foreign, "lines": [{"sku": "MUG"}]}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "other-customer")
    taken = await customer.post(
        "/api/v1/quotes", json={**GB_CART, "customer_id": str(own), "lines": [{"sku": "MUG"}]}
    )
    assert taken.status_code == 200


async def test_a_day_of_the_past_can_be_explained(client):
    await add_prices(client, MUG=2_000_000)
    body = {**GB_CART, "lines": [{"sku": "MUG"}], "at": "2011-01-03T23:59:59Z"}
    explained = (await client.post("/api/v1/price-explanations", json=body)).json()
    assert explained["cart"]["net_minor"] == 1702
    assert [each["refused"] for each in explained["candidates"]["0"]] == [None, "other-channel"]
    assert "17.5 %" in explained["story"][0]


async def test_terms_are_added_and_listed(client):
    rate = {"country": "ie", "tax_class": "standard", "rate_bp": 2100}
    added = await send(
        client, "tax-rates", {"rates": [{**rate, "valid_from": "2010-01-01T00:00:00Z"}]}
    )
    assert (added.status_code, added.json()) == (201, {"rows": 1})
    listed = await client.get("/api/v1/tax-rates", params={"country": "IE"})
    assert [(each["country"], each["rate_bp"]) for each in listed.json()["items"]] == [("IE", 2100)]
    for path, count in (
        ("price-lists", 2),
        ("tax-rules", 1),
        ("shipping-prices", 1),
        ("promotions", 0),
    ):
        page = await client.get(f"/api/v1/{path}")
        assert len(page.json()["items"]) == count, path
    first = (await client.get("/api/v1/tax-rates", params={"limit": 3})).json()
    rest = await client.get("/api/v1/tax-rates", params={"cursor": first["next_cursor"]})
    assert len(first["items"]) + len(rest.json()["items"]) == 5


@pytest.mark.parametrize(
    "instant", ["2011-01-04T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "then"]
)
async def test_an_instant_nobody_can_mean_is_refused(client, instant):
    await add_prices(client, MUG=2_000_000)
    cart = {**GB_CART, "lines": [{"sku": "MUG"}], "at": instant}
    answers = [await client.post("/api/v1/price-explanations", json=cart)]
    rate = {"country": "IE", "tax_class": "standard", "rate_bp": 1, "valid_from": instant}
    answers.append(await send(client, "tax-rates", {"rates": [rate]}))
    offer = {"code": "x", "title": "x", "percent_bp": 1, "valid_to": instant}
    answers.append(await send(client, "promotions", offer))
    assert [each.status_code for each in answers] == [422, 422, 422]
    row = {"sku": "MUG", "unit_price_milli": 1, "valid_from": instant}
    done = await send(client, "price-imports", {"price_list": "retail", "rows": [row]})
    assert done.status_code == 422 or done.json()["refused"] == 1


async def test_coupons_are_made_listed_and_their_uses_told(client):
    offer = {"code": "spring", "title": "Spring", "percent_bp": 500, "coupon_required": True}
    assert (await send(client, "promotions", offer)).json()["coupon_required"] is True
    coupons = [{"code": f"spring-{n:03}", "uses_max": 1} for n in range(300)]
    made = await send(client, "coupons", {"promotion": "spring", "coupons": coupons})
    assert made.json() == {"coupons": 300}
    page = (await client.get("/api/v1/promotions/spring/coupons", params={"limit": 250})).json()
    rest = await client.get(
        "/api/v1/promotions/spring/coupons", params={"cursor": page["next_cursor"]}
    )
    codes = [each["code"] for each in page["items"] + rest.json()["items"]]
    assert codes == [f"SPRING-{n:03}" for n in range(300)]
    bad = await send(client, "coupons", {"promotion": "spring", "coupons": [{"code": "no good"}]})
    assert (bad.status_code, bad.json()["pointer"]) == (422, "/coupons/0/code")
    missing = await send(client, "coupons", {"promotion": "x", "coupons": [{"code": "ABC"}]})
    assert missing.status_code == 404


async def test_every_route_asks_for_its_permission(client_of):
    nobody = client_of(frozenset())
    for route in ROUTES:
        path = route.path.replace("{code}", "retail")
        answer = await nobody.request(route.method, path)
        assert answer.status_code == 403, route.name


async def test_twenty_thousand_prices_are_imported_by_one_request(client):
    rows = [
        {"sku": sku, "unit_price_milli": 1000 + n, "quantity_min": 1 + n}
        for n in range(5_000)
        for sku in ("MUG", "CUP", "BOOK", "SET")
    ]
    done = (await send(client, "price-imports", {"price_list": "retail", "rows": rows})).json()
    assert (done["created"], done["refused"]) == (20_000, 0)
