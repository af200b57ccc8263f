"""What comes back by post has a label once it may come, and gives it back when it will not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crosslane import app, carriers, customers, locations, organization, returns
from crosslane.carriers import TrackingRecorded
from crosslane.kernel import new_id
from crosslane.locations import Network
from crosslane.orders import LineWish
from crosslane.platform import facts, log
from crosslane.platform.effects import Runner
from crosslane.platform.log import run_reaction
from crosslane.returns import Return, ReturnAuthorized, ReturnCancelled
from crosslane.returns.domain.labelling import destination
from tests.orders.world import found_retailer, place, wish
from tests.returns.planted import plant


@pytest.fixture
async def shop(database, tenant):
    organization.register_policies(
        [kind for module in app.MODULES for kind in getattr(module, "POLICIES", ())]
    )
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        asked = organization.SetPolicy("returns.labels", {"service": "STANDARD48"}, "tried")
        await organization.set_policy(tx, asked)
        await tx.execute(
            "update locations_location set abilities = abilities || '{receive_returns}'"
            " where code in ('DC2', 'S0001')"
        )
        await facts.touch(tx, "locations")
    return tenant


async def planted(tx, order_id: UUID, **fields) -> Return:
    """A return by post of two mugs of an order, told of."""
    one = await plant(tx, order_id, **fields)
    about = {"return_id": one.id, "order_id": one.order_id, "channel_id": one.channel_id}
    await log.append(tx, [ReturnAuthorized(**about, method=one.method, expires_at=None)])
    return one


async def settle(database, tenant) -> None:
    runner = Runner(database, carriers.EFFECTS)
    for _ in range(6):
        for reaction in returns.REACTIONS:
            await run_reaction(database, tenant, reaction)
        await runner.start_due(tenant)
        await runner.drain()


async def label_of(database, tenant, one: Return):
    async with database.transaction(tenant) as tx:
        return await returns.label_of(tx, one.id)


async def test_a_return_by_post_has_one_label_to_where_returns_are_taken(database, shop, lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        one = await planted(tx, placed.id)
    await settle(database, shop)
    label = await label_of(database, shop, one)
    assert (label.state, label.service) == ("created", "STANDARD48")
    async with database.transaction(shop) as tx:
        network = await locations.network(tx)
        assert network.by_id[label.location_id].code == "DC2"
        posting = await returns.posting_of(tx, one)
        assert (posting.label.id, posting.awaited, posting.to.code) == (label.id, False, "DC2")
        content, mime = await carriers.label_document(tx, label.id)
        assert (content[:4], mime) == (b"%PDF", "application/pdf")
        await tx.execute("delete from platform_cursor where reaction = 'returns.label'")
    await settle(database, shop)
    assert (await label_of(database, shop, one)).id == label.id


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([("in_transit", 2), ("accepted", 1)], "in_transit"),
        ([("exception", 1)], "authorized"),
        ([("delivered", 3)], "in_transit"),
    ],
)
async def test_what_the_carrier_has_scanned_is_on_its_way_to_us(database, shop, lanes, told, state):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        one = await planted(tx, placed.id)
    await settle(database, shop)
    label = await label_of(database, shop, one)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    async with database.transaction(shop) as tx:
        about = {"label_id": label.id, "parcel_id": one.id}
        times = [
            TrackingRecorded(**about, status=status, occurred_at=at + timedelta(hours=hours))
            for status, hours in told
        ]
        stranger = TrackingRecorded(
            label_id=new_id(), parcel_id=new_id(), status="accepted", occurred_at=at
        )
        await log.append(tx, [*times, stranger])
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        (after,) = (await returns.list_returns(tx, [one.id])).values()
        await log.append(tx, times)
    await settle(database, shop)
    assert after.state == state
    if state == "in_transit":
        assert after.dispatched_at == at + timedelta(hours=min(hours for _, hours in told))
    async with database.transaction(shop) as tx:
        (again,) = (await returns.list_returns(tx, [one.id])).values()
    assert again.version == after.version


async def test_a_label_is_given_back_when_nothing_will_come(database, shop, lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        one = await planted(tx, placed.id)
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        about = {"return_id": one.id, "order_id": one.order_id, "channel_id": one.channel_id}
        await log.append(tx, [ReturnCancelled(**about, reason="")])
    await settle(database, shop)
    assert await label_of(database, shop, one) is None


async def test_no_label_where_policy_wants_none_or_goods_come_over_the_counter(
    database, shop, lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        counter = await planted(tx, placed.id, method="counter")
        asked = organization.SetPolicy("returns.labels", {}, "they post it themselves")
        await organization.set_policy(tx, asked)
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_order set placed_at = now()")
        posted = await planted(tx, placed.id, number="R000002-W")
    await settle(database, shop)
    assert await label_of(database, shop, counter) is None
    assert await label_of(database, shop, posted) is None


async def test_a_claim_for_which_nothing_comes_back_has_no_label(database, shop, lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        one = await planted(tx, placed.id)
        claim = await planted(tx, placed.id, number="R000003-U", kind="claim")
    await settle(database, shop)
    assert await label_of(database, shop, one) is not None
    assert await label_of(database, shop, claim) is None


async def test_a_label_goes_with_the_customer_who_is_erased(database, shop, lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    async with database.transaction(shop) as tx:
        one = await planted(tx, placed.id)
    await settle(database, shop)
    label = await label_of(database, shop, one)
    async with database.transaction(shop) as tx:
        await customers.erase(tx, customers.EraseCustomer(one.customer_id, "she asked for it"))
        with pytest.raises(carriers.LabelNotPrinted):
            await carriers.label_document(tx, label.id)


async def test_what_comes_by_post_goes_to_own_warehouses_first(database, shop):
    async with database.transaction(shop) as tx:
        network = await locations.network(tx)
    oxford = locations.position_of("GB", "OX1 1AA")
    by_rule = {"entity": "mf", "country": "GB", "point": oxford}
    assert destination(network, "", **by_rule).code == "DC2"
    assert destination(network, "S0001", **by_rule).code == "S0001"
    # DC1 takes nothing back, so it is not obeyed.
    assert destination(network, "DC1", **by_rule).code == "DC2"
    assert destination(network, "", **{**by_rule, "point": None}).code == "DC2"
    assert destination(network, "", entity="other", country="FR", point=oxford).code == "DC2"
    assert destination(Network([]), "", **by_rule) is None
