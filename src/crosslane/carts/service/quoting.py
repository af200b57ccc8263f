"""Quoting carts: what they cost, signed, and when the customer would have each line."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import pricing
from crosslane.carts.service.checkout import Checkout, open_checkouts
from crosslane.carts.service.planning import CartPlan, plan_missing, usable
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx


class LinePromise(msgspec.Struct, frozen=True, kw_only=True):
    """When a customer who buys now has a line.

    Args:
        line_id: line of the cart.
        quantity: units wanted, of a bundle those of its components.
        available: units that are held for it or free; the others would wait for stock.
        promised_at: when it has all of them; None when some would wait, or nobody can say.
    """

    line_id: UUID
    quantity: int
    available: int
    promised_at: datetime | None


class CartQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart costs and when it comes.

    Args:
        version: version of the cart that was quoted.
        cart: every line's price with its reasons; line keys are the cart's line ids.
        quote: signed text that makes the prices hold when the cart is placed with it.
        expires_at: until when.
        promises: by line; nothing is kept by them.
    """

    version: int
    cart: pricing.PricedCart
    quote: str
    expires_at: datetime
    promises: tuple[LinePromise, ...]


async def quote(tx: Tx, cart_id: UUID, *, actor: Actor) -> CartQuote:
    """Price a cart, sign the prices, and tell when each line would come.

    Raises:
        NoSuchCart, CartPlaced, EmptyCart, NotOnSale, StoreMissing: nothing can be quoted.
        Refusal: whatever pricing refuses, or sourcing when nothing goes to that address.
    """
    (checkout,) = await open_checkouts(tx, [(cart_id, actor)], lock=False)
    if checkout.refusal is not None:
        raise checkout.refusal
    quoted = await pricing.quote(tx, checkout.price_request(tx.now))
    (plan,) = await plan_missing(tx, [checkout])
    if plan.refusal is not None:
        raise plan.refusal
    return CartQuote(
        version=checkout.contents.version,
        cart=quoted.cart,
        quote=quoted.quote,
        expires_at=quoted.expires_at,
        promises=_promises(checkout, plan, tx.now),
    )


def _promises(checkout: Checkout, plan: CartPlan, now: datetime) -> tuple[LinePromise, ...]:
    available: dict[UUID, int] = defaultdict(int)
    moments: dict[UUID, list[datetime | None]] = defaultdict(list)
    for held in usable(checkout, now):
        available[held.line_id] += held.quantity
        moments[held.line_id].append(held.promised_at)
    for planned in plan.planned:
        available[planned.wanted.line.id] += planned.quantity
        moments[planned.wanted.line.id].append(planned.promised_at)
    promises: list[LinePromise] = []
    for each in checkout.lines:
        wanted = sum(units for _, units in each.parts)
        known = [moment for moment in moments[each.line.id] if moment is not None]
        complete = available[each.line.id] >= wanted and len(known) == len(moments[each.line.id])
        promises.append(
            LinePromise(
                line_id=each.line.id,
                quantity=wanted,
                available=min(available[each.line.id], wanted),
                promised_at=max(known) if complete and known else None,
            )
        )
    return tuple(promises)
