"""Quoting carts: what they cost, signed, and when the customer would have each line."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import pricing, sourcing
from crosslane.carts.service.checkout import Checkout, Wanted, open_checkouts
from crosslane.carts.service.planning import CartPlan, plan_missing, request_for, usable
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx


class LinePromise(msgspec.Struct, frozen=True, kw_only=True):
    """When a customer who buys now has a line.

    Args:
        line_id: line of the cart.
        quantity: units wanted, of a bundle those of its components.
        available: units that are held for it or free; the others would wait for stock.
        promised_at: when it has all of them, should the cart be placed before the quote expires;
            None when some would wait, or nobody can say.
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
        expires_at: until when quote and offers hold.
        promises: by line.
        offers: sealed promises of these dates, one for each way that goods of the cart go and on
            which nothing would have to wait.
    """

    version: int
    cart: pricing.PricedCart
    quote: str
    expires_at: datetime
    promises: tuple[LinePromise, ...]
    offers: tuple[str, ...]


async def quote(tx: Tx, cart_id: UUID, *, actor: Actor) -> CartQuote:
    """Price a cart, sign the prices, tell when each line would come, and seal that too.

    Raises:
        NoSuchCart, CartPlaced, EmptyCart, NotOnSale, StoreMissing: nothing can be quoted.
        Refusal: whatever pricing refuses, or sourcing when nothing goes to that address.
    """
    (checkout,) = await open_checkouts(tx, [(cart_id, actor)], lock=False)
    if checkout.refusal is not None:
        raise checkout.refusal
    quoted = await pricing.quote(tx, checkout.price_request(tx.now))
    validity = await sourcing.offer_validity(tx, checkout.channel)
    (plan,) = await plan_missing(tx, [checkout], later=validity)
    if plan.refusal is not None:
        raise plan.refusal
    promises = _promises(checkout, plan, tx.now)
    until = checkout.at(tx.now) + validity
    return CartQuote(
        version=checkout.contents.version,
        cart=quoted.cart,
        quote=quoted.quote,
        expires_at=min(quoted.expires_at, tx.now + validity),
        promises=promises,
        offers=tuple(_offers(tx, checkout, promises, until)),
    )


def _offers(
    tx: Tx, checkout: Checkout, promises: Sequence[LinePromise], until: datetime
) -> Iterator[str]:
    """Yield the offer of each way on which everything can be promised; carry-out needs none."""
    dates = {each.line_id: each.promised_at for each in promises}
    ways: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
    for each in checkout.lines:
        if each.option.method != "carry_out":
            ways[each.option.method, each.option.store].append(each)
    for lines in ways.values():
        told = [dates[each.line.id] for each in lines]
        known = [date for date in told if date is not None]
        if len(known) == len(told):
            yield sourcing.give_offer(
                tx,
                request_for(checkout, lines[0], until),
                sourcing.fingerprint_of(
                    (variant.id, units) for each in lines for variant, units in each.parts
                ),
                promised_at=max(known),
                expires_at=until,
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
