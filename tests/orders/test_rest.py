import pytest

from crosslane.orders.storage import lists
from crosslane.platform.database import Database
from tests.api import Api
from tests.orders.world import found_retailer

ORDER = {
    "channel": "web",
    "buyer": {"email": "ada@example.com", "name": "Ada Brown"},
    "ship_to": {
        "country": "GB",
        "lines": ["12 High Street"],
        "city": "Oxford",
        "postcode": "ox14aa",
        "name": "Ada Brown",
    },
    "lines": [{"sku": "MUG", "quantity": 2}, {"sku": "LAMP", "quantity": 1}],
    "tenders": [{"method": "cash"}],
}


@pytest.fixture
async def shop(database: Database, api: Api) -> Api:
    await found_retailer(database, api.tenant)
    return api


async def test_an_order_is_placed_once_per_key_and_found_again(shop: Api):
    sent = [
        await shop.admin.post("/api/v1/orders", json=ORDER, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [r.status_code for r in sent] == [201, 201]
    assert [r.headers.get("Idempotency-Replayed") for r in sent] == [None, "true"]
    placed = sent[0].json()
    assert sent[1].json() == placed
    assert placed["gross_minor"] == 2 * 600 + 2499 + 395
    shown = await shop.admin.get(f"/api/v1/orders/{placed['number'].lower()}")
    assert shown.status_code == 200
    order = shown.json()
    assert order["ship_to"]["postcode"] == "OX1 4AA"
    assert shown.headers["ETag"]
    assert {line["sku"]: line["buckets"][0]["location"] for line in order["lines"]} == {
        "MUG": "DC1",
        "LAMP": "DC2",
    }
    for words in (placed["number"], "ada@example.com", "LAMP"):
        found = (await shop.admin.get("/api/v1/order-search", params={"q": words})).json()
        assert [one["id"] for one in found["items"]] == [placed["id"]], words
    told = (await shop.admin.get(f"/api/v1/orders/{placed['id']}/timeline")).json()["items"]
    assert [entry["kind"] for entry in told] == ["orders.OrderPlaced", "orders.OrderReady"]
    assert all(entry["actor"].startswith("api_key:") for entry in told)


async def test_a_search_is_read_page_by_page(shop: Api):
    placed = [(await shop.admin.post("/api/v1/orders", json=ORDER)).json()["id"] for _ in range(3)]
    for words in ("ada@example.com", "LAMP", "Ada Brown"):
        first = await shop.admin.get("/api/v1/order-search", params={"q": words, "limit": 2})
        more = {"q": words, "limit": 2, "cursor": first.json()["next_cursor"]}
        rest = (await shop.admin.get("/api/v1/order-search", params=more)).json()
        found = [one["id"] for one in first.json()["items"] + rest["items"]]
        assert found == placed[::-1], words
        assert rest.get("next_cursor") is None


async def test_what_many_orders_have_is_looked_for_window_by_window(shop: Api, database: Database):
    """With limits as low as there are few orders here: every one is found, once, in order."""
    lower = {lists.MATCHES_MAX + 1: 3, lists.MATCHES_MAX: 2, lists.NEWEST_LOOKED_AT_MAX: 3}
    statement = lists.SEARCH
    for limit, less in lower.items():
        statement = statement.replace(str(limit), str(less))
    mugs = []
    for lines in ([{"sku": "MUG", "quantity": 1}], [{"sku": "SPOON", "quantity": 1}]) * 4:
        answer = await shop.admin.post("/api/v1/orders", json=ORDER | {"lines": lines})
        mugs += [answer.json()["id"]] if lines[0]["sku"] == "MUG" else []
    found: list[str] = []
    after = (None, None)
    async with database.transaction(shop.tenant) as tx:
        for _ in range(4):
            rows = await tx.fetch(statement, "MUG", "", [], [], None, None, 2, *after)
            page = [row for row in rows if row["id"]]
            found += [str(row["id"]) for row in page]
            last = page[-1] if len(page) == 2 else None
            after = (last["placed_at"], last["id"]) if last else tuple(rows[0].values())[2:]
            if after[1] is None:
                break
    assert found == mugs[::-1]


async def test_a_list_is_read_page_by_page(shop: Api):
    for _ in range(3):
        assert (await shop.admin.post("/api/v1/orders", json=ORDER)).status_code == 201
    first = (await shop.admin.get("/api/v1/orders", params={"limit": 2})).json()
    rest = (
        await shop.admin.get("/api/v1/orders", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert rest.get("next_cursor") is None
    none = await shop.admin.get("/api/v1/orders", params={"channel": "trade"})
    assert none.json()["items"] == []


async def test_an_order_is_changed_and_cancelled(shop: Api):
    order = (await shop.admin.post("/api/v1/orders", json=ORDER)).json()
    at = f"/api/v1/orders/{order['id']}"
    line = order["lines"][0]["id"]
    cheaper = await shop.admin.post(
        f"{at}/lines/{line}/price", json={"unit_price_milli": 500_000, "reason": "matched"}
    )
    assert (cheaper.status_code, cheaper.json()["gross_delta_minor"]) == (201, -200)
    more = await shop.admin.post(
        f"{at}/lines",
        json={
            "lines": [{"sku": "SPOON", "quantity": 2}],
            "tenders": [],
            "reason": "forgot the spoons",
        },
    )
    assert more.json()["gross_delta_minor"] == 199
    moved = await shop.admin.post(
        f"{at}/address",
        json={"ship_to": {**ORDER["ship_to"], "lines": ["14 High Street"]}, "reason": "next door"},
    )
    assert moved.status_code == 201
    stop = (await shop.admin.post(f"{at}/stops", json={"kind": "manual", "reason": "look"})).json()
    let_go = await shop.admin.post(
        f"{at}/stops/{stop['stop_id']}/resolution", json={"resolution": "looked"}
    )
    assert let_go.json()["open_stops"] == 0
    gone = await shop.admin.post(f"{at}/cancellation", json={"reason": "changed my mind"})
    assert gone.json()["units"] == 5
    again = await shop.admin.post(f"{at}/cancellation", json={"reason": "changed my mind"})
    assert (again.status_code, again.json()["code"]) == (409, "order-closed")
    shown = (await shop.admin.get(at)).json()
    assert (shown["status"], shown["money"]["worth_minor"]) == ("cancelled", 0)
    kinds = [amendment["kind"] for amendment in shown["amendments"]]
    assert kinds == ["price", "add", "address", "cancel"]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"lines": [{"sku": "NONE", "quantity": 1}]}, 422, "/lines/0/sku"),
        ({"lines": [{"sku": "MUG", "quantity": 0}]}, 422, "/lines/0/quantity"),
        ({"lines": []}, 422, "/lines"),
        ({"ship_to": None}, 422, "/ship_to"),
        ({"colour": "red"}, 422, ""),
    ],
)
async def test_a_wrong_order_is_refused_with_a_pointer(
    shop: Api, change: dict, status: int, pointer: str
):
    refused = await shop.admin.post("/api/v1/orders", json={**ORDER, **change})
    assert refused.status_code == status
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert refused.json().get("pointer", "").startswith(pointer)


async def test_only_who_may_place_and_clear_does(shop: Api):
    associate = await shop.staff("agent")
    placed = await associate.post(
        "/api/v1/orders", json={**ORDER, "stops": [{"kind": "fraud", "reason": "odd"}]}
    )
    assert placed.status_code == 201
    order = (await associate.get(f"/api/v1/orders/{placed.json()['id']}")).json()
    at = f"/api/v1/orders/{order['id']}/stops/{order['stops'][0]['id']}/resolution"
    refused = await associate.post(at, json={"resolution": "looks fine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "stop-not-yours")
    manager = await shop.staff("manager")
    assert (await manager.post(at, json={"resolution": "called back"})).status_code == 201
    reader = await shop.key(["orders:read"])
    assert (await reader.post("/api/v1/orders", json=ORDER)).status_code == 403
