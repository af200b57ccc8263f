"""The list of orders of the office: filters in its address, views, search, table, deeds."""

import csv
import io
import re

import pytest

from crosslane import insights, locations
from crosslane.apps.office.order_filters import Query, parameters_of, tabs
from crosslane.apps.office.order_table import harmless
from crosslane.orders import RAISE_STOP, BuyerWish, LineWish, Placed, RaiseStop
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import run_reaction
from tests.api import Api
from tests.orders.test_changes import run
from tests.orders.world import found_retailer, place, view, wish

NUMBER = re.compile(r'class="row-link" href="/office/orders/([\w-]+)"')


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    await found_retailer(database, tenant)
    return tenant


async def catch_up(database: Database, shop: str) -> None:
    for reaction in insights.REACTIONS:
        while await run_reaction(database, shop, reaction):
            pass


async def some(database: Database, shop: str, lanes: Lanes) -> list[Placed]:
    """Three orders: one held, one by telephone for somebody else, one to be picked up."""
    mug = await place(lanes, shop, wish("MUG"))
    await run(lanes, shop, RAISE_STOP, RaiseStop(mug.id, "fraud", "look at it"))
    buyer = BuyerWish(email="bo@example.com", name="Bo =Green", phone="+441865244001")
    lamp = await place(lanes, shop, wish("LAMP", channel="trade", buyer=buyer))
    got = await place(
        lanes, shop, wish(LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"))
    )
    await catch_up(database, shop)
    return [mug, lamp, got]


async def listed(client, query: str = "", **headers: str) -> list[str]:
    answer = await client.get(f"/office/orders{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return NUMBER.findall(answer.text)


async def test_orders_are_listed_newest_first_by_what_the_address_asks(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    mug, lamp, got = [one.number for one in await some(database, shop, lanes)]
    agent = await api.staff("agent")
    assert await listed(agent) == [got, lamp, mug]
    for query, expected in {
        "?is=held": [mug],
        "?stop=fraud&channel=web": [mug],
        "?stop=fraud&channel=trade": [],
        "?channel=trade": [lamp],
        "?method=pickup": [got],
        "?location=S0001": [got],
        "?state=on_hold": [mug],
        "?placed_from=2100-01-01": [],
        "?placed_from=2000-01-01&placed_to=2100-01-01": [got, lamp, mug],
        "?state=nonsense": [],
        "?q=bo@example.com": [lamp],
        "?q=%2B441865244001": [lamp],
        "?q=LAMP": [lamp],
        "?q=mug&method=pickup": [got],
        "?q=Green": [lamp],
        "?q=nobody": [],
        "?limit=2": [got, lamp],
    }.items():
        assert await listed(agent, query) == expected, query


async def test_the_next_page_begins_where_this_one_ends(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    placed = [one.number for one in await some(database, shop, lanes)]
    agent = await api.staff("agent")
    page = (await agent.get("/office/orders?is=open&limit=2")).text
    [following] = re.findall(r'rel="next" href="/office/orders([^"]+)"', page)
    rest = await listed(agent, following.replace("&amp;", "&"))
    assert NUMBER.findall(page) + rest == placed[::-1]


async def test_a_search_has_further_pages(api: Api, database: Database, shop: str, lanes: Lanes):
    await some(database, shop, lanes)
    agent = await api.staff("agent")
    found, query = [], "?q=ada%40example.com&limit=1"
    while query:
        page = (await agent.get(f"/office/orders{query}")).text
        found += NUMBER.findall(page)
        (query, *_) = re.findall(r'rel="next" href="/office/orders([^"]+)"', page) or [""]
        query = query.replace("&amp;", "&")
    assert found == await listed(agent, "?q=ada%40example.com")
    assert len(found) > 1


async def test_a_whole_number_leads_to_the_order(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    mug, *_ = await some(database, shop, lanes)
    answer = await (await api.staff("agent")).get(f"/office/orders?q={mug.number.lower()}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/office/orders/{mug.number}"


async def test_an_associate_lists_and_finds_the_own_location_alone(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    *_, got = await some(database, shop, lanes)
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    clerk = await api.staff("associate", location_id=store)
    assert await listed(clerk) == [got.number]
    assert await listed(clerk, "?location=DC1") == []
    assert await listed(clerk, "?q=mug") == [got.number]
    assert "Resolve stops" not in (await clerk.get("/office/orders")).text


async def test_scripts_are_sent_the_rows_alone(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    await some(database, shop, lanes)
    agent = await api.staff("agent")
    part = await agent.get("/office/orders?is=held", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert len(NUMBER.findall(part.text)) == 1


async def test_the_table_has_the_columns_that_are_shown_and_no_formula(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    await some(database, shop, lanes)
    agent = await api.staff("agent")
    answer = await agent.get("/office/orders?channel=trade&columns=customer,total&table=true")
    assert answer.headers["content-type"].startswith("text/csv")
    head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head == ["Number", "Customer", "Total", "Currency"]
    assert row[1:] == ["Bo =Green", row[2], "GBP"]
    assert re.fullmatch(r"\d+\.\d\d", row[2])


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-cmd", "'-cmd"), ("-12.50", "-12.50"), ("a=b", "a=b"),
     ("+44 1", "'+44 1"), ("\tx", "'\tx"), ("-", "'-"), ("", "")],
)  # fmt: skip
def test_no_cell_is_taken_for_a_formula(cell: str, written: str):
    assert harmless(cell) == written


async def test_a_view_is_kept_for_whoever_saved_it(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    agent, other = await api.staff("agent"), await api.staff("agent")
    form = {
        "query": "is=held&channel=web&cursor=x&evil=1&q=ada",
        "title": "Web & held",
        "_wish": "a1",
    }
    answer = await agent.post("/office/order-views", data=form)
    assert answer.headers["location"] == "/office/orders?is=held&channel=web"
    assert "Web &amp; held" in (await agent.get("/office/orders")).text
    assert "Web &amp; held" not in (await other.get("/office/orders")).text
    page = (await agent.get("/office/orders?channel=web&is=held")).text
    [view_id] = re.findall(r"/office/order-views/([\w-]+)/removal", page)
    await other.post(f"/office/order-views/{view_id}/removal", data={"_wish": "b1"})
    assert "Web &amp; held" in (await agent.get("/office/orders")).text
    await agent.post(f"/office/order-views/{view_id}/removal", data={"_wish": "b1"})
    assert "Web &amp; held" not in (await agent.get("/office/orders")).text


async def test_stops_of_picked_orders_are_resolved_each_for_itself(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    mug, lamp, _ = await some(database, shop, lanes)
    await run(lanes, shop, RAISE_STOP, RaiseStop(lamp.id, "address", "look at it"))
    picked = {"order": [str(mug.id), str(lamp.id)], "back": "is=held"}
    agent, manager = await api.staff("agent"), await api.staff("manager")
    shown = await agent.post("/office/orders/deeds", data={**picked, "deed": "resolve"})
    assert shown.status_code == 200
    # Fraud is for a manager to clear.
    assert "1 order is left out" in shown.text
    untold = await agent.post("/office/orders/stops", data={**picked, "_wish": "w0"})
    assert (untold.status_code, "Say why." in untold.text) == (422, True)
    stops = re.findall(r'name="stop" value="([\w-]+)"', shown.text)
    form = {**picked, "stop": stops, "reason": "asked by telephone", "_wish": "w1"}
    for _ in range(2):
        # Here a client's key stands for the wish, of which browsers send the same again.
        sent = {"data": form, "headers": {"Idempotency-Key": "w1"}}
        assert "1 order done." in (await agent.post("/office/orders/stops", **sent)).text
    assert [s.resolved_at is None for s in (await view(database, shop, mug.id)).stops] == [True]
    [stop] = (await view(database, shop, lamp.id)).stops
    assert (stop.resolution, stop.resolved_at is None) == ("asked by telephone", False)
    shown = await manager.post("/office/orders/deeds", data={**picked, "deed": "resolve"})
    stops = re.findall(r'name="stop" value="([\w-]+)"', shown.text)
    await manager.post("/office/orders/stops", data={**form, "stop": stops, "_wish": "w2"})
    assert (await view(database, shop, mug.id)).stops[0].resolved_at


async def test_picked_orders_are_cancelled_and_the_refused_are_told(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    mug, lamp, _ = await some(database, shop, lanes)
    agent = await api.staff("agent")
    form = {"order": [str(lamp.id)], "reason": "asked by telephone", "_wish": "w1"}
    assert "1 order done." in (await agent.post("/office/orders/cancellations", data=form)).text
    assert (await view(database, shop, lamp.id)).status == "cancelled"
    form = {"order": [str(mug.id), str(lamp.id)], "reason": "again", "_wish": "w2"}
    told = (await agent.post("/office/orders/cancellations", data=form)).text
    assert "1 order done." in told
    assert "1 order was left as it is." in told
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    clerk = await api.staff("associate", location_id=store)
    assert (await clerk.post("/office/orders/cancellations", data=form)).status_code == 403


async def test_picked_orders_are_sourced_anew(
    api: Api, database: Database, shop: str, lanes: Lanes
):
    _, lamp, _ = await some(database, shop, lanes)
    agent = await api.staff("agent")
    form = {"order": [str(lamp.id)], "reason": "stock has moved", "_wish": "w1"}
    assert "1 order done." in (await agent.post("/office/orders/sourcing", data=form)).text
    assert (await view(database, shop, lamp.id)).amendments[0].kind == "resource"


def test_a_tab_is_current_when_its_filters_are_those_of_the_address():
    query = Query(is_="held", columns="total")
    made = tabs(query, [("1", "Mine", "is=held&channel=web&columns=units")])
    assert [tab.title for tab in made if tab.current] == ["Held"]
    assert made[2].href == "/office/orders?columns=total&promise=late"
    assert made[-1].href == "/office/orders?is=held&channel=web&columns=units"
    assert parameters_of("is=held&table=true&cursor=x") == {"is": "held"}
    ticked = parameters_of("is=held&column=state&column=total")
    assert ticked == {"is": "held", "columns": "state,total"}
