"""Stock in the office: the grid, why a figure is what it is, correcting it, feeds and transfers."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from crosslane.inventory import REACTIONS
from crosslane.orders import LineWish
from crosslane.platform import audit
from crosslane.platform.log import run_reaction
from tests.apps.forms import read, submit, told
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.matrix.stores import found_stores
from tests.orders.world import found_retailer, place, wish


async def variant_id(api, sku: str) -> str:
    answer = await api.admin.get(f"/api/v1/variants/{sku}")
    return answer.json()["id"]


@pytest.fixture
async def stores(database, api):
    return await found_stores(database, api)


async def test_a_figure_opens_the_movements_it_is_the_sum_of(api, stores):
    page = await api.admin.get("/office/stock")
    mug = await variant_id(api, "MUG")
    assert f"/office/stock/{mug}?sort=on_hand" in page.text
    assert "Tea spoon" not in await read(api.admin, "/office/stock", q="mug")
    beside = await api.admin.get("/office/stock", params={"at": ["S0001", "DC1"]})
    assert "ATP S0001" in beside.text
    there = await read(api.admin, f"/office/stock/{mug}")
    assert "S0001" in there
    assert "S0002" in there
    why = f"/office/stock/{mug}/S0001"
    on_hand = await api.admin.get(why, params={"number": "on_hand"})
    assert "It adds up" in on_hand.text
    number = stores[0].own["number"]
    allocated = await api.admin.get(why, params={"number": "allocated"})
    assert f"/office/orders/{number}" in allocated.text
    assert "It adds up" in allocated.text
    assert "1 hold comes to 1" in await read(api.admin, why, number="held")
    assert "PO-S0001" in await read(api.admin, why, number="incoming")
    available = await read(api.admin, why, channel="web")
    assert "The movements come to" in available


async def test_the_grid_goes_on_page_by_page_and_passes_over_what_lies_nowhere(api, stores):
    first = await api.admin.get("/office/stock", params={"limit": 2})
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = await api.admin.get(following[1].replace("&amp;", "&"))
    assert second.status_code == 200
    assert set(re.findall(r'row-link" href="([^"]+)"', first.text)).isdisjoint(
        re.findall(r'row-link" href="([^"]+)"', second.text)
    )
    stocked = await read(api.admin, "/office/stock", stocked="true", location="S0002")
    assert "Red mug" in stocked
    assert "Tea spoon" not in stocked
    refused = await api.admin.get("/office/stock", params={"location": "NOWHERE"})
    assert (refused.status_code, "no location NOWHERE" in told(refused)) == (422, True)
    part = await api.admin.get("/office/stock", headers={"HX-Request": "true"})
    assert "<main" not in part.text


async def test_people_correct_stock_with_a_reason_and_only_once(database, api, stores):
    manager = await api.staff("manager")
    mug = await variant_id(api, "MUG")
    why = f"/office/stock/{mug}/S0001"
    lost = {"way": "less", "units": 3, "code": "stolen", "note": "Camera 4", "_wish": "once"}
    for _ in range(2):
        answer = await submit(manager, f"{why}/adjustment", **lost)
        assert answer.status_code == 303
    page = await manager.get(answer.headers["location"])
    assert "−3" in page.text
    assert "Stolen" in page.text
    position = re.search(r"position=([0-9a-f-]{36})", answer.headers["location"])
    assert position
    async with database.transaction(api.tenant) as tx:
        [entry] = await audit.list_entries(tx, subject=f"position:{position[1]}")
    assert (entry.action, entry.reason) == ("inventory.adjust", "Camera 4")
    counted = await submit(manager, f"{why}/count", quantity=11, condition="sellable")
    assert counted.status_code == 303
    graded = {"quantity": 2, "condition": "sellable", "becomes": "damaged"}
    assert (await submit(manager, f"{why}/regrade", **graded)).status_code == 303
    assert (await submit(manager, f"{why}/safety", units=4)).status_code == 303
    assert "this location's own number" in await read(manager, why, number="safety")
    assert "Damaged" in await read(manager, "/office/stock", tab="set_aside")
    same = {"quantity": 2, "condition": "sellable", "becomes": "sellable", "note": "kept"}
    refused = await submit(manager, f"{why}/regrade", **same)
    assert refused.status_code == 422
    assert 'value="kept"' in refused.text
    empty = await submit(manager, f"{why}/count", quantity="")
    assert empty.status_code == 422
    # A fact is recorded also when it takes what was promised: then it is told as short.
    assert (await submit(manager, f"{why}/count", quantity=0)).status_code == 303
    assert "S0001" in await read(manager, "/office/stock", tab="short")


async def test_an_associate_corrects_the_own_store_only(api, stores):
    here, other = stores
    mug = await variant_id(api, "MUG")
    own = f"/office/stock/{mug}/{here.code}"
    assert "Record count" in await read(here.associate, own)
    assert "Record count" not in await read(here.associate, f"/office/stock/{mug}/{other.code}")
    assert (await submit(here.associate, f"{own}/count", quantity=9)).status_code == 303
    foreign = await submit(here.associate, f"/office/stock/{mug}/{other.code}/count", quantity=9)
    assert foreign.status_code == 422
    adjusted = await submit(here.associate, f"{own}/adjustment", way="less", units=1, code="lost")
    assert adjusted.status_code == 403
    for number in ("on_hand", "allocated"):
        there = await read(here.associate, f"/office/stock/{mug}/{other.code}", number=number)
        assert other.own["number"] not in there
        assert here.own["number"] in await read(here.associate, own, number="allocated")
    coming = await read(here.associate, "/office/stock/incoming")
    assert f"PO-{here.code}" in coming
    assert f"PO-{other.code}" not in coming
    line = other.own["incoming"]
    taken = await submit(here.associate, f"/office/stock/incoming/{line}/arrival", units=1)
    assert taken.status_code == 422
    line = here.own["incoming"]
    taken = await submit(here.associate, f"/office/stock/incoming/{line}/arrival", units=2)
    assert taken.status_code == 303


async def test_feeds_tell_how_old_they_are_and_where_they_differed(database, api, stores):
    stale = datetime.now(UTC) - timedelta(days=4)
    message = {
        "source": "wms",
        "message": "m-1",
        "kind": "snapshot",
        "complete": False,
        "location": "S0001",
        "as_of": datetime.now(UTC).isoformat(),
        "rows": [{"sku": "MUG", "quantity": 99}, {"sku": "NO-SUCH", "quantity": 1}],
    }
    old = {"source": "till", "message": "m-0", "location": "S0002", "as_of": stale.isoformat()}
    for body in (message, message | old):
        sent = await api.admin.post("/api/v1/inventory/supply-messages", json=body)
        assert sent.status_code == 202, sent.text
    for reaction in REACTIONS:
        await run_reaction(database, api.tenant, reaction)
    feeds = await read(api.admin, "/office/stock/feeds")
    assert "Fresh" in feeds
    assert "Silent" in feeds
    assert "Silent" not in await read(api.admin, "/office/stock/feeds", location="S0001")
    listed = await api.admin.get("/office/stock/feeds/messages", params={"source": "wms"})
    assert "1 unknown SKU" in told(listed)
    path = re.search(r"/office/stock/feeds/messages/[0-9a-f-]{36}", listed.text)
    assert path
    corrected = await read(api.admin, path[0])
    assert "NO-SUCH" in corrected
    assert "Red mug" in corrected
    assert "99" in corrected
    other = await stores[1].associate.get(path[0])
    assert other.status_code == 404


async def test_parcels_are_seen_on_their_way_and_taken_in_by_their_store(database, lanes, api):
    await found_retailer(database, api.tenant)
    line = LineWish(sku="MUG", quantity=6, method="ship_to_store", store="S0001")
    placed = await place(lanes, api.tenant, wish(line, ship_to=None))
    await settle(database, api.tenant)
    [work] = await queue(database, api.tenant, order_id=placed.id)
    await pick(lanes, api.tenant, work.id)
    await pack(lanes, api.tenant, work.id)
    await settle(database, api.tenant)
    shown = await read(api.admin, "/office/stock/parcels")
    assert placed.number in shown
    assert "6 × Red mug" in shown
    arrival = f"/office/stock/parcels/{work.id}/arrival"
    assert (await submit(api.admin, arrival)).status_code == 303
    assert placed.number not in await read(api.admin, "/office/stock/parcels")
    assert placed.number in await read(api.admin, "/office/stock/parcels", state="arrived")
    again = await submit(api.admin, arrival)
    assert (again.status_code, "role=" in again.text) == (422, True)
