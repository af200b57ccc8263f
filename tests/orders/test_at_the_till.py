"""Who orders at a store pays at its till, whatever way the goods take."""

from uuid import UUID

import pytest

from crosslane import locations
from crosslane.kernel import new_id
from crosslane.orders import PLACE, LineWish, OrderView, PlaceOrder, TenderWish
from crosslane.payments import PutProvider, put_provider
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from tests.orders.world import view, wish
from tests.payments.fake import API_KEY, WEBHOOK_SECRET
from tests.soundness import assert_sound

LAMP_SENT = 2499 + 395
CARRIED = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
FETCHED = LineWish(sku="SPOON", quantity=2, method="ship_to_store", store="S0001")


@pytest.fixture
async def store(database: Database, shop: str) -> UUID:
    async with database.transaction(shop) as tx:
        house = PutProvider("house", "house", "http://127.0.0.1:9", API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
        return (await locations.network(tx)).require("S0001").id


async def place_at(
    database: Database, lanes: Lanes, shop: str, store: UUID, asked: PlaceOrder
) -> OrderView:
    """Place an order as an associate of a store does."""
    clerk = Actor("staff", "jo", frozenset({"orders:place"}), location_id=store)
    answer = await lanes.submit(shop, PLACE, Command(str(new_id()), clerk, asked))
    return await view(database, shop, answer.outcome.id)


async def taken_at(database: Database, shop: str, shown: OrderView) -> list[tuple]:
    """Return method, terms, place and amounts of an order's tenders."""
    async with database.transaction(shop) as tx:
        rows = await tx.fetch(
            "select method, terms, location_id, amount_minor, captured_minor"
            " from payments_payment where order_id = $1 order by amount_minor",
            shown.id,
        )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("method", ["cash", "card"])
async def test_what_a_warehouse_will_send_is_paid_at_the_store_where_it_is_ordered(
    database: Database, shop: str, lanes: Lanes, store: UUID, method: str
):
    asked = wish("LAMP", channel="till", tenders=[TenderWish(method=method)])
    shown = await place_at(database, lanes, shop, store, asked)
    assert await taken_at(database, shop, shown) == [(method, "taken", store, LAMP_SENT, LAMP_SENT)]
    await assert_sound(database, shop)


async def test_a_provider_s_card_is_authorized_and_charged_as_the_channel_does(
    database: Database, shop: str, lanes: Lanes, store: UUID
):
    card = TenderWish(method="card", provider="house", token="tok_1")
    shown = await place_at(
        database, lanes, shop, store, wish("LAMP", channel="till", tenders=[card])
    )
    [(_, terms, _, _, captured)] = await taken_at(database, shop, shown)
    assert (shown.status, terms, captured) == ("awaiting_payment", "per_parcel", 0)


async def test_who_orders_for_collection_still_pays_on_collection(
    database: Database, shop: str, lanes: Lanes, store: UUID
):
    asked = wish(FETCHED, channel="till", ship_to=None)
    shown = await place_at(database, lanes, shop, store, asked)
    [(_, terms, at, _, captured)] = await taken_at(database, shop, shown)
    assert (terms, at, captured) == ("at_collection", store, 0)


async def test_a_mixed_order_takes_several_tenders_at_the_till(
    database: Database, shop: str, lanes: Lanes, store: UUID
):
    tenders = [TenderWish(method="cash", minor=1000), TenderWish(method="card")]
    asked = wish("LAMP", FETCHED, CARRIED, channel="till", tenders=tenders)
    shown = await place_at(database, lanes, shop, store, asked)
    whole = LAMP_SENT + 600 + 199
    assert await taken_at(database, shop, shown) == [
        ("cash", "taken", store, 1000, 1000),
        ("card", "taken", store, whole - 1000, whole - 1000),
    ]
    assert shown.money.worth_minor == shown.money.captured_minor == whole
    await assert_sound(database, shop)


async def test_money_lies_in_the_till_it_was_given_at_not_where_goods_will_be_fetched(
    database: Database, shop: str, lanes: Lanes, store: UUID
):
    async with database.transaction(shop) as tx:
        here = (await locations.network(tx)).require("DC1").id
    shown = await place_at(database, lanes, shop, here, wish(FETCHED, "LAMP", channel="till"))
    [(_, terms, at, _, _)] = await taken_at(database, shop, shown)
    assert (terms, at) == ("taken", here)
