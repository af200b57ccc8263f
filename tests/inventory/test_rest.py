"""Stock over HTTP: report, ask, explain; and who may do what."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from crosslane.inventory import REACTIONS, allocate
from crosslane.inventory.service.availability import GATHERING
from crosslane.platform.log import run_reaction
from tests.edge import send
from tests.inventory.shop import stocked, wish

STOCK = "inventory"


async def taken(client, path, body):
    answer = await send(client, f"{STOCK}/{path}", body)
    assert answer.status_code in (201, 202), answer.text
    return answer.json()


async def seen(client, path, **query):
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def line(quantity, sku="MUG", location="DC", **more):
    return {"sku": sku, "location": location, "quantity": quantity, **more}


async def test_what_is_received_can_be_promised_and_explained(client, database, shop):
    told = await taken(
        client, "receipts", {"lines": [line(10, unit_cost_milli=700), line(4, location="LEEDS")]}
    )
    assert [one["on_hand"] for one in told["lines"]] == [10, 4]
    async with database.transaction(shop.tenant) as tx:
        await allocate(tx, [wish(shop, 3)])
    found = await seen(client, "availability", sku=["MUG", "bowl"], channel="web")
    mugs, bowls = found["items"]
    assert (mugs["available"], bowls["available"], found["channel"]) == (11, 0, "web")
    assert mugs["locations"] == [
        {"location": "DC", "available": 7},
        {"location": "LEEDS", "available": 4},
    ]
    position = told["lines"][0]["position_id"]
    explained = await seen(client, f"{STOCK}/positions/{position}", channel="web")
    assert explained["available"] == 7
    assert explained["position"]["unit_cost_milli"] == 700
    movements = (await seen(client, f"{STOCK}/positions/{position}/movements"))["items"]
    assert [(m["reason"], m["on_hand_delta"], m["allocated_delta"]) for m in movements] == [
        ("allocate", 0, 3),
        ("receive", 10, 0),
    ]
    [has] = (await seen(client, f"{STOCK}/positions/{position}/allocations"))["items"]
    assert has["quantity"] == 3
    of_receipt = await seen(client, f"{STOCK}/movements", cause_id=told["id"])
    assert len(of_receipt["items"]) == 2
    [change] = (await seen(client, f"{STOCK}/costs/MUG", owner="MF"))["items"][-1:]
    assert (change["units_in"], change["average_after_milli"]) == (10, 700)


async def test_movements_are_read_page_by_page(client, shop):
    for units in range(1, 6):
        told = await taken(client, "receipts", {"lines": [line(units)]})
    path = f"{STOCK}/positions/{told['lines'][0]['position_id']}/movements"
    page = await seen(client, path, limit=2, number="on_hand")
    read = [m["on_hand_after"] for m in page["items"]]
    while page["next_cursor"]:
        page = await seen(client, path, limit=2, number="on_hand", cursor=page["next_cursor"])
        read += [m["on_hand_after"] for m in page["items"]]
    assert read == [15, 10, 6, 3, 1]
    assert (await seen(client, path, number="allocated"))["items"] == []


async def test_a_bundle_is_what_its_parts_make(client, shop):
    await taken(client, "receipts", {"lines": [line(5), line(9, sku="BOWL")]})
    await taken(client, "receipts", {"lines": [line(2, location="LEEDS")]})
    [item] = (await seen(client, "availability", sku="SET"))["items"]
    assert item == {
        "sku": "SET",
        "available": 3,
        "locations": [{"location": "DC", "available": 2}],
        "arriving": [],
    }
    refused = await send(client, f"{STOCK}/receipts", {"lines": [line(1, sku="SET")]})
    assert (refused.status_code, refused.json()["code"]) == (422, "bundle-has-no-stock")


async def test_many_questions_of_a_moment_are_one_read(client, shop):
    await taken(client, "receipts", {"lines": [line(5)]})
    before = GATHERING.reads
    answers = await asyncio.gather(
        *(client.get("availability", params={"sku": "MUG"}) for _ in range(40)),
        client.get("availability", params={"sku": "NIL"}),
    )
    assert [answer.status_code for answer in answers] == [200] * 40 + [404]
    assert {answer.json()["items"][0]["available"] for answer in answers[:40]} == {5}
    assert GATHERING.reads - before < 20


async def test_availability_that_is_as_it_was_is_not_sent_again(client, database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 3)
    first = await client.get("availability", params={"sku": "MUG"})
    known = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await client.get("availability", params={"sku": "MUG"}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 1)
    fresh = await client.get("availability", params={"sku": "MUG"}, headers=known)
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != first.headers["ETag"]


async def test_many_skus_at_named_locations(client, shop):
    await taken(client, "receipts", {"lines": [line(5), line(2, location="YORK")]})
    body = {"skus": ["MUG", "BOWL"], "locations": ["YORK", "LEEDS"]}
    answer = await client.post("availability-queries", json=body)
    assert answer.json()["items"][0] == {
        "sku": "MUG",
        "available": 2,
        "locations": [
            {"location": "YORK", "available": 2},
            {"location": "LEEDS", "available": 0},
        ],
        "arriving": [],
    }
    refused = await client.post("availability-queries", json=body | {"channel": "nil"})
    assert refused.status_code == 404


async def test_adjust_count_regrade_and_keep_back(client, shop):
    await taken(client, "receipts", {"lines": [line(10)]})
    lost = {"sku": "MUG", "location": "DC", "delta": -3, "code": "wet_pallet"}
    assert (await taken(client, "adjustments", {"lines": [lost]}))["lines"][0]["on_hand"] == 7
    counted = await taken(client, "counts", {"lines": [line(6)]})
    assert counted["lines"][0] | {"position_id": ""} == {
        "position_id": "",
        "on_hand": 6,
        "drift": -1,
    }
    worse = line(2, condition="sellable", becomes="damaged")
    await taken(client, "regrades", {"lines": [worse]})
    kept = {"sku": "MUG", "location": "DC", "units": 1}
    await taken(client, "safety-stocks", {"lines": [kept]})
    [item] = (await seen(client, "availability", sku="MUG"))["items"]
    assert item["available"] == 3
    page = await seen(client, f"{STOCK}/positions", sku="MUG", location="DC")
    assert {p["condition"]: p["on_hand"] for p in page["items"]} == {"sellable": 4, "damaged": 2}


WRONG = [
    ("adjustments", [{"delta": 0, "code": "x"}], "nothing-changes", "/lines/0/delta"),
    ("adjustments", [{"delta": 1, "code": "x", "sku": "NIL"}], "unknown-sku", "/lines/0/sku"),
    ("adjustments", [{"delta": 1, "code": "X!"}], "invalid-field", "/lines/0/code"),
    ("counts", [{"quantity": 1}, {"quantity": 1, "location": "X"}], None, "/lines/1/location"),
    ("receipts", [{"quantity": 1, "owner": "X"}], "unknown-entity", "/lines/0/owner"),
    ("regrades", [{"quantity": 1, "becomes": "sellable"}], "same-condition", "/lines/0/becomes"),
]


async def test_a_wrong_line_is_named_and_nothing_recorded(client, shop):
    for path, lines, code, pointer in WRONG:
        body = {"lines": [{"sku": "MUG", "location": "DC"} | one for one in lines]}
        answer = await send(client, f"{STOCK}/{path}", body)
        problem = answer.json()
        assert answer.status_code in (404, 422), answer.text
        assert code in (None, problem["code"]), answer.text
        assert pointer in answer.text
    assert (await seen(client, f"{STOCK}/positions"))["items"] == []


async def test_what_is_yet_to_come_did_not_happen(client, shop):
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"lines": [line(1)], "counted_at": ahead}
    assert (await send(client, f"{STOCK}/counts", body)).json()["code"] == "time-in-future"


async def test_a_hold_is_taken_extended_and_let_go(client, shop):
    await taken(client, "receipts", {"lines": [line(5)]})
    soon = datetime.now(UTC) + timedelta(minutes=10)
    wish = {
        "holder": "cart",
        "holder_id": str(uuid4()),
        "lines": [line(3)],
        "expires_at": soon.isoformat(),
    }
    [held] = (await taken(client, "holds", wish))["holds"]
    assert (held["quantity"], held["fence"], held["state"]) == (3, 1, "active")
    refused = await send(client, f"{STOCK}/holds", wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "out-of-stock")
    later = {"fence": 1, "expires_at": (soon + timedelta(hours=1)).isoformat()}
    longer = await taken(client, f"holds/{held['id']}/extension", later)
    assert longer["fence"] == 2
    stale = await send(client, f"{STOCK}/holds/{held['id']}/release", {"fence": 1})
    assert stale.json()["code"] == "stale-fence"
    path = f"{STOCK}/positions/{held['position_id']}/holds"
    assert [h["id"] for h in (await seen(client, path))["items"]] == [held["id"]]
    released = await taken(client, f"holds/{held['id']}/release", {"fence": 2})
    assert released["state"] == "released"
    mine = await seen(client, f"{STOCK}/holds", holder="cart", holder_id=wish["holder_id"])
    assert [h["state"] for h in mine["items"]] == ["released"]
    assert (await seen(client, path))["items"] == []
    assert (await client.get(f"{STOCK}/holds/{uuid4()}")).status_code == 404


async def test_one_key_takes_one_hold_however_often_it_is_sent(client, shop):
    await taken(client, "receipts", {"lines": [line(5)]})
    soon = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    body = {"holder": "till", "holder_id": str(uuid4()), "lines": [line(1)], "expires_at": soon}
    answers = await asyncio.gather(
        *(send(client, f"{STOCK}/holds", body, key="once") for _ in range(30))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["holds"][0]["id"] for answer in answers}) == 1
    [item] = (await seen(client, "availability", sku="MUG"))["items"]
    assert item["available"] == 4


async def test_a_supply_message_is_taken_in_and_applied(client, database, shop):
    body = {
        "source": "wms",
        "message": "m-1",
        "kind": "snapshot",
        "location": "DC",
        "as_of": "2011-01-04T12:00:00Z",
        "rows": [{"sku": "MUG", "quantity": 9}, {"sku": "NIL", "quantity": 1}],
    }
    answer = await send(client, f"{STOCK}/supply-messages", body)
    assert (answer.status_code, answer.json()["unknown_skus"]) == (202, ["NIL"])
    while await run_reaction(database, shop.tenant, REACTIONS[0]):
        pass
    again = await send(client, f"{STOCK}/supply-messages", body)
    assert (again.json()["id"], again.json()["parts_applied"]) == (answer.json()["id"], 1)
    other = await send(client, f"{STOCK}/supply-messages", body | {"complete": True})
    assert (other.status_code, other.json()["code"]) == (409, "message-reused")
    [message] = (await seen(client, f"{STOCK}/supply-messages", source="wms"))["items"]
    assert (message["drift_units"], message["location"]) == (9, "DC")
    [feed] = (await seen(client, f"{STOCK}/supply-feeds"))["items"]
    assert (feed["messages"], feed["parts_waiting"], feed["owner"]) == (1, 0, "MF")
    [item] = (await seen(client, "availability", sku="MUG"))["items"]
    assert item["available"] == 9


async def test_goods_on_their_way_are_reported_and_received(client, shop):
    body = {
        "source": "erp",
        "message": "po-7",
        "as_of": "2011-01-04T12:00:00Z",
        "lines": [line(96, reference="PO-7/1", available_on="2011-01-20")],
    }
    [coming] = (await taken(client, "incoming-reports", body))["lines"]
    [item] = (await seen(client, "availability", sku="MUG"))["items"]
    assert item["arriving"] == [{"location": "DC", "available_on": "2011-01-20", "quantity": 96}]
    arrival = {"incoming_id": coming["id"], "quantity": 90, "unit_cost_milli": 185_000}
    [left] = (await taken(client, "arrivals", {"lines": [arrival]}))["lines"]
    assert (left["received"], left["free"]) == (90, 6)
    page = await seen(client, f"{STOCK}/incoming", sku="MUG")
    assert [one["reference"] for one in page["items"]] == ["PO-7/1"]
    nobody = {"lines": [arrival | {"incoming_id": str(uuid4())}]}
    assert (await send(client, f"{STOCK}/arrivals", nobody)).status_code == 404


async def test_whoever_belongs_to_a_shop_changes_only_its_stock(client_of, database, shop):
    leeds = client_of(
        "inventory:read",
        "inventory:count",
        "inventory:hold",
        location_id=shop.locations["LEEDS"],
    )
    assert (await send(leeds, f"{STOCK}/counts", {"lines": [line(5, location="LEEDS")]})).is_success
    refused = await send(leeds, f"{STOCK}/counts", {"lines": [line(5)]})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign-location")
    denied = await send(leeds, f"{STOCK}/receipts", {"lines": [line(5, location="LEEDS")]})
    assert denied.status_code == 403
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5)
    soon = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    body = {"holder": "till", "holder_id": str(uuid4()), "lines": [line(1)], "expires_at": soon}
    [held] = (await taken(client_of("inventory:*"), "holds", body))["holds"]
    foreign = await send(leeds, f"{STOCK}/holds/{held['id']}/release", {"fence": 1})
    assert foreign.status_code == 403


async def test_an_unknown_position_is_not_found(client, shop):
    for path in ("", "/movements", "/allocations", "/holds"):
        assert (await client.get(f"{STOCK}/positions/{uuid4()}{path}")).status_code == 404
