"""What channels say of goods on their way: done by the location's own hands, once, in any order."""

import itertools

import pytest

from crosslane import orders
from crosslane.fulfillment import Numbered, Pack, PackParcel
from crosslane.platform.database import Database
from tests.channels.bazaar import about, order
from tests.channels.market import Market, moved, open_market
from tests.fulfillment.floor import pack, pick


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    return await open_market(database, tenant)


def pickup(source_id: str = "B-1") -> dict:
    line = {"sku": "MUG", "quantity": 1, "unit_price_milli": 100_000}
    lines = [line | {"method": "pickup", "store": "S0001"}]
    return order(source_id, lines=lines, ship_to=None)


async def test_a_shipment_comes_as_far_as_was_told_in_any_order_and_twice(market: Market):
    sequences = list(itertools.permutations(range(4)))[::4]
    for number, sequence in enumerate(sequences):
        name, shipment = f"B-{number}", f"F-{number}"
        sent = {"carrier": "DHL", "tracking": [f"T{number}"], "location": "DC1"}
        messages = [
            order(name, ("MUG", 1), ("SPOON", 1)),
            moved("accepted", shipment, 1, order=name),
            moved("shipped", shipment, 2, order=name, **sent),
            moved("delivered", shipment, 3, order=name),
        ]
        for place in sequence:
            await market.tell(messages[place], messages[place])
        assert await market.stages(name) == {"delivered": 2}, sequence
        (work,) = await market.works(name)
        assert (work.state, [parcel.state for parcel in work.parcels]) == ("shipped", ["delivered"])
    assert await market.on_hand("MUG", "DC1") == 10 - len(sequences)
    assert set(await market.states()) == {"applied", "outdated", "repeated"}
    await market.assert_sound()


async def test_parts_of_an_order_leave_one_after_the_other_and_no_more_than_there_are(
    market: Market,
):
    await market.tell(order("B-1", ("MUG", 3)))
    first = moved("shipped", "F-1", tracking=["T1"], lines=[{"id": "1", "quantity": 2}])
    await market.tell(first | {"carrier": "Royal Mail", "links": ["https://track.example/T1"]})
    (work,) = await market.works()
    assert (work.state, work.lines[0].gone, work.lines[0].to_pick) == ("accepted", 2, 1)
    told = work.parcels[0]
    assert (told.carrier, told.tracking_number) == ("Royal Mail", "T1")
    assert told.tracking_url == "https://track.example/T1"
    await market.tell(moved("shipped", "F-2", lines=[{"sku": "MUG", "quantity": 2}]))
    assert (await market.codes())[-1] == ("quarantined", "units-exceeded")
    await market.tell(moved("shipped", "F-3", lines=[{"sku": "MUG", "quantity": 1}]))
    assert await market.stages() == {"handed_over": 3}
    await market.assert_sound()


async def test_what_our_own_hands_have_sent_is_told_apart_from_another_shipment(market: Market):
    await market.tell(order("B-1", ("MUG", 1)), order("B-2", ("MUG", 1)))
    works = [(await market.works(name))[0] for name in ("B-1", "B-2")]
    await pick(market.lanes, market.tenant, *(work.id for work in works))
    for work, number in zip(works, ("OWN1", ""), strict=True):
        parcel = PackParcel(numbered=Numbered(carrier="DPD", tracking_number=number))
        await pack(market.lanes, market.tenant, Pack(work.id, (parcel,)))
    await market.work()
    assert await market.stages() == {"handed_over": 1}
    await market.tell(moved("shipped", tracking=["OWN1"], lines=[{"sku": "MUG", "quantity": 1}]))
    again = moved("delivered", "F-2", order="B-2", lines=[{"sku": "MUG", "quantity": 1}])
    await market.tell(again)
    assert await market.states(source_id="F-1") == ["applied"]
    assert await market.stages("B-2") == {"delivered": 1}
    assert [len((await market.works(name))[0].parcels) for name in ("B-1", "B-2")] == [1, 1]
    await market.assert_sound()


async def test_goods_lie_ready_and_are_collected_as_the_channel_says(market: Market):
    await market.tell(moved("collected", version=2), pickup())
    assert await market.stages() == {"handed_over": 1}
    await market.tell(moved("ready", version=1))
    assert await market.states() == ["applied", "applied", "outdated"]
    await market.tell(pickup("B-2"), moved("shipped", "F-2", order="B-2"))
    assert (await market.codes())[-1] == ("quarantined", "way-differs")
    await market.assert_sound()


async def test_a_place_turns_its_work_down_and_other_stock_is_found(market: Market):
    await market.tell(order("B-1", ("MUG", 1)))
    (work,) = await market.works()
    await market.tell(moved("rejected", reason="no staff"))
    works = await market.works()
    assert (works[0].state, len(works)) == ("rejected", 2)
    assert works[0].location_id != works[1].location_id
    assert work.id == works[0].id
    await market.assert_sound()


async def test_goods_of_a_stopped_order_are_waited_for(market: Market):
    stop = [{"kind": "payment", "reason": "not paid yet"}]
    await market.tell(order("B-1", ("MUG", 1), stops=stop), moved("shipped", tracking=["T1"]))
    assert (await market.codes())[-1] == ("parked", "work-missing")
    await market.tell(about("payment", outcome="paid"))
    assert await market.stages() == {"handed_over": 1}
    assert await market.states() == ["applied"] * 3
    await market.assert_sound()


async def test_a_line_that_an_amendment_brings_is_waited_for(market: Market):
    await market.tell(order("B-1", ("MUG", 1)))
    goods = [{"id": "x", "quantity": 2}]
    await market.tell(moved("shipped", lines=goods, tracking=["T1"]))
    assert (await market.codes())[-1] == ("parked", "goods-unknown")
    added = [{"id": "x", "sku": "SPOON", "quantity": 2, "unit_price_milli": 50_000}]
    await market.tell(about("amendment", "B-1", 2, lines=added))
    assert await market.stages() == {"released": 1, "handed_over": 2}
    await market.assert_sound()


async def test_what_asks_nothing_is_kept_with_the_reason(market: Market):
    await market.tell(order("B-1", ("MUG", 1)))
    await market.tell(moved("requested"), moved("cancelled", "F-2"), moved("failed", "F-3"))
    await market.tell(moved("received", "F-4", order=""))
    assert (await market.codes())[1:] == [
        ("kept", "requested"),
        ("kept", "cancelled"),
        ("kept", "failed"),
        ("kept", "of-no-order"),
    ]
    await market.tell(moved("shipped", "F-5", version=2))
    await market.tell(moved("cancelled", "F-5", version=3))
    assert (await market.codes())[-1] == ("quarantined", "left-already")
    await market.tell(moved("shipped", "F-6", location="NOWHERE"))
    assert (await market.codes())[-1] == ("quarantined", "location-unknown")
    await market.assert_sound()


async def test_a_suppliers_shipment_is_incoming_as_it_was_told_last(market: Market):
    sequences = list(itertools.permutations(range(3)))
    for number, sequence in enumerate(sequences):

        def coming(version: int, name: str = f"ASN-{number}", **units: int) -> dict:
            lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
            due = "2011-01-09T08:00:00Z"
            told = {"order": "", "to": "DC1", "due_at": due, "lines": lines}
            return moved("shipped", name, version, **told)

        messages = [coming(1, MUG=10, LAMP=4), coming(2, MUG=12), coming(3, MUG=11, SPOON=5)]
        for place in sequence:
            await market.tell(messages[place])
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        rows = await tx.fetch(
            "select v.sku, i.quantity, count(*) from inventory_incoming i"
            " join catalog_variant v on v.id = i.variant_id where i.quantity > 0 group by 1, 2"
            " order by 1"
        )
    assert [tuple(row) for row in rows] == [("MUG", 11, 6), ("SPOON", 5, 6)]
    await market.assert_sound()


async def test_goods_that_are_gone_leave_though_their_channel_had_held_the_order(market: Market):
    sent_already = [{"kind": "manual", "reason": "It was sent already"}]
    await market.tell(moved("shipped"))
    await market.tell(order("B-1", stops=sent_already))
    assert await market.stages() == {"handed_over": 1}
    shown = await market.order("B-1")
    assert [(one.kind, one.resolved_by) for one in shown.stops] == [
        ("manual", "system:channel:bazaar")
    ]
    await market.assert_sound()


async def test_what_somebody_of_ours_has_stopped_stays_whatever_the_channel_says(market: Market):
    await market.tell(order("B-1"))
    shown = await market.order("B-1")
    wish = orders.RaiseStop(shown.id, "manual", "Let me look")
    await market.lanes.run(market.tenant, orders.RAISE_STOP, "stop", wish)
    await market.work()
    await market.tell(moved("shipped"))
    assert (await market.codes())[-1] == ("parked", "work-missing")
    assert await market.stages() == {"allocated": 1}
    await market.assert_sound()


@pytest.mark.parametrize("amended_first", [True, False])
async def test_units_of_an_amendment_may_leave_before_it_comes(market: Market, amended_first: bool):
    await market.tell(order("B-1", ("MUG", 1)))
    gone = moved("shipped", lines=[{"id": "1", "quantity": 3}])
    more = about("amendment", lines=[{"id": "1", "quantity": 3}])
    await market.tell(more if amended_first else gone)
    if not amended_first:
        assert (await market.codes())[-1] == ("quarantined", "units-exceeded")
    await market.tell(gone if amended_first else more)
    assert await market.stages() == {"handed_over": 3}
    assert await market.states() == ["applied"] * 3
    await market.assert_sound()
