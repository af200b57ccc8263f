"""Every planted defect of returns is named, and nothing else."""

import pytest

from crosslane import returns
from crosslane.orders import LineWish
from crosslane.returns import ExchangeWish, Receive, RefundWish
from crosslane.verify import verify
from crosslane.verify.returns import RULES
from tests.returns.counter import bring, line, sell
from tests.returns.test_life import announce, step, wanted


@pytest.mark.parametrize(
    ("defect", "rules"),
    [
        ("update returns_line set credited = credited + 1 where credited > 0",
         {"lines_are_journal", "credited_on_order"}),
        ("update returns_line set net_minor = net_minor + 1, tax_minor = tax_minor - 1"
         " where order_line_id is not null and credited > 0",
         {"lines_are_journal", "credited_on_order"}),
        ("delete from returns_event where deed = 'receive' and return_line_id is not null",
         {"lines_are_journal"}),
        ("update returns_unit set quantity = quantity + 1", {"units_are_received"}),
        ("update returns_return set state = 'closed' where state = 'settled'",
         {"state_is_journal"}),
        ("update returns_return set refund_minor = refund_minor + 1 where kind = 'return'",
         {"credited_on_order"}),
        ("delete from orders_credit", {"credited_on_order"}),
        ("update returns_return set exchange_minor = exchange_minor + 1 where exchange <> '{}'",
         {"exchanged_on_order"}),
        ("update returns_return set state = 'cancelled' where state = 'received'",
         {"state_is_journal", "exchange_waits"}),
        ("update returns_return set refund_minor = refund_minor - 1 where kind = 'blind'",
         {"paid_out_once"}),
        ("update payments_payout set minor = minor + 1", {"paid_out_once"}),
        ("update inventory_movement set on_hand_delta = on_hand_delta + 1"
         " where cause_kind = 'return' and reason = 'receive'", {"units_came_into_stock"}),
        ("delete from returns_return where state = 'received'",
         {"parts_have_their_whole"}),
        ("update returns_event set return_id = gen_random_uuid()"
         " where return_line_id is not null and deed = 'receive'", {"parts_have_their_whole"}),
        ("update returns_return set currency = 'EUR' where order_id is not null",
         {"parts_have_their_whole"}),
        ("update returns_return set order_id = gen_random_uuid() where state = 'received'",
         {"exchanged_on_order", "parts_have_their_whole"}),
    ],
)  # fmt: skip
async def test_a_planted_defect_is_named(database, lanes, shop, defect, rules):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), "LAMP")
    spoon = ExchangeWish(sku="SPOON", quantity=1, method="carry_out", store="S0001")
    await bring(lanes, shop, sold, line("MUG", 2, wanted="exchange"), exchange=[spoon])
    told = {"refunds": [RefundWish(method="cash")], "blind_override_reason": "known"}
    await bring(lanes, shop, None, "SPOON", **told)
    fetched = ExchangeWish(sku="SPOON", quantity=1, method="pickup", store="S0001")
    lamp = wanted("LAMP", wanted="exchange")
    one = await announce(lanes, shop, sold, lamp, exchange=[fetched])
    await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1"))
    async with database.transaction(shop) as tx:
        assert await verify(tx, RULES) == []
        await tx.execute(defect)
        found = {each.rule.removeprefix("returns.") for each in await verify(tx, RULES)}
        assert found == rules
