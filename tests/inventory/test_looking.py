"""Looking at stock: figures of a page of articles, what needs a person, and that it all adds up."""

from datetime import UTC, datetime, timedelta

from crosslane.inventory import (
    ADJUST,
    SAFETY_STOCK,
    AdjustLine,
    AdjustStock,
    Condition,
    HoldRequest,
    IncomingKey,
    IncomingReport,
    added_up,
    allocate,
    hold,
    list_troubled,
    positions_at,
    prove,
    report_incoming,
    stock_figures,
    stocked_of,
)
from crosslane.inventory.domain.sheet import HeldBy
from crosslane.kernel import new_id
from crosslane.organization import TENANT, SetPolicy, set_policy
from crosslane.platform import audit
from crosslane.platform.actor import Actor
from crosslane.platform.lane import Command
from tests.inventory.shop import stocked, wish

LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)


async def test_figures_of_a_page_are_those_of_its_positions(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10)
        await stocked(tx, shop, 4, at="LEEDS")
        await stocked(tx, shop, 3, at="LEEDS", condition=Condition.TO_GRADE)
        await allocate(tx, [wish(shop, 3)])
        held = HoldRequest(
            hold_id=new_id(),
            variant_id=shop.mug,
            location_id=shop.locations["DC"],
            quantity=2,
            holder=HeldBy("cart", new_id()),
            expires_at=tx.now + timedelta(hours=1),
        )
        await hold(tx, [held])
        keep_one = SetPolicy(SAFETY_STOCK.name, {"units": 1}, "keep one", TENANT, LONG_AGO)
        await set_policy(tx, keep_one)
        key = IncomingKey("erp", "PO-1", shop.mug, shop.locations["DC"])
        coming = IncomingReport(
            key=key, quantity=24, available_on=tx.now.date(), as_of=tx.now, message="1"
        )
        await report_incoming(tx, [coming])
    async with database.transaction(shop.tenant) as tx:
        places = (await stock_figures(tx, [shop.mug, shop.bowl]))[shop.mug]
        at_dc, at_leeds = places[shop.locations["DC"]], places[shop.locations["LEEDS"]]
        assert (at_dc.on_hand, at_dc.allocated, at_dc.held, at_dc.safety) == (10, 3, 2, 1)
        assert (at_dc.available, at_dc.incoming, at_dc.short) == (4, 24, 0)
        assert (at_leeds.available, dict(at_leeds.set_aside)) == (3, {Condition.TO_GRADE: 3})
        total = added_up(places.values())
        assert (total.on_hand, total.available, total.set_aside) == (14, 7, at_leeds.set_aside)
        only = await stock_figures(tx, [shop.mug], location_ids=[shop.locations["LEEDS"]])
        assert list(only[shop.mug]) == [shop.locations["LEEDS"]]
        assert await stocked_of(tx, [shop.mug, shop.bowl]) == {shop.mug}
        [position] = await positions_at(tx, shop.mug, shop.locations["DC"])
        proof = await prove(tx, position.id)
        assert (proof.on_hand, proof.allocated, proof.movements) == (10, 3, 2)
        assert (proof.taken, proof.demands, proof.held, proof.holds) == (3, 1, 2, 1)


async def test_what_is_short_and_what_is_set_aside_is_listed_the_most_units_first(
    database, lanes, shop
):
    async with database.transaction(shop.tenant) as tx:
        for at, units in (("DC", 5), ("LEEDS", 2)):
            await stocked(tx, shop, units, at=at)
            await stocked(tx, shop, units, at=at, condition=Condition.DAMAGED)
            await allocate(tx, [wish(shop, units, at=at)])
    lost = tuple(
        AdjustLine(sku="MUG", location=at, delta=delta, code="lost")
        for at, delta in (("DC", -4), ("LEEDS", -1))
    )
    person = Actor("staff", str(new_id()), frozenset())
    told = AdjustStock(lines=lost[:1], note="Fell off the shelf")
    await lanes.submit(shop.tenant, ADJUST, Command(key="a", actor=person, body=told, trace="t"))
    await lanes.run(shop.tenant, ADJUST, "b", AdjustStock(lines=lost[1:]))
    async with database.transaction(shop.tenant) as tx:
        first = await list_troubled(tx, "short", limit=1)
        after = (first[0].units, first[0].position.id)
        others = await list_troubled(tx, "short", after=after, limit=9)
        assert [one.units for one in (*first, *others)] == [4, 1]
        aside = await list_troubled(tx, "set_aside", condition=Condition.DAMAGED, limit=9)
        assert [one.units for one in aside] == [5, 2]
        leeds = [shop.locations["LEEDS"]]
        [only] = await list_troubled(tx, "set_aside", location_ids=leeds, limit=9)
        assert only.position.location_id == leeds[0]
        subject = f"position:{first[0].position.id}"
        [entry] = await audit.list_entries(tx, subject=subject)
        assert (entry.action, entry.reason) == ("inventory.adjust", "Fell off the shelf")
