"""How it was decided where a cart's stock is held goes with it into its order."""

from uuid import UUID

from tests.carts.buyer import Buyer, line_of
from tests.carts.shop import wish

from crosslane import sourcing
from crosslane.carts.domain import ChangeLine, SetOption
from crosslane.sourcing import SCHEDULES

DRAFTS = "select count(*) from sourcing_draft"


async def receipts(buyer: Buyer, order_id: UUID) -> list[sourcing.KeptReceipt]:
    async with buyer.database.transaction(buyer.tenant) as tx:
        return await sourcing.receipts_of_order(tx, order_id, limit=10)


async def test_an_order_of_held_stock_explains_itself(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), ("LAMP", 1), hold=True)
    assert await receipts(buyer, cart.id) == []
    placed = await buyer.place(cart, version=cart.version)
    (kept,) = await receipts(buyer, placed.id)
    assert {line.sku: line.quantity for line in kept.receipt.problem.lines} == {"MUG": 2, "LAMP": 1}
    assert sourcing.replay(kept.receipt).encode() == kept.receipt.encode()


async def test_each_decision_that_is_still_used_goes_along(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1), hold=True)
    more = await buyer.try_edit(
        cart, wish(ChangeLine(line_of(cart, "MUG"), 3), cart.version), hold=True
    )
    placed = await buyer.place(more, version=more.version)
    first, second = await receipts(buyer, placed.id)
    units = [kept.receipt.problem.lines[0].quantity for kept in (first, second)]
    assert sorted(units) == [1, 2]


async def test_a_decision_that_was_given_up_does_not(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1), hold=True)
    fetched = SetOption("pickup", line_of(cart, "MUG"), "S0001")
    edited = await buyer.try_edit(cart, wish(fetched, cart.version), hold=True)
    placed = await buyer.place(edited, version=edited.version)
    (kept,) = await receipts(buyer, placed.id)
    assert kept.method == "pickup"


async def test_old_drafts_are_forgotten(buyer: Buyer):
    await buyer.begin(("MUG", 1), hold=True)
    (schedule,) = [one for one in SCHEDULES if one.name == "sourcing.forget_drafts"]
    for days, left in ((6, 1), (8, 0)):
        async with buyer.database.transaction(buyer.tenant) as tx:
            old = "update sourcing_draft set at = now() - $1 * interval '1 day'"
            await tx.execute(old, days)
            assert not await schedule.run(tx)
            assert await tx.fetchval(DRAFTS) == left
