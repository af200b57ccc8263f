"""Prices are stored, shown over HTTP, and sound; every planted defect is named."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import msgspec
import pytest
from tests.edge import Client, clients
from tests.sourcing.world import MORNING, Shop, places_of, sourced, stocked, wish

from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx
from crosslane.sourcing import ROUTES, PriceRun, Sourced, explain, publish, save_receipts
from crosslane.sourcing.domain import Estimated
from crosslane.sourcing.domain.receipt import wanted_in
from crosslane.verify import verify
from crosslane.verify.sourcing import RULES


def run(**given: Any) -> PriceRun:
    usual: dict[str, Any] = {
        "id": new_id(),
        "at": MORNING,
        "as_of": MORNING,
        "valid_until": MORNING,
        "horizon_days": 7,
        "orders": 50,
        "counter_units": 20,
        "variants": 2,
        "variants_left": 0,
        "scale_percent": 50,
        "futures": 40,
        "tried": 20,
        "myopic_milli": 9_000,
        "half_milli": 7_000,
        "full_milli": 8_000,
        "milliseconds": 12,
        "compiled": True,
    }
    return PriceRun(**(usual | given))


def estimated(shop: Shop, **given: Any) -> Estimated:
    """A mug is worth much in Leeds, and so is one of its two parcels of the day."""
    mug, leeds = shop.variants["MUG"].id, shop.locations["LEEDS"].id
    return Estimated(
        run(**given),
        [(mug, leeds, 120_000), (mug, shop.locations["DC"].id, 1_000)],
        [(leeds, date(2011, 1, 5), 40_000), (leeds, date(2011, 1, 6), 500)],
    )


@pytest.fixture
async def client_of(database, lanes, tenant) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


async def test_published_prices_enter_plans_and_are_told(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5, LEEDS=5, ABERDEEN=5)
    await publish(tx, estimated(shop))
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 1), barred=("DC", "ABERDEEN")))
    assert isinstance(found, Sourced)
    told = explain(found.receipt.whole)
    (parcel,) = told.parcels
    assert (parcel.terms["scarcity"], parcel.terms["capacity"]) == (120_000, 40_000)
    assert told.looking_ahead == (
        "A unit of MUG at DC is worth 1,000 thousandths of a minor unit of GBP to later orders.",
        "A unit of MUG at LEEDS is worth 120,000 thousandths of a minor unit of GBP to later"
        " orders.",
        "A parcel of the day at LEEDS is worth 40,000 thousandths of a minor unit of GBP to later"
        " orders.",
    )
    # It is sent from there all the same: nobody else may.
    assert told.myopic is None


@pytest.mark.parametrize("kind", ["scarcity", "capacity"])
async def test_published_prices_change_who_serves_an_order(shop: Shop, tx: Tx, kind: str):
    await stocked(tx, shop, "MUG", DC=10, LEEDS=4)
    dc, mug = shop.locations["DC"].id, shop.variants["MUG"].id
    scarcity, capacity = [(mug, dc, 5_000_000)], [(dc, date(2011, 1, 5), 5_000_000)]
    (before,) = await sourced(tx, shop, wish(shop, ("MUG", 1)))
    found = (scarcity, []) if kind == "scarcity" else ([], capacity)
    await publish(tx, Estimated(run(), *found))
    (after,) = await sourced(tx, shop, wish(shop, ("MUG", 1)))
    assert isinstance(after, Sourced)
    assert places_of(shop, before) == [("MUG", "DC", 1)]
    assert places_of(shop, after) == [("MUG", "LEEDS", 1)]
    kept = after.receipt.whole.problem
    if kind == "scarcity":
        assert {c.scarcity_milli for c in kept.lines[0].candidates} == {0, 5_000_000}
    else:
        assert {place.capacity_milli for place in kept.places} == {0, 5_000_000}


@pytest.mark.parametrize("barred", [(), ("DC",)])
async def test_a_parcel_of_a_full_day_is_late_at_no_price(
    shop: Shop, tx: Tx, barred: tuple[str, ...]
):
    await stocked(tx, shop, "MUG", LEEDS=5)
    await publish(tx, estimated(shop))
    asked = [wish(shop, ("MUG", 1), barred=barred) for _ in range(4)]
    terms = [
        explain(found.receipt.whole).parcels[0].terms for found in await sourced(tx, shop, *asked)
    ]
    # Leeds sends two parcels a day; what others could have had of it is gone by then.
    assert [each.get("capacity", 0) for each in terms] == [40_000, 40_000, 0, 0]
    assert ["late" in each for each in terms] == [False, False, True, True]


async def test_prices_are_shown_with_how_they_came_about(
    shop: Shop, database: Database, tenant: str, client_of
):
    client = client_of("sourcing:read")
    empty = (await client.get("sourcing/prices")).json()
    assert empty == {"run": None, "used": False, "scarcity": [], "capacity": []}
    async with database.transaction(tenant) as tx:
        await publish(tx, estimated(shop))
    told = (await client.get("sourcing/prices", params={"sku": "MUG"})).json()
    assert told["scarcity"] == [
        {"location": "DC", "scarcity_milli": 1_000},
        {"location": "LEEDS", "scarcity_milli": 120_000},
    ]
    assert told["capacity"][0] == {
        "location": "LEEDS",
        "day": "2011-01-05",
        "capacity_milli": 40_000,
    }
    assert (told["used"], told["run"]["scale_percent"]) == (True, 50)
    assert (await client.get("sourcing/prices")).json()["scarcity"] == []
    assert (await client.get("sourcing/prices", params={"sku": "NONE"})).status_code == 404
    stranger = await client_of("orders:read").get("sourcing/prices")
    assert stranger.status_code == 403


async def test_an_estimate_takes_the_place_of_the_last_one(shop: Shop, tx: Tx):
    await publish(tx, estimated(shop))
    await publish(tx, Estimated(run(scale_percent=0), [], []))
    assert await tx.fetchval("select count(*) from sourcing_price_run") == 2
    assert await tx.fetchval("select count(*) from sourcing_price") == 0
    assert await tx.fetchval("select count(*) from sourcing_capacity_price") == 0


async def test_a_receipt_keeps_what_later_demand_is_foretold_from(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5)
    store = shop.locations["LEEDS"]
    fetched = wish(shop, ("MUG", 1), method="pickup", store=store, service="")
    found = await sourced(tx, shop, wish(shop, ("MUG", 2)), fetched)
    await save_receipts(tx, [each for each in found if isinstance(each, Sourced)])
    rows = await tx.fetch(
        "select channel, service, country, district, body from sourcing_receipt order by method"
    )
    assert [tuple(row)[:4] for row in rows] == [
        ("web", "", "GB", "LS1"),
        ("web", "STANDARD48", "GB", "AB10"),
    ]
    then = wanted_in(rows[1]["body"])
    assert [(line.sku, line.quantity) for line in then.lines] == [("MUG", 2)]
    assert [place.code for place in wanted_in(rows[0]["body"]).places] == ["LEEDS"]


async def test_sound_prices_have_no_finding(shop: Shop, tx: Tx):
    assert await verify(tx, RULES) == []
    await publish(tx, estimated(shop))
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        (
            "update sourcing_price set run_id = (select id from sourcing_price_run order by at"
            " limit 1)",
            "sourcing.prices_of_last_run",
        ),
        (
            "update sourcing_capacity_price set run_id = (select id from sourcing_price_run"
            " order by at limit 1)",
            "sourcing.prices_of_last_run",
        ),
        ("update sourcing_price_run set half_milli = 9001", "sourcing.prices_that_pay"),
        (
            "update sourcing_price_run set scale_percent = 0 where valid_until > at",
            "sourcing.prices_that_pay",
        ),
        (
            "update sourcing_price set location_ids[1] = gen_random_uuid()",
            "sourcing.priced_place",
        ),
        ("update sourcing_price set variant_id = gen_random_uuid()", "sourcing.priced_place"),
        (
            "update sourcing_capacity_price set location_id = gen_random_uuid()",
            "sourcing.priced_place",
        ),
    ],
)
async def test_a_defect_is_named(shop: Shop, tx: Tx, defect: str, rule: str):
    await publish(tx, estimated(shop))
    await tx.execute("update sourcing_price_run set at = at - interval '1 day'")
    await publish(tx, msgspec.structs.replace(estimated(shop), run=run(id=new_id())))
    await tx.execute(defect)
    assert {finding.rule for finding in await verify(tx, RULES)} == {rule}
