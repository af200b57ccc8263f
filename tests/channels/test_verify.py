"""Every planted defect of channels is named."""

from crosslane import channels
from crosslane.platform.database import Database
from crosslane.verify import channels as rules
from crosslane.verify import verify
from crosslane.verify.channels import RULES
from tests.channels.bazaar import Bazaar, about, order, sale, snapshot, till_batch
from tests.channels.market import contact, moved, open_market, paid, product

DEFECTS = [
    (
        "update channels_batch set records = records + 1 where format = 'till-batch'",
        "batch_is_whole",
    ),
    ("delete from channels_raw where body like '%B-1%'", "raw_of_message"),
    (
        "insert into channels_raw values (gen_random_uuid(), 1, clock_timestamp(), '', 'lost', '')",
        "raw_of_message",
    ),
    (
        "update channels_message set order_id = null where kind = 'order' and state = 'applied'",
        "applied_has_its_effect",
    ),
    (
        "update channels_message set supply_id = gen_random_uuid() where kind = 'supply_snapshot'",
        "applied_has_its_effect",
    ),
    (
        "update channels_message set order_id = (select id from orders_order"
        " where source_id = 'B-1') where kind = 'sale'",
        "applied_has_its_effect",
    ),
    (
        "update channels_message set owns = false where state = 'parked'",
        "one_stands_for_its_identity",
    ),
    (
        "update channels_message set source_version = 9 where state = 'repeated'",
        "one_stands_for_its_identity",
    ),
    ("update channels_message set code = '' where state = 'quarantined'", "reason_told"),
    ("update channels_message set code = 'sku' where state = 'received'", "reason_told"),
    ("update channels_order set order_id = gen_random_uuid()", "standing_of_order"),
]


async def test_each_planted_defect_is_named(bazaar: Bazaar):
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        now = tx.now.isoformat()
    await bazaar.tell(order("B-1"), snapshot("S-1", now, MUG=9), about("cancellation", "B-7"))
    await bazaar.tell(order("B-1"), order("B-2", ("GONE", 1)))
    text = till_batch(sale("1", ("MUG", 1, 600)))
    await bazaar.send(text, channel="till", format="till-batch")
    await bazaar.work()
    await bazaar.send('{"type": "nothing"}')
    await bazaar.tell(order("B-8"))
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute("update channels_message set state = 'received' where source_id = 'B-8'")
        assert await verify(tx, RULES) == []
        for defect, rule in DEFECTS:
            await tx.execute("savepoint sound")
            await tx.execute(defect)
            found = {each.rule for each in await verify(tx, RULES)}
            assert found == {f"channels.{rule}"}, defect
            await tx.execute("rollback to savepoint sound")


async def test_two_sales_that_say_they_are_one_order_are_named(bazaar: Bazaar):
    text = till_batch(sale("1", ("MUG", 1, 600)), sale("2", ("MUG", 1, 600)))
    await bazaar.send(text, channel="till", format="till-batch")
    await bazaar.work()
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute(
            "update channels_message set order_id = (select min(order_id::text)::uuid"
            " from channels_message)"
        )
        found = {each.rule for each in await verify(tx, RULES)}
    assert found == {"channels.made_once", "channels.applied_has_its_effect"}


TOLD_DEFECTS = [
    (
        "update payments_payment set refunded_minor = 0"
        " where order_id = (select id from orders_order where source_id = 'B-1')",
        "given_is_booked",
    ),
    (
        "update channels_told set standing = jsonb_set(standing, '{parcels}',"
        " jsonb_build_array(gen_random_uuid())) where kind = 'fulfillment'",
        "parcels_of_shipment",
    ),
    ("delete from channels_told where kind = 'money'", "applied_has_its_effect"),
    (
        "update channels_message set customer_id = null where kind = 'contact'",
        "applied_has_its_effect",
    ),
    (
        "update channels_message set order_id = null where kind = 'fulfillment'",
        "applied_has_its_effect",
    ),
    ("update channels_message set code = '' where state = 'kept'", "reason_told"),
]


async def test_each_planted_defect_of_what_was_told_is_named(database: Database, tenant: str):
    market = await open_market(database, tenant)
    await market.tell(contact(name="Ada", email="ada@example.com"), order("B-1"), product())
    await market.tell(moved("shipped", tracking=["T1"]), paid("captured", 100))
    await market.tell(paid("refunded", 40, "M-2"))
    async with market.database.transaction(market.tenant) as tx:
        assert await verify(tx, RULES) == []
        for defect, rule in TOLD_DEFECTS:
            await tx.execute("savepoint sound")
            await tx.execute(defect)
            found = {each.rule for each in await verify(tx, RULES)}
            assert found == {f"channels.{rule}"}, defect
            await tx.execute("rollback to savepoint sound")


def test_rules_look_back_less_far_than_is_kept():
    assert rules.RAW_DAYS_BACK < channels.RAW_RETENTION_DAYS
    assert rules.TOLD_DAYS_BACK < channels.TOLD_RETENTION_DAYS
