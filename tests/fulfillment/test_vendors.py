"""Work of vendors: their messages move it, in any order and any number of times."""

from itertools import permutations
from pathlib import Path

import pytest

from crosslane import catalog, inventory, ledger, locations
from crosslane.fulfillment import errors
from crosslane.orders import CANCEL, CancelLine, CancelUnits
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.organization import book as organization_book
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.vendors import Deliver, LineUnits, Short
from crosslane.vendors.service.commands import GIVE_UP, GiveUp
from tests.fulfillment.floor import pick
from tests.orders.world import buckets
from tests.vendors.shop import Play, add_vendor, counted, only_vendor_has_mugs, report_stock, sound
from tests.vendors.strict import StrictVendor

COST_MINOR = 1052  # three units at 3.505


@pytest.fixture
async def play(database: Database, shop: str, lanes: Lanes):
    """A retailer whose only mugs are a vendor's; people pass its orders on."""
    await only_vendor_has_mugs(database, shop)
    return Play(database, shop, lanes, await add_vendor(database, shop))


async def test_a_vendor_ships_and_the_customer_has_paid(play: Play):
    placed = await play.order(3)
    (work,) = await play.works(placed)
    purchase = await play.purchase(placed)
    assert (purchase.id, work.state, purchase.lines[0].vendor_sku) == (work.id, "offered", "P-0815")
    await play.tell(play.acknowledge(purchase))
    assert [w.state for w in await play.works(placed)] == ["accepted"]
    await play.tell(play.ship(purchase, 2, "T1"), play.ship(purchase, 1, "T2"))
    (work,) = await play.works(placed)
    assert (work.state, [p.tracking_number for p in work.parcels]) == ("shipped", ["T1", "T2"])
    assert work.parcels[0].tracking_url == "https://vans.example/T1"
    shown = await play.view(placed)
    assert (shown.status, shown.money.captured_minor) == ("handed_over", placed.gross_minor)
    for number in ("T1", "T2"):
        about = play.about(purchase)
        await play.tell(Deliver(**about, carrier="VANS", tracking_number=number))
    assert (await play.view(placed)).status == "delivered"
    await sound(play)


async def test_people_do_not_pick_for_a_vendor(play: Play):
    placed = await play.order(1)
    (work,) = await play.works(placed)
    with pytest.raises(errors.SuppliedByVendor):
        await pick(play.lanes, play.tenant, work.id)


async def test_short_units_come_from_elsewhere_and_the_vendor_is_not_asked_again(play: Play):
    placed = await play.order(3)
    purchase = await play.purchase(placed)
    async with play.database.transaction(play.tenant) as tx:
        await report_stock(tx, (await locations.network(tx)).by_code["DC2"].id, 5)
    await play.tell(play.short(purchase, 1))
    assert buckets(await play.view(placed))["MUG"] == {
        ("released", "V01"): 2,
        ("released", "DC2"): 1,
    }
    await play.tell(play.short(purchase, 2))
    assert buckets(await play.view(placed))["MUG"] == {("released", "DC2"): 3}
    states = {w.location_id: w.state for w in await play.works(placed)}
    assert states[play.vendor] == "rejected"
    await sound(play)


async def test_messages_in_any_order_and_twice_end_in_the_same_state(play: Play):
    seen = set()
    for number, order in enumerate(permutations(range(5))):
        if number % 17:
            continue  # eight of the hundred and twenty orders
        async with play.database.transaction(play.tenant) as tx:
            await report_stock(tx, play.vendor, 6)
        placed = await play.order(3)
        purchase = await play.purchase(placed)
        messages = [
            play.acknowledge(purchase),
            play.short(purchase, 1),
            play.ship(purchase, 2),
            play.invoice(purchase, 2, 701, f"I-{number}"),
            Deliver(**play.about(purchase), carrier="VANS", tracking_number="T1"),
        ]
        for index in order:
            await play.tell(messages[index], messages[index])
        (work,) = [w for w in await play.works(placed) if w.location_id == play.vendor]
        after = await play.shown(purchase.id)
        line = work.lines[0]
        states = (work.state, work.parcels[0].state)
        seen.add((*counted(after), *states, line.gone, line.removed, tuple(after.problems)))
    assert seen == {(1, 2, 2, 0, 0, "shipped", "delivered", 2, 1, ("undelivered",))}
    await sound(play)


async def test_a_cancelled_unit_is_withdrawn_and_what_is_shipped_anyway_is_a_problem(play: Play):
    placed = await play.order(3)
    purchase = await play.purchase(placed)
    line = placed.lines[0].id
    cancel = CancelUnits(order_id=placed.id, lines=[CancelLine(line, 1)], reason="too many")
    await play.lanes.run(play.tenant, CANCEL, "cancel", cancel)
    await play.settle()
    after = await play.shown(purchase.id)
    assert (after.version, after.lines[0].withdrawn, after.lines[0].left) == (2, 1, 2)
    await play.tell(play.ship(purchase, 3))
    after = await play.shown(purchase.id)
    assert "surplus" in after.problems
    assert (await play.view(placed)).status == "handed_over"
    (work,) = await play.works(placed)
    assert (work.lines[0].gone, work.lines[0].removed) == (2, 1)
    await sound(play)


async def test_a_shipment_beats_a_cancellation_that_the_vendor_could_not_know(play: Play):
    placed = await play.order(2)
    purchase = await play.purchase(placed)
    cancel = CancelUnits(order_id=placed.id, reason="too late")
    await play.lanes.run(play.tenant, CANCEL, "cancel", cancel)
    # The vendor's word arrives before anybody reacted to the cancellation.
    await play.tell(play.ship(purchase, 2))
    assert (await play.view(placed)).status == "cancelled"
    after = await play.shown(purchase.id)
    assert (after.lines[0].surplus, "surplus" in after.problems) == (2, True)
    (work,) = await play.works(placed)
    assert (work.state, work.parcels) == ("cancelled", [])
    await sound(play)


async def test_a_given_up_order_is_supplied_from_elsewhere(play: Play):
    placed = await play.order(2)
    purchase = await play.purchase(placed)
    async with play.database.transaction(play.tenant) as tx:
        await report_stock(tx, (await locations.network(tx)).by_code["DC2"].id, 5)
    await play.lanes.run(play.tenant, GIVE_UP, "give up", GiveUp(purchase.id, "no answer"))
    await play.settle()
    assert buckets(await play.view(placed))["MUG"] == {("released", "DC2"): 2}
    after = await play.shown(purchase.id)
    assert (after.version, after.lines[0].withdrawn, after.lines[0].left) == (2, 2, 0)
    await sound(play)


async def test_a_vendors_falling_feed_does_not_take_back_what_it_was_asked_for(play: Play):
    placed = await play.order(3)
    async with play.database.transaction(play.tenant) as tx:
        await report_stock(tx, play.vendor, 0)
    await play.settle()
    assert buckets(await play.view(placed))["MUG"] == {("released", "V01"): 3}
    await play.tell(play.ship(await play.purchase(placed), 3))
    assert (await play.view(placed)).status == "handed_over"
    await sound(play)


async def test_an_order_of_several_lines_is_one_purchase_order(play: Play):
    placed = await play.order(1)
    purchase = await play.purchase(placed)
    unknown = Short(**play.about(purchase), lines=(LineUnits(play.vendor, 1),))
    (receipt,) = await play.tell(unknown)
    assert (receipt.state, "not on this order" in receipt.reason) == ("quarantined", True)


async def test_a_connected_vendor_gets_each_version_once(
    database: Database, shop: str, lanes: Lanes, tmp_path: Path
):
    await only_vendor_has_mugs(database, shop)
    strict = StrictVendor(tmp_path / "vendor.jsonl")
    try:
        play = Play(database, shop, lanes, await add_vendor(database, shop, strict.endpoint))
        placed = await play.order(2)
        purchase = await play.purchase(placed)
        assert (purchase.delivery, purchase.problems) == ("sent", [])
        taken = strict.orders()[str(purchase.id)]
        assert (taken["version"], taken["ship_to"]["city"]) == (1, "Oxford")
        assert [(x["sku"], x["quantity"]) for x in taken["lines"]] == [("MUG", 2)]
        cancel = CancelUnits(order_id=placed.id, reason="changed my mind")
        await play.lanes.run(play.tenant, CANCEL, "cancel", cancel)
        await play.settle()
        taken = strict.orders()[str(purchase.id)]
        assert (taken["version"], taken["lines"][0]["quantity"]) == (2, 0)
        assert len(strict.keys()) == 2
        strict.fault("refuse")
        other = await play.order(1)
        refused = await play.purchase(other)
        assert (refused.delivery, refused.problems) == ("refused", ["refused"])
        assert buckets(await play.view(other))["MUG"] == {("backordered", ""): 1}
        await sound(play)
    finally:
        strict.kill()


async def balances(play: Play) -> dict[str, int]:
    async with play.database.transaction(play.tenant) as tx:
        return {b.account: b.balance_minor for b in await ledger.balances(tx)}


async def test_what_a_vendor_shipped_is_owed_until_its_invoice_settles_it(play: Play):
    placed = await play.order(3)
    before = await balances(play)
    purchase = await play.purchase(placed)
    await play.tell(play.ship(purchase, 1, "T1"), play.ship(purchase, 2, "T2"))
    found = await balances(play)
    owed = before["received_not_invoiced"] - found["received_not_invoiced"]
    assert found["cost_of_goods"] == owed == COST_MINOR
    assert found["inventory"] == before["inventory"]
    invoice = play.invoice(purchase, 3, COST_MINOR + 8, freight_minor=250)
    await play.tell(invoice, invoice)
    found = await balances(play)
    assert found["received_not_invoiced"] == before["received_not_invoiced"]
    assert found["inventory"] == before["inventory"]
    assert (found["price_difference"], found["shipping_cost"]) == (8, 250)
    assert (found["tax_recoverable"], found["payables"]) == (212, -(COST_MINOR + 8 + 250 + 212))
    assert found["clearing"] == 0
    await sound(play)


async def test_a_channel_may_leave_vendors_out(play: Play):
    async with play.database.transaction(play.tenant) as tx:
        scope = Scope("channel", "trade")
        value = {"promised": False}
        await set_policy(tx, SetPolicy("inventory.vendor_supply", value, "ours only", scope))
    async with play.database.transaction(play.tenant) as tx:
        mug = (await catalog.variants_by_sku(tx, ["MUG"]))["MUG"].id
        book = await organization_book(tx)
        seen = {
            code: await inventory.survey(tx, [mug], channel_id=book.channel(code).id)
            for code in ("web", "trade")
        }
    units = {code: survey.available(mug, play.vendor) for code, survey in seen.items()}
    assert units == {"web": 6, "trade": 0}
