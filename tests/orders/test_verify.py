"""Each rule about credits, and about parts of orders, names the row that breaks it."""

import pytest

from crosslane import organization
from crosslane.orders import APPEASEMENT, AttributionWish, LineWish
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.verify import verify
from crosslane.verify.orders import RULES
from tests.orders.test_appeasing import agent, give
from tests.orders.test_changes import react
from tests.orders.test_credits import credit, request, sold
from tests.orders.test_exchanging import SOON, even, exchange, swap

organization.register_policies([APPEASEMENT])

DEFECTS = [
    ("update orders_credit set quantity = 9", "returned_within_handed_over"),
    ("update orders_credit set location_id = gen_random_uuid()", "returned_within_handed_over"),
    ("update orders_credit set net_minor = net_minor + 1", "credited_as_paid"),
    ("update orders_credit set tax_minor = tax_minor - 1 where quantity = 2", "credited_as_paid"),
    ("update orders_credit set net_minor = -1, tax_minor = 0", "credited_as_paid"),
    ("update orders_credit set cause_id = gen_random_uuid()", "credits_are_told"),
    ("delete from orders_credit", "credits_are_told"),
    ("delete from platform_log where kind = 'orders.LinesCredited'", "credits_are_told"),
    ("update payments_payment set refunded_minor = 0", "nothing_is_owed_back"),
    ("delete from orders_charge where kind = 'shipping'", "nothing_is_owed_back"),
    ("update orders_given set minor = minor + 1", "goodwill_is_counted"),
    ("delete from orders_given", "goodwill_is_counted"),
    ("update orders_line set order_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_line set parent_line_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_charge set order_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_charge set line_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_stop set order_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_search set order_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_attribution set line_id = gen_random_uuid()", "parts_have_their_whole"),
    ("update orders_movement set order_id = gen_random_uuid()", "moved_on_its_order"),
    (
        "update orders_movement m set order_id = o.id from orders_order o where o.id <> m.order_id",
        "moved_on_its_order",
    ),
    ("update orders_line set attributed = not attributed", "credit_is_given"),
    ("delete from orders_attribution", "credit_is_given"),
    ("update orders_stop set amendment_no = 7", "stops_hold_amendments"),
    ("update orders_stop set amendment_no = 0", "stops_hold_amendments"),
]


async def play(database: Database, shop: str, lanes: Lanes) -> None:
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=3), "LAMP")
    await give(lanes, shop, shown, 301, agent())
    await credit(database, shop, request(shown, (0, 1)))
    await credit(database, shop, request(shown, (0, 2), (1, 1)))
    seller = AttributionWish(role="sold", staff="jo", share_bp=10_000)
    credited = LineWish(sku="MUG", quantity=3, attributions=[seller])
    other = await sold(database, shop, lanes, credited)
    await credit(database, shop, request(other, (0, 1)))
    await exchange(database, shop, swap(other, even(other, "SPOON"), hold_until=SOON))
    await react(database, shop)


async def test_a_planted_defect_is_named(database: Database, shop: str, lanes: Lanes):
    await play(database, shop, lanes)
    for defect, rule in DEFECTS:
        with pytest.raises(Undo):
            async with database.transaction(shop) as tx:
                assert await verify(tx, RULES) == []
                await tx.execute(defect)
                found = {finding.rule for finding in await verify(tx, RULES)}
                assert f"orders.{rule}" in found, defect
                raise Undo


class Undo(Exception):
    """Ends a transaction without a trace."""
