"""Keeping stock in the very request that begins or edits a cart: all of it or none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from tests.carts.buyer import ADA, CASH, Buyer, line_of
from tests.carts.shop import wish
from tests.orders.world import HOME

from crosslane import orders
from crosslane.carts import errors
from crosslane.carts.domain import AddLine, ChangeLine, RemoveLine, SetOption
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.holding import HOLD, HoldCart
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.reading import list_unplaced, show
from crosslane.carts.service.wishes import CartView, EditCart, GiveAddress, StartCart
from crosslane.kernel import Refusal
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.patience import look_until

WAITED_FOR = "select exists (select from pg_locks where not granted)"


async def test_a_cart_begins_with_its_stock_held(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), ("LAMP", 1), hold=True)
    assert cart.held is not None
    assert {each.location: each.quantity for each in cart.held.lines} == {"DC1": 2, "DC2": 1}
    assert await buyer.holds(cart) == {"active": 3}
    placed = await buyer.place(cart, version=cart.version)
    assert [line.allocated for line in placed.lines] == [2, 1]
    assert await buyer.holds(cart) == {"confirmed": 0}
    await buyer.assert_sound()


async def test_what_is_held_with_an_edit_is_what_a_hold_of_its_own_would(buyer: Buyer):
    cart = await buyer.begin(("SET", 1), ("MUG", 2))
    held = await buyer.hold(cart)
    again = await buyer.try_edit(cart, hold=True)
    assert isinstance(again, CartView)
    assert again.held is not None
    assert again.held.lines == held.lines
    assert again.version == cart.version
    assert await buyer.holds(cart) == {"active": 6}


async def test_a_cart_whose_stock_cannot_be_held_is_not_begun(buyer: Buyer):
    with pytest.raises(errors.NotEnoughToHold) as refused:
        await buyer.begin(("MUG", 1), ("LAMP", 6), hold=True)
    unheld = await buyer.hold(await buyer.begin(("MUG", 1), ("LAMP", 6)))
    assert isinstance(unheld, errors.NotEnoughToHold)
    assert refused.value.details == unheld.details
    async with buyer.database.transaction(buyer.tenant) as tx:
        assert len(await list_unplaced(tx, actor=SYSTEM, limit=9)) == 1
    # Nothing of it is kept from others.
    assert (await buyer.begin(("MUG", 10), ("LAMP", 5), hold=True)).held
    await buyer.assert_sound()


async def test_an_edit_whose_stock_cannot_be_held_changes_nothing(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), hold=True)
    lamps = wish(AddLine(uuid4(), "LAMP", 6), cart.version)
    refused = await buyer.try_edit(cart, lamps, hold=True)
    assert isinstance(refused, errors.NotEnoughToHold)
    async with buyer.database.transaction(buyer.tenant) as tx:
        shown = await show(tx, cart.id, actor=SYSTEM)
    assert (shown.version, shown.lines, shown.expires_at) == (
        cart.version,
        cart.lines,
        cart.expires_at,
    )
    assert await buyer.holds(cart) == {"active": 2}
    # The operation was not taken: it may come again, and then be.
    taken = await buyer.try_edit(cart, lamps)
    assert isinstance(taken, CartView)
    assert [line.quantity for line in taken.lines] == [2, 6]
    placed = await buyer.place(taken)
    assert [(line.allocated, line.backordered) for line in placed.lines] == [(2, 0), (5, 1)]
    await buyer.assert_sound()


async def test_an_edit_moves_holds_and_lets_go_what_is_not_wanted(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), ("LAMP", 1), hold=True)
    changes = [
        SetOption("pickup", line_of(cart, "MUG"), "S0001"),
        RemoveLine(line_of(cart, "LAMP")),
    ]
    edited = await buyer.try_edit(cart, *(wish(each, cart.version) for each in changes), hold=True)
    assert isinstance(edited, CartView)
    assert edited.held is not None
    assert [(each.location, each.quantity) for each in edited.held.lines] == [("S0001", 2)]
    assert await buyer.holds(cart) == {"active": 2, "released": 3}
    await buyer.assert_sound()


async def test_an_address_given_before_says_where_held_goods_go(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    edited = await buyer.try_edit(cart, wish(AddLine(uuid4(), "LAMP", 1), cart.version), hold=True)
    assert isinstance(edited, CartView)
    assert edited.held is not None
    assert {each.location for each in edited.held.lines} == {"DC1", "DC2"}


async def test_the_same_operations_again_hold_no_more(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    more = wish(ChangeLine(line_of(cart, "MUG"), 3), cart.version)
    first = await buyer.try_edit(cart, more, hold=True)
    second = await buyer.try_edit(cart, more, hold=True)
    assert isinstance(first, CartView)
    assert isinstance(second, CartView)
    assert first.version == second.version
    assert await buyer.holds(cart) == {"active": 3}


async def test_the_same_key_begins_one_cart_and_holds_once(buyer: Buyer):
    wishes = tuple(wish(each) for each in (AddLine(uuid4(), "LAMP", 4), GiveAddress(HOME)))
    body = StartCart(channel="web", operations=wishes, hold=True)
    twins = [buyer.lanes.run(buyer.tenant, START, "one-key", body) for _ in range(5)]
    carts = await asyncio.gather(*twins)
    assert len({cart.id for cart in carts}) == 1
    assert await buyer.lanes.run(buyer.tenant, START, "one-key", body) == carts[0]
    assert await buyer.holds(carts[0]) == {"active": 4}


async def test_an_empty_cart_and_a_way_without_its_store_hold_nothing(buyer: Buyer):
    with pytest.raises(errors.EmptyCart):
        await buyer.begin(hold=True)
    with pytest.raises(errors.StoreMissing) as refused:
        await buyer.begin(("MUG", 1), changes=(ADA, CASH, SetOption("pickup")), hold=True)
    assert refused.value.pointer == "/lines/0/option/store"


async def test_edits_of_one_cart_in_a_batch_are_held_one_after_the_other(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    line = line_of(cart, "MUG")

    def asked(change: Any, *, hold: bool) -> Command[EditCart]:
        body = EditCart(cart_id=cart.id, operations=(wish(change, 9),), hold=hold)
        return Command(str(uuid4()), SYSTEM, body)

    batch = [
        asked(ChangeLine(line, 2), hold=True),
        asked(AddLine(uuid4(), "LAMP", 6), hold=True),  # more than there are
        asked(AddLine(uuid4(), "SPOON", 1), hold=False),
        asked(AddLine(uuid4(), "LAMP", 5), hold=True),
    ]
    async with buyer.database.transaction(buyer.tenant) as tx:
        first, refused, third, last = await EDIT.handle(tx, batch)
    assert isinstance(refused, errors.NotEnoughToHold)
    assert [len(each.lines) for each in (first, third, last)] == [1, 2, 3]
    assert third.held is None
    assert sum(each.quantity for each in last.held.lines) == 8
    assert await buyer.holds(cart) == {"active": 8}
    await buyer.assert_sound()


async def test_carts_begun_together_race_for_the_last_units(buyer: Buyer):
    answers = await asyncio.gather(
        *(buyer.begin(("LAMP", 1), hold=True) for _ in range(10)), return_exceptions=True
    )
    begun = [each for each in answers if isinstance(each, CartView)]
    assert len(begun) == 5
    assert all(isinstance(each, errors.NotEnoughToHold) for each in answers if each not in begun)
    for cart in begun:
        assert (await buyer.place(cart)).lines[0].allocated == 1
    await buyer.assert_sound()


async def test_whoever_waited_for_a_cart_sees_what_it_has_become(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))

    async def run(tx: Tx, kind: CommandKind, body: Any) -> Any:
        (answer,) = await kind.handle(tx, [Command(str(uuid4()), SYSTEM, body)])
        assert not isinstance(answer, Refusal)
        return answer

    async def waiting(kind: CommandKind, body: Any) -> Any:
        async with buyer.database.transaction(buyer.tenant) as tx:
            await tx.execute("set local lock_timeout = '30s'")
            return await run(tx, kind, body)

    async def after(first: Callable[[Tx], Awaitable[Any]], kind: CommandKind, body: Any) -> Any:
        async with buyer.database.transaction(buyer.tenant) as tx:
            await first(tx)
            second = asyncio.create_task(waiting(kind, body))
            assert await look_until(lambda: tx.fetchval(WAITED_FOR), bool, seconds=30)
        return await second

    more = EditCart(cart_id=cart.id, operations=(wish(ChangeLine(line_of(cart, "MUG"), 2), 9),))
    held = await after(lambda tx: run(tx, EDIT, more), HOLD, HoldCart(cart_id=cart.id))
    assert sum(each.quantity for each in held.lines) == 2
    lamp = EditCart(cart_id=cart.id, operations=(wish(AddLine(uuid4(), "LAMP", 1), 9),), hold=True)
    placed = await after(lambda tx: run(tx, EDIT, lamp), PLACE, PlaceCart(cart_id=cart.id))
    assert isinstance(placed, orders.Placed)
    assert [line.allocated for line in placed.lines] == [2, 1]
    # Everything came from what was held.
    assert await buyer.holds(cart) == {"confirmed": 0}
    await buyer.assert_sound()


async def test_a_cart_whose_hold_is_refused_keeps_longer_what_was_granted(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1), ("LAMP", 5), hold=True)
    async with buyer.database.transaction(buyer.tenant) as tx:
        # The lamps' hold has run out, and others have taken them; the cart does not know yet.
        await tx.execute(
            "update inventory_hold set state = 'expired' where id in"
            " (select hold_id from carts_hold where quantity = 5)"
        )
    refused = await buyer.hold(cart)
    assert isinstance(refused, Refusal)
    async with buyer.database.transaction(buyer.tenant) as tx:
        fences = await tx.fetch(
            "select c.fence, h.fence as real from carts_hold c join inventory_hold h"
            " on h.id = c.hold_id where h.state = 'active'"
        )
    assert [(row["fence"], row["real"]) for row in fences] == [(2, 2)]
