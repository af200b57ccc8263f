"""Pages of stores over HTTP, as forms are sent without scripts."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from crosslane.app import ROUTES
from crosslane.apps import store as app
from crosslane.apps.store.frame import tapped_at
from crosslane.kernel import new_id
from crosslane.platform.database import Database
from crosslane.platform.screens import read_form
from tests.api import Api
from tests.fulfillment.floor import settle
from tests.matrix.stores import Store, read, send
from tests.store.forms import FORM, form_of, post, press

HOME = {
    "name": "Ann Lee",
    "lines": ["1 High Street"],
    "city": "Oxford",
    "postcode": "OX1 1AA",
    "country": "GB",
}


async def state_of(api: Api, store: Store) -> str:
    return (await read(api.admin, f"fulfillment-orders/{store.own['work']}"))["state"]


async def made_ready(store: Store) -> str:
    """Accept and pick the pickup of a store by its pages; return where it is handed out."""
    path = f"/store/{store.code}/jobs/{store.own['work']}"
    page = await store.associate.get(path)
    assert (await press(store.associate, page, "/acceptances")).headers["location"] == path
    page = await store.associate.get(path)
    assert (await press(store.associate, page, "/picks")).status_code == 303
    return f"/store/{store.code}/pickups/{store.own['work']}"


async def test_an_associate_is_led_to_its_own_store(store: Store):
    answer = await store.associate.get("/store")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/store/{store.code}/today")
    page = await store.associate.get(answer.headers["location"])
    assert store.own["number"] in page.text
    part = await store.associate.get(page.url.path, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div class="stack" id="work"')


async def test_others_choose_a_store(api: Api, store: Store):
    page = await api.admin.get("/store")
    assert f"/store/{store.code}/today" in page.text
    assert (await api.admin.get("/store?q=nowhere")).status_code == 200
    assert store.own["number"] in (await api.admin.get(f"/store/{store.code}/today")).text


async def test_goods_are_handed_out_for_the_code_and_for_nothing_else(
    database: Database, api: Api, store: Store
):
    path = await made_ready(store)
    assert await state_of(api, store) == "ready"
    page = await store.associate.get(path)
    wrong = await press(store.associate, page, "/collection", pickup_code="0")
    assert wrong.status_code == 422
    assert "not the code" in wrong.text
    async with database.transaction(api.tenant) as tx:
        code = await tx.fetchval(
            "select pickup_code from fulfillment_order where id = $1", store.own["work"]
        )
    done = await press(store.associate, page, "/collection", pickup_code=f" {code[:3]} {code[3:]} ")
    assert done.status_code == 303
    assert await state_of(api, store) == "collected"


async def test_goods_are_handed_out_for_a_signature(api: Api, store: Store):
    path = await made_ready(store)
    page = await store.associate.get(path)
    to, fields = form_of(page, "/collection")
    signed = {**fields, "name": ["Ann Lee"], "strokes": ["M1 2L3 4"]}
    bad = {**signed, "strokes": ["M1 2<script>"]}
    refused = await post(store.associate, to, bad)
    assert refused.status_code == 422
    assert "<script>" not in refused.text.split("<main")[1]
    done = await post(store.associate, to, signed)
    assert done.status_code == 303
    page = await store.associate.get(path)
    assert "Signed by Ann Lee" in page.text
    assert 'd="M1 2L3 4"' in page.text


async def test_pressed_twice_it_is_done_once(store: Store):
    page = await store.associate.get(f"/store/{store.code}/stock/MUG")
    to, fields = form_of(page, "/counts")
    told = {**fields, "quantity": ["31"]}
    first, again = [await post(store.associate, to, told) for _ in range(2)]
    assert (first.status_code, again.status_code) == (303, 303)
    # A second count would find the books right.
    assert "off%20by" in first.headers["set-cookie"]
    assert again.headers["set-cookie"] == first.headers["set-cookie"]
    assert "<b>31</b>lie here" in (await store.associate.get(to.removesuffix("/counts"))).text


async def test_units_that_are_not_there_are_told(api: Api, store: Store):
    path = f"/store/{store.code}/jobs/{store.own['work']}"
    page = await store.associate.get(path)
    await press(store.associate, page, "/acceptances")
    page = await store.associate.get(path)
    _, fields = form_of(page, "/picks")
    found = next(name for name in fields if name.startswith("found."))
    assert fields[found] == ["2"]
    assert (await press(store.associate, page, "/picks", **{found: "1"})).status_code == 303
    work = await read(api.admin, f"fulfillment-orders/{store.own['work']}")
    assert (work["state"], work["lines"][0]["removed"]) == ("ready", 1)
    # Told once more with what the page had shown, nothing is left to be told of.
    again = await press(store.associate, page, "/picks", **{found: "1", "_wish": "f" * 32})
    assert again.status_code == 422


async def test_what_is_turned_down_goes_elsewhere(api: Api, store: Store):
    path = f"/store/{store.code}/jobs/{store.own['work']}"
    page = await store.associate.get(path)
    done = await press(store.associate, page, "/rejection", reason="damaged", note="wet")
    assert done.status_code == 303
    work = await read(api.admin, f"fulfillment-orders/{store.own['work']}")
    assert (work["state"], work["reason"]) == ("rejected", "damaged: wet")


async def test_a_parcel_goes_from_the_shelf_to_its_driver(
    database: Database, api: Api, store: Store
):
    await send(
        api.admin,
        "inventory/receipts",
        {"lines": [{"sku": "LAMP", "location": store.code, "quantity": 5}]},
    )
    shipped = {
        "channel": "web",
        "buyer": {"email": "ann@example.com", "name": "Ann Lee"},
        "ship_to": {
            "name": "Ann Lee",
            "lines": ["1 High Street"],
            "city": "Oxford",
            "postcode": "OX1 1AA",
            "country": "GB",
        },
        "lines": [{"sku": "MUG", "quantity": 1}],
        "tenders": [{"method": "cash"}],
    }
    placed = await send(api.admin, "orders", shipped)
    await settle(database, api.tenant)
    (work,) = (await read(api.admin, f"fulfillment-orders?order_id={placed['id']}"))["items"]
    code = next(
        place["code"]
        for place in (await read(api.admin, "locations"))["items"]
        if place["id"] == work["location_id"]
    )
    path = f"/store/{code}/jobs/{work['id']}"
    for action in ("/acceptances", "/picks", "/parcels"):
        page = await api.admin.get(path)
        if action == "/acceptances" and work["state"] == "accepted":
            continue
        assert (await press(api.admin, page, action)).status_code == 303, action
    page = await api.admin.get(path)
    assert "The label is being made" in page.text
    part = await api.admin.get(path, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="parcels"')
    await settle(database, api.tenant)
    page = await api.admin.get(path)
    label = re.search(rf"{path}/parcels/1/label", page.text)
    assert label
    assert (await api.admin.get(label[0])).headers["content-type"] == "application/pdf"
    assert placed["number"] in (await api.admin.get(f"/store/{code}/leaving")).text
    assert (await press(api.admin, page, "/handovers")).status_code == 303
    assert placed["number"] not in (await api.admin.get(f"/store/{code}/leaving")).text


async def test_parcels_from_elsewhere_are_received(database: Database, api: Api, store: Store):
    line = {"sku": "LAMP", "quantity": 2, "method": "ship_to_store", "store": store.code}
    buyer = {"email": "ann@example.com", "name": "Ann Lee"}
    order = {"channel": "web", "buyer": buyer, "lines": [line], "tenders": [{"method": "cash"}]}
    placed = await send(api.admin, "orders", order)
    await settle(database, api.tenant)
    (work,) = (await read(api.admin, f"fulfillment-orders?order_id={placed['id']}"))["items"]
    await send(api.admin, "picks", {"picks": [{"fulfillment_order": work["id"]}]})
    await send(api.admin, "parcels", {"packs": [{"fulfillment_order": work["id"]}]})
    await settle(database, api.tenant)
    page = await store.associate.get(f"/store/{store.code}/arrivals")
    assert placed["number"] in page.text
    assert (await press(store.associate, page, f"/arrivals/{work['id']}")).status_code == 303
    again = await press(store.associate, page, f"/arrivals/{work['id']}", _wish="e" * 32)
    assert again.status_code == 422
    assert placed["number"] in (await store.associate.get(f"/store/{store.code}/pickups")).text


async def test_what_is_scanned_leads_to_what_it_is(store: Store):
    async def leads(q: str) -> str:
        answer = await store.associate.get(f"/store/{store.code}/find?" + urlencode({"q": q}))
        assert answer.status_code == 303
        return answer.headers["location"].removeprefix(f"/store/{store.code}/")

    assert await leads(store.own["number"].lower()) == f"jobs/{store.own['work']}"
    assert await leads("O'Hara") == "pickups?q=O%27Hara"
    assert await leads("5012345678900") == "stock?q=5012345678900"
    assert await leads("//evil.example") == "pickups?q=%2F%2Fevil.example"
    await made_ready(store)
    assert await leads(store.own["number"]) == f"pickups/{store.own['work']}"


async def test_pickups_are_found_by_name(store: Store):
    await made_ready(store)
    base = f"/store/{store.code}/pickups"
    found = await store.associate.get(base + "?q=buyer+" + store.code)
    assert found.headers["location"] == f"{base}/{store.own['work']}"
    assert "Nothing here is called that" in (await store.associate.get(base + "?q=zz")).text


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (timedelta(minutes=-20), True),
        (timedelta(seconds=30), True),
        (timedelta(days=-3), False),
        (timedelta(hours=1), False),
    ],
)
def test_a_tap_counts_from_when_it_was_made(at: timedelta, counts: bool):
    now = datetime.now(UTC)
    told = tapped_at(read_form(urlencode({"at": (now + at).isoformat()}).encode()))
    assert (told is not None) == counts
    assert told is None or told <= datetime.now(UTC)


async def test_a_page_speaks_german(store: Store):
    page = await store.associate.get(
        f"/store/{store.code}/today", headers={"Accept-Language": "de"}
    )
    assert "anzunehmen" in page.text


# What each address is aimed at in another store.
FIELDS = {"work": "{work}", "quantity": "1", "reason": "damaged", "pickup_code": "1"}


async def test_nobody_enters_another_store(api: Api, stores: list[Store]):
    stranger, victim = stores
    before = await read(api.admin, f"fulfillment-orders/{victim.own['work']}")
    tried = 0
    for route in app.ROUTES:
        if "{code}" not in route.path:
            continue
        # By the other's address, and by the own address with the other's things.
        for code in (victim.code, stranger.code):
            path = route.path.format(code=code, work_id=victim.own["work"], sku="MUG", number=1)
            own = code == stranger.code
            if own and "{work_id}" not in route.path and route.name != "store.accept_work":
                continue
            body = urlencode({**FIELDS, "work": victim.own["work"], "_wish": new_id().hex})
            if route.method == "GET":
                answer = await stranger.associate.get(path)
            else:
                answer = await stranger.associate.post(path, content=body, headers=FORM)
            assert answer.status_code in (403, 404), (route.name, path, answer.status_code)
            assert victim.own["number"] not in answer.text
            tried += 1
    assert tried > len(app.ROUTES)
    assert await read(api.admin, f"fulfillment-orders/{victim.own['work']}") == before
    assert all(route in ROUTES for route in app.ROUTES)


async def test_somebody_of_all_stores_takes_each_for_itself(api: Api, stores: list[Store]):
    first, second = stores
    for path in ("jobs", "pickups"):
        answer = await api.admin.get(f"/store/{first.code}/{path}/{second.own['work']}")
        assert answer.status_code == 404


async def test_a_shelf_is_scanned_on_the_page_of_an_article_and_leads_the_way(store: Store):
    path = f"/store/{store.code}/stock/MUG"
    page = await store.associate.get(path)
    for code in ("b2-1", "A10-3"):
        page = await press(store.associate, await store.associate.get(path), "/bins", bin=code)
        assert page.headers["location"] == path
    job = (await store.associate.get(f"/store/{store.code}/jobs/{store.own['work']}")).text
    assert "Aisle B2" in job
    assert "also A10-3" in job
    page = await store.associate.get(path)
    await press(store.associate, page, "/bins", first="A10-3")
    listed = (await store.associate.get(f"/store/{store.code}/jobs/{store.own['work']}")).text
    assert "Aisle A10" in listed
    await press(store.associate, await store.associate.get(path), "/bins", gone="A10-3")
    await press(store.associate, await store.associate.get(path), "/bins", gone="B2-1")
    refused = await press(store.associate, await store.associate.get(path), "/bins", bin="?!")
    assert refused.status_code == 422
    assert "is no code of a bin" in refused.text
    bare = (await store.associate.get(f"/store/{store.code}/jobs/{store.own['work']}")).text
    assert "Shelf unknown" in bare
