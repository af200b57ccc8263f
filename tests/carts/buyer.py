"""Somebody who fills carts of a shop, keeps their stock and places them."""

from uuid import UUID, uuid4

from tests.carts.shop import wish
from tests.orders.world import HOME
from tests.soundness import list_findings

from crosslane import inventory, orders
from crosslane.carts import KEEPING
from crosslane.carts.domain import AddLine, SetTender
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.holding import HOLD, HOLDER, CartHeld, HoldCart
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.wishes import (
    CartView,
    EditCart,
    GiveAddress,
    NameBuyer,
    OperationWish,
    StartCart,
)
from crosslane.kernel import Refusal
from crosslane.organization import register_policies
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.seals import use_secret

register_policies([KEEPING])
use_secret(b"a secret of the tests alone")

ADA = NameBuyer(email="ada@example.com", name="Ada Brown")
CASH = SetTender(uuid4(), "cash")


class Buyer:
    """Works on carts of a shop through its lanes."""

    def __init__(self, database: Database, lanes: Lanes, tenant: str) -> None:
        self.database, self.lanes, self.tenant = database, lanes, tenant

    async def begin(self, *lines: tuple, changes=(ADA, CASH), **how) -> CartView:
        """A cart of (SKU, units) for Ada, shipped to her home and paid in cash."""
        adds = [AddLine(uuid4(), *line) for line in lines]
        wishes = [wish(each, n) for n, each in enumerate((*adds, *changes, GiveAddress(HOME)))]
        body = StartCart(**{"channel": "web", "operations": tuple(wishes), **how})
        return await self.lanes.run(self.tenant, START, str(uuid4()), body)

    async def edit(self, cart: CartView, *changes) -> CartView:
        answer = await self.try_edit(cart, *(wish(each, cart.version) for each in changes))
        if isinstance(answer, Refusal):
            raise answer
        return answer

    async def try_edit(self, cart: CartView, *wishes: OperationWish, **how) -> CartView | Refusal:
        body = EditCart(cart_id=cart.id, operations=wishes, **how)
        command = Command(str(uuid4()), SYSTEM, body)
        return (await self.lanes.submit(self.tenant, EDIT, command)).outcome

    async def hold(self, cart: CartView) -> CartHeld | Refusal:
        command = Command(str(uuid4()), SYSTEM, HoldCart(cart_id=cart.id))
        return (await self.lanes.submit(self.tenant, HOLD, command)).outcome

    async def place(self, cart: CartView, *, key: str = "", **changes) -> orders.Placed | Refusal:
        body = PlaceCart(cart_id=cart.id, **changes)
        command = Command(key or str(uuid4()), SYSTEM, body)
        return (await self.lanes.submit(self.tenant, PLACE, command)).outcome

    async def holds(self, cart: CartView) -> dict[str, int]:
        """Units of live holds of a cart by state."""
        async with self.database.transaction(self.tenant) as tx:
            found = await inventory.holds_of(tx, HOLDER, cart.id)
        units: dict[str, int] = {}
        for each in found:
            units[each.state] = units.get(each.state, 0) + each.quantity
        return units

    async def assert_sound(self) -> None:
        async with self.database.transaction(self.tenant) as tx:
            assert await list_findings(tx) == []


def line_of(cart: CartView, sku: str) -> UUID:
    return next(line.id for line in cart.lines if line.sku == sku)
