"""Reading carts: one, or those that became no order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from crosslane.carts import storage
from crosslane.carts.domain import Cart, Contents, fold
from crosslane.carts.errors import NoSuchCart
from crosslane.carts.service.wishes import CartView, cart_view
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx


def require_own(cart: Cart | None, actor: Actor) -> Cart:
    """Return a cart that the caller may see: a customer its own, an associate not another store's.

    Raises:
        NoSuchCart: there is none, or it is somebody else's.
    """
    if cart is None or actor.customer_id not in (None, cart.owner_id):
        raise NoSuchCart
    if None not in (actor.location_id, cart.location_id) and actor.location_id != cart.location_id:
        raise NoSuchCart
    return cart


async def load(tx: Tx, cart_id: UUID, *, actor: Actor) -> tuple[Cart, Contents]:
    """Return a cart and what its operations make of it.

    Raises:
        NoSuchCart: there is none, or it is somebody else's.
    """
    carts = await storage.find_carts(tx, [cart_id])
    cart = require_own(carts.get(cart_id), actor)
    kept, _ = await storage.list_contents(tx, [cart_id])
    return cart, fold(each.operation for each in kept[cart_id])


async def show(tx: Tx, cart_id: UUID, *, actor: Actor) -> CartView:
    """Return a cart as the caller sees it.

    Raises:
        NoSuchCart: there is none, or it is somebody else's.
    """
    cart, contents = await load(tx, cart_id, actor=actor)
    return cart_view(cart, contents, tx.now)


async def list_unplaced(
    tx: Tx,
    *,
    actor: Actor,
    channel: str | None = None,
    state: Literal["open", "abandoned"] | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[CartView]:
    """Return carts that became no order, the latest edited first: what people wanted to buy.

    A customer sees its own, an associate those of its store.
    """
    carts = await storage.list_unplaced(
        tx,
        channel=channel,
        location_id=actor.location_id,
        owner_id=actor.customer_id,
        abandoned=None if state is None else state == "abandoned",
        before=before,
        limit=limit,
    )
    kept, _ = await storage.list_contents(tx, [cart.id for cart in carts])
    return [
        cart_view(cart, fold(each.operation for each in kept[cart.id]), tx.now) for cart in carts
    ]
