"""Every planted defect of carts is named."""

import pytest
from tests.carts.buyer import Buyer

from crosslane.verify import verify
from crosslane.verify.carts import RULES


@pytest.mark.parametrize(
    ("defect", "rules"),
    [
        (
            "update carts_cart set order_id = gen_random_uuid() where order_id is not null",
            {"carts.order_of_cart", "carts.cart_of_order"},
        ),
        ("update carts_cart set order_id = null", {"carts.cart_of_order"}),
        ("update carts_hold set quantity = quantity + 1", {"carts.held_units"}),
        ("update inventory_hold set state = 'released'", {"carts.held_units"}),
        (
            "update carts_cart set order_id = (select id from orders_order) where order_id is null",
            {"carts.order_of_cart", "carts.held_for_nobody"},
        ),
        (
            "update carts_operation set cart_id = gen_random_uuid()",
            {"carts.operations_have_a_cart"},
        ),
    ],
)
async def test_a_planted_defect_is_named(buyer: Buyer, defect: str, rules: set[str]):
    held, placed = await buyer.begin(("MUG", 1)), await buyer.begin(("LAMP", 1))
    await buyer.hold(held)
    await buyer.place(placed)
    async with buyer.database.transaction(buyer.tenant) as tx:
        assert await verify(tx, RULES) == []
        await tx.execute(defect)
        found = {each.rule for each in await verify(tx, RULES)}
        assert found == rules
