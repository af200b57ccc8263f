"""Whoever loses a race for units of a cart never waits in a circle with who takes both."""

from tests.carts.buyer import Buyer
from tests.orders.racing import lose_race
from tests.orders.test_circles import places_of
from tests.orders.world import stock_up

from crosslane.carts.service.holding import HOLD, CartHeld, HoldCart
from crosslane.platform.actor import SYSTEM
from crosslane.platform.lane import Command


async def test_a_cart_that_loses_a_race_and_who_takes_both_never_wait_in_a_circle(buyer: Buyer):
    database, shop = buyer.database, buyer.tenant
    cart = await buyer.begin(("MUG", 1))
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC2"): 1})
    first, then = await places_of(database, shop, "MUG")

    async def hold() -> CartHeld:
        async with database.transaction(shop) as tx:
            (answer,) = await HOLD.handle(tx, [Command("late", SYSTEM, HoldCart(cart_id=cart.id))])
        return answer

    held = await lose_race(database, shop, then, hold, behind=first)
    assert [line.location for line in held.lines] == ["DC1"]
    await buyer.assert_sound()
