"""Reading carts: one, or those that became no order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from crosslane.carts import storage
from crosslane.carts.domain import fold
from crosslane.carts.errors import NoSuchCart
from crosslane.carts.service.wishes import CartView, cart_view
from crosslane.carts.storage import StoredCart
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx


def require_own(stored: StoredCart | None, actor: Actor) -> StoredCart:
    """Return a cart that the caller may see: a customer its own, an associate not another store's.

    Raises:
        NoSuchCart: there is none, or it is somebody else's.
    """
    if stored is None or actor.customer_id not in (None, stored.cart.owner_id):
        raise NoSuchCart
    store = stored.cart.location_id
    if None not in (actor.location_id, store) and actor.location_id != store:
        raise NoSuchCart
    return stored


async def show(tx: Tx, cart_id: UUID, *, actor: Actor) -> CartView:
    """Return a cart as the caller sees it.

    Raises:
        NoSuchCart: there is none, or it is somebody else's.
    """
    found = await storage.list_carts(tx, [cart_id])
    return _view(tx, require_own(found.get(cart_id), actor))


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
    return [_view(tx, each) for each in carts]


def _view(tx: Tx, stored: StoredCart) -> CartView:
    return cart_view(stored.cart, fold(each.operation for each in stored.kept), tx.now)
