import asyncio
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from crosslane.orders import (
    PLACE,
    AttributionWish,
    BuyerWish,
    LineWish,
    PlaceOrder,
    StopWish,
    TenderWish,
    errors,
)
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from tests.orders.world import HOME, buckets, give_credit, place, refusal, set_policy, view, wish
from tests.soundness import assert_sound

BEFORE_RISE = datetime(2011, 1, 3, 12, tzinfo=UTC)
AFTER_RISE = datetime(2011, 1, 5, 12, tzinfo=UTC)


async def test_an_order_is_priced_allocated_and_ready(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG", "LAMP"))
    assert (placed.status, placed.currency) == ("confirmed", "GBP")
    assert placed.gross_minor == 600 + 2499 + 395
    shown = await view(database, shop, placed.id)
    assert buckets(shown) == {
        "MUG": {("allocated", "DC1"): 1},
        "LAMP": {("allocated", "DC2"): 1},
    }
    assert all(line.promised_at for line in shown.lines)
    assert shown.money.worth_minor == shown.money.authorized_minor == placed.gross_minor
    assert [a.beneficiary_kind for a in shown.attributions] == ["none", "none"]
    await assert_sound(database, shop)


async def test_what_nobody_has_waits_and_has_no_promise(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=20)))
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {
        ("backordered", ""): 6,
        ("allocated", "DC1"): 10,
        ("allocated", "S0001"): 4,
    }
    assert shown.lines[0].promised_at is None
    await assert_sound(database, shop)


async def test_a_channel_that_does_not_backorder_refuses_and_leaves_the_stock(
    database: Database, shop: str, lanes: Lanes
):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "orders.intake", {"shortage": "refuse"}, "web")
    refused = await refusal(lanes, shop, wish("LAMP", LineWish(sku="MUG", quantity=15)))
    assert isinstance(refused, errors.NotEnoughStock)
    assert "14 of 15" in refused.message
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=14)))
    assert placed.lines[0].allocated == 14
    await assert_sound(database, shop)


async def test_a_bundle_is_shown_whole_and_promised_in_parts(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="SET", quantity=2)))
    shown = await view(database, shop, placed.id)
    own, *parts = shown.lines
    assert (own.sku, own.is_bundle, own.gross_minor) == ("SET", True, 2700)
    assert {part.sku: (part.quantity, part.gross_minor) for part in parts} == {
        "MUG": (4, 2026),
        "SPOON": (4, 674),
    }
    assert shown.money.worth_minor == 2700 + 395
    await assert_sound(database, shop)


@pytest.mark.parametrize(
    ("changes", "refused", "pointer"),
    [
        ({"channel": "fax"}, "UnknownChannel", "/channel"),
        ({"ship_to": None}, "AddressNeeded", "/ship_to"),
        ({"placed_at": BEFORE_RISE}, "BackdatingForbidden", "/placed_at"),
        ({"tenders": [TenderWish(method="cash", minor=1)]}, "TendersDiffer", "/tenders"),
        ({"service": "ROCKET"}, None, None),
        ({"lines": [LineWish(sku="NONE", quantity=1)]}, "SkuNotOnSale", "/lines/0/sku"),
        (
            {"lines": [LineWish(sku="MUG", quantity=1, method="pickup")]},
            "StoreNeeded",
            "/lines/0/store",
        ),
        (
            {"lines": [LineWish(sku="MUG", quantity=1, method="pickup", store="DC1")]},
            "StoreUnfit",
            "/lines/0/store",
        ),
        (
            {"ship_to": msgspec.structs.replace(HOME, postcode="nonsense")},
            "BadPostcode",
            "/ship_to/postcode",
        ),
    ],
)
async def test_a_wish_that_does_not_fit_is_refused_with_its_place(
    database: Database, shop: str, lanes: Lanes, changes: dict, refused: str | None, pointer: str
):
    answer = await refusal(lanes, shop, msgspec.structs.replace(wish("MUG"), **changes))
    if refused:
        assert (type(answer).__name__, answer.pointer) == (refused, pointer)
    async with database.transaction(shop) as tx:
        assert await tx.fetchval("select count(*) from orders_order") == 0
        assert await tx.fetchval("select sum(allocated) from inventory_position") == 0
    await assert_sound(database, shop)


async def test_a_marketplace_order_to_a_bad_address_is_stopped_instead(
    database: Database, shop: str, lanes: Lanes
):
    asked = wish(
        LineWish(sku="MUG", quantity=1, unit_price_milli=550_000),
        channel="bazaar",
        source_id="B-1",
        ship_to=msgspec.structs.replace(HOME, postcode="nonsense"),
        tenders=[TenderWish(method="marketplace")],
        shipping_minor=0,
    )
    placed = await place(lanes, shop, asked)
    assert (placed.status, placed.gross_minor) == ("on_hold", 550)
    shown = await view(database, shop, placed.id)
    assert [stop.kind for stop in shown.stops] == ["address"]
    again = await refusal(lanes, shop, asked)
    assert isinstance(again, errors.SourceIdTaken)
    assert placed.number in again.message
    await assert_sound(database, shop)


async def test_tax_goes_by_the_day_of_the_sale(database: Database, shop: str, lanes: Lanes):
    async with database.transaction(shop) as tx:
        await give_credit(tx, "17850", 10_000_00)
    rates = []
    for placed_at in (BEFORE_RISE, AFTER_RISE):
        placed = await place(
            lanes,
            shop,
            wish(
                "MUG",
                channel="trade",
                placed_at=placed_at,
                buyer=BuyerWish(account_number="17850"),
                tenders=[TenderWish(method="on_account")],
            ),
        )
        shown = await view(database, shop, placed.id)
        rates.append((shown.lines[0].tax_rate_bp, shown.placed_at))
    assert rates == [(1750, BEFORE_RISE), (2000, AFTER_RISE)]


async def test_goods_carried_out_are_sold_at_once_even_below_zero(
    database: Database, shop: str, lanes: Lanes
):
    asked = PlaceOrder(
        channel="till",
        source_id="T1-0001",
        lines=[LineWish(sku="MUG", quantity=5, method="carry_out", store="S0001")],
        tenders=[TenderWish(method="cash")],
    )
    placed = await place(lanes, shop, asked)
    assert placed.status == "handed_over"
    shown = await view(database, shop, placed.id)
    assert shown.closed_at is not None
    assert buckets(shown)["MUG"] == {("handed_over", "S0001"): 5}
    assert shown.money.captured_minor == shown.money.earned_minor == 3000
    async with database.transaction(shop) as tx:
        on_hand = await tx.fetch("select on_hand from inventory_position order by on_hand")
        assert on_hand[0]["on_hand"] == -1
    await assert_sound(database, shop)


async def test_a_mixed_order_is_paid_at_the_till(database: Database, shop: str, lanes: Lanes):
    taken_along = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
    card = TenderWish(method="card", provider="house", token="tok_decline_stolen")
    asked = wish(taken_along, "LAMP", channel="till", tenders=[card])
    refused = await refusal(lanes, shop, asked)
    assert isinstance(refused, errors.PaidAtTheTill)
    assert refused.pointer == "/tenders/0/provider"
    terminal = msgspec.structs.replace(asked, tenders=[TenderWish(method="card")])
    shown = await view(database, shop, (await place(lanes, shop, terminal)).id)
    assert shown.money.captured_minor == shown.money.worth_minor == 600 + 2499 + 395
    assert buckets(shown) == {
        "MUG": {("handed_over", "S0001"): 1},
        "LAMP": {("allocated", "DC2"): 1},
    }
    await assert_sound(database, shop)


async def test_a_pickup_is_allocated_at_its_store_and_ship_to_store_elsewhere(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(
        lanes,
        shop,
        wish(
            LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"),
            LineWish(sku="LAMP", quantity=1, method="ship_to_store", store="S0001"),
            ship_to=None,
        ),
    )
    shown = await view(database, shop, placed.id)
    assert buckets(shown) == {
        "MUG": {("allocated", "S0001"): 1},
        "LAMP": {("allocated", "DC2"): 1},
    }
    assert shown.charges == []
    assert all(line.promised_at for line in shown.lines)


async def test_stops_hold_an_order_back_from_the_first_moment(
    database: Database, shop: str, lanes: Lanes
):
    asked = wish("MUG", stops=[StopWish("fraud", "the card was reported")])
    placed = await place(lanes, shop, asked)
    assert placed.status == "on_hold"
    async with database.transaction(shop) as tx:
        kinds = await tx.fetch("select kind from platform_log order by id")
    told = {row["kind"] for row in kinds}
    assert "orders.StopRaised" in told
    assert "orders.OrderReady" not in told


async def test_credit_for_a_line_is_kept(database: Database, shop: str, lanes: Lanes):
    sold = AttributionWish(role="sold", staff="jo", share_bp=6000)
    helped = AttributionWish(role="sold", location="S0001", share_bp=4000)
    placed = await place(
        lanes, shop, wish(LineWish(sku="MUG", quantity=1, attributions=[sold, helped]))
    )
    shown = await view(database, shop, placed.id)
    assert {(a.beneficiary_kind, a.beneficiary_id, a.share_bp) for a in shown.attributions} == {
        ("staff", "jo", 6000),
        ("location", "S0001", 4000),
    }


async def test_a_long_order_that_loses_a_race_takes_what_is_left(database: Database, shop: str):
    sides = [Lanes(database) for _ in range(6)]
    long = [LineWish(sku="SPOON", quantity=4), LineWish(sku="MUG", quantity=1), "LAMP"]
    answers = await asyncio.gather(
        *(
            sides[n % 6].submit(shop, PLACE, Command(f"k{n}", SYSTEM, wish(*long)))
            for n in range(12)
        )
    )
    lines = [line for a in answers for line in a.outcome.lines]
    taken = Counter(dict.fromkeys(("SPOON", "MUG", "LAMP"), 0))
    for line in lines:
        taken[line.sku] += line.allocated
    assert taken == {"SPOON": 48, "MUG": 12, "LAMP": 5}
    await assert_sound(database, shop)
    for side in sides:
        await side.drain()


async def test_many_orders_for_the_last_units_never_oversell(database: Database, shop: str):
    sides = [Lanes(database) for _ in range(4)]
    asked = wish(LineWish(sku="LAMP", quantity=1))
    answers = await asyncio.gather(
        *(sides[n % 4].submit(shop, PLACE, Command(f"k{n}", SYSTEM, asked)) for n in range(64))
    )
    placed = [a.outcome for a in answers]
    assert sum(p.lines[0].allocated for p in placed) == 5
    assert sum(p.lines[0].backordered for p in placed) == 59
    assert len({p.number for p in placed}) == 64
    await assert_sound(database, shop)
    for side in sides:
        await side.drain()
