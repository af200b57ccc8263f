"""How many statements the steps of a basket cost, beside those of their transactions."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from tests.carts.shop import wish
from tests.orders.world import HOME, found_retailer

from crosslane.carts import KEEPING
from crosslane.carts.domain import AddLine, SetTender
from crosslane.carts.service.choices import choices
from crosslane.carts.service.editing import START
from crosslane.carts.service.holding import HOLD, HoldCart
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.quoting import quote
from crosslane.carts.service.wishes import GiveAddress, NameBuyer, StartCart
from crosslane.kernel import Refusal
from crosslane.organization import register_policies
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.seals import use_secret

register_policies([KEEPING])
use_secret(b"a secret of the tests alone")

# The guest and the address looked for and made, the cart with its operations; the cart, who buys
# and where to, what is available; positions locked; and what an order needs besides. All that is
# written is put, and written as the transaction ends.
STATEMENTS_MAX = {"start": 3, "choices": 3, "quote": 3, "hold": 4, "place": 6, "start and hold": 4}


def start(email: str, **how: bool) -> StartCart:
    goods = [AddLine(uuid4(), sku, 1) for sku in ("SPOON", "MUG", "SET")]
    who = [NameBuyer(email=email), GiveAddress(HOME), SetTender(uuid4(), "cash")]
    wishes = tuple(wish(each, n) for n, each in enumerate([*who, *goods]))
    return StartCart(channel="web", operations=wishes, **how)


class Basket:
    """One basket from its start to its order, each step in a transaction of its own."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant
        self.spent: dict[str, int] = {}

    async def step(self, name: str, do: Callable[[Tx], Awaitable[Any]]) -> Any:
        async with self.database.transaction(self.tenant) as tx:
            before = tx.statements
            done = await do(tx)
            self.spent[name] = tx.statements - before
        return done

    async def command(self, name: str, kind: CommandKind, body: Any) -> Any:
        async def do(tx: Tx) -> Any:
            (outcome,) = await kind.handle(tx, [Command(str(uuid4()), SYSTEM, body)])
            assert not isinstance(outcome, Refusal)
            return outcome

        return await self.step(name, do)

    async def play(self, email: str) -> dict[str, int]:
        """Play it for a customer; return the statements of each step."""
        cart = await self.command("start", START, start(email))
        await self.step("choices", lambda tx: choices(tx, cart.id, actor=SYSTEM))
        told = await self.step("quote", lambda tx: quote(tx, cart.id, actor=SYSTEM))
        await self.command("hold", HOLD, HoldCart(cart_id=cart.id))
        await self.command("place", PLACE, PlaceCart(cart_id=cart.id, quote=told.quote))
        return self.spent


@pytest.mark.parametrize("known", [False, True])
async def test_a_basket_costs_few_statements(database: Database, tenant: str, known: bool):
    await found_retailer(database, tenant)
    # The first one reads what stays in memory: channels, places, tariffs, goods and prices.
    await Basket(database, tenant).play("ada@example.com")
    email = "ada@example.com" if known else "bob@example.com"
    basket = Basket(database, tenant)
    await basket.play(email)
    somebody = email if known else "cyd@example.com"
    await basket.command("start and hold", START, start(somebody, hold=True))
    spent = basket.spent
    # Somebody known is only looked for.
    most = STATEMENTS_MAX | {"start": 3 - known, "start and hold": 4 - known}
    assert {step: n for step, n in spent.items() if n > most[step]} == {}
