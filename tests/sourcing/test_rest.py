"""Sourcing decisions over HTTP."""

from collections.abc import AsyncIterator

import pytest
from tests.edge import Client, clients
from tests.sourcing.world import Shop, sourced, stocked, wish

from crosslane.kernel import new_id
from crosslane.platform.database import Database
from crosslane.sourcing import ROUTES, save_receipts


@pytest.fixture
async def client_of(database, lanes, tenant) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
async def decisions(shop: Shop, database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await stocked(tx, shop, "MUG", DC=5, LEEDS=2, ABERDEEN=1)
        order = wish(shop, ("MUG", 2))
        again = wish(shop, ("MUG", 1), order_id=order.order_id, barred=("DC",))
        found = await sourced(tx, shop, order, again)
        await save_receipts(tx, found)
    return found


async def test_the_decisions_on_an_order_are_listed_page_by_page(client_of, decisions):
    client = client_of("sourcing:read")
    order_id = decisions[0].request.order_id
    query = {"order_id": order_id, "limit": 1}
    first = (await client.get("sourcing-receipts", params=query)).json()
    query["cursor"] = first["next_cursor"]
    second = (await client.get("sourcing-receipts", params=query)).json()
    assert second["next_cursor"] is None
    shown = {item["id"]: item["assignments"] for item in first["items"] + second["items"]}
    assert shown == {
        str(decisions[0].receipt_id): [{"line": "0001", "place": "DC", "quantity": 2}],
        str(decisions[1].receipt_id): [{"line": "0001", "place": "ABERDEEN", "quantity": 1}],
    }


async def test_a_decision_is_explained(client_of, decisions):
    client = client_of("sourcing:read")
    answer = await client.get(f"sourcing-receipts/{decisions[0].receipt_id}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["receipt"]["proven"] is True
    why = told["explanation"]
    assert why["replayed"] is True
    assert [parcel["place"] for parcel in why["parcels"]] == ["DC"]
    assert set(why["parcels"][0]["terms"]) == {"handling_parcel", "carriage", "distance"}
    ranked = [candidate["place"] for candidate in why["lines"][0]["candidates"]]
    assert ranked[0] == "DC"
    assert [a["place"] for a in why["runner_up"]["assignments"]] == ["LEEDS"]
    assert why["gap_milli"] > 0
    assert why["price_change"]["kind"] == "price"


async def test_an_unknown_decision_and_a_stranger_are_refused(client_of, decisions):
    client = client_of("sourcing:read")
    assert (await client.get(f"sourcing-receipts/{new_id()}")).status_code == 404
    stranger = client_of("orders:read")
    answer = await stranger.get(f"sourcing-receipts/{decisions[0].receipt_id}")
    assert answer.status_code == 403
