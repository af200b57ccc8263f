"""Placing carts: a batch of carts becomes orders, each as a whole or not at all.

Stock held for a cart is used first. A cart whose order is refused keeps its hold: what the attempt
took is held anew before anybody else can reach it, for the rows stay locked until the end.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import inventory, orders, organization
from crosslane.carts import storage
from crosslane.carts.domain import Cart
from crosslane.carts.errors import CartChanged, CartPlaced
from crosslane.carts.service.checkout import Checkout, open_checkouts
from crosslane.carts.service.holding import HOLDER, let_go
from crosslane.carts.service.planning import usable
from crosslane.carts.storage import HeldUnits
from crosslane.kernel import Refusal, new_id
from crosslane.orders import (
    STOPS_MAX,
    AttributionWish,
    LineWish,
    Offers,
    Placed,
    PreparedOrder,
    StopWish,
    TenderWish,
    UnitsHeld,
)
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind
from crosslane.pricing import QUOTE_CHARACTERS_MAX


class PlaceCart(msgspec.Struct, frozen=True, kw_only=True):
    """Make an order of a cart.

    Args:
        cart_id: the cart.
        version: version the customer agreed to; another one now is refused. None for any.
        quote: signed quote whose prices hold.
        offers: of the ways and dates that were shown; the order keeps them or is refused.
        stops: what holds the order back from the first moment.
    """

    cart_id: UUID
    version: int | None = None
    quote: Annotated[str, msgspec.Meta(max_length=QUOTE_CHARACTERS_MAX)] | None = None
    offers: Offers = []
    stops: Annotated[list[StopWish], msgspec.Meta(max_length=STOPS_MAX)] = []


async def place(tx: Tx, commands: Sequence[Command[PlaceCart]]) -> list[Placed | Refusal]:
    """Place the orders that carts have become."""
    checkouts = await open_checkouts(
        tx, [(each.body.cart_id, each.actor) for each in commands], lock=True
    )
    seen: set[UUID] = set()
    live: list[tuple[Checkout, Command[PlaceCart]]] = []
    outcomes: dict[str, Placed | Refusal] = {}
    for checkout, command in zip(checkouts, commands, strict=True):
        refusal = checkout.refusal or _refuse(checkout, command.body, seen)
        if refusal is not None:
            outcomes[command.key] = refusal
        else:
            seen.add(checkout.cart_id)
            live.append((checkout, command))
    staff = await _staff(tx, [checkout for checkout, _ in live])
    answers = await orders.PLACE.handle(
        tx,
        [
            Command(
                command.key,
                command.actor,
                _order(tx, checkout, command, staff),
                command.trace,
            )
            for checkout, command in live
        ],
    )
    placed: list[Cart] = []
    refused: list[Checkout] = []
    used: set[UUID] = set()
    for (checkout, command), answer in zip(live, answers, strict=True):
        outcomes[command.key] = answer
        if isinstance(answer, Placed):
            cart = checkout.cart
            placed.append(msgspec.structs.replace(cart, order_id=answer.id, updated_at=tx.now))
            used |= _used_up(checkout, tx.now)
        elif checkout.held:
            refused.append(checkout)
    held = [held for checkout, _ in live for held in checkout.held]
    await let_go(tx, [each for each in held if each.hold_id not in used])
    await storage.save(
        tx,
        changed=[*placed, *(each.cart for each in refused)],
        held=await _hold_anew(tx, refused),
        gone=[each.hold_id for each in held],
    )
    return [outcomes[command.key] for command in commands]


PLACE = CommandKind("carts.place", PlaceCart, Placed, place, batch_max=64)


def _refuse(checkout: Checkout, body: PlaceCart, seen: set[UUID]) -> Refusal | None:
    if checkout.cart_id in seen:
        return CartPlaced()
    if body.version not in (None, checkout.contents.version):
        return CartChanged(pointer="/version", version=checkout.contents.version)
    return None


async def _staff(tx: Tx, checkouts: Sequence[Checkout]) -> dict[str, str]:
    """Return the staff numbers of those who put goods into these carts, by ``staff:<account>``."""
    authors = {line.added_by for each in checkouts for line in each.contents.lines}
    accounts: dict[UUID, str] = {}
    for author in authors:
        kind, _, account = author.partition(":")
        with contextlib.suppress(ValueError):
            if kind == "staff":
                accounts[UUID(account)] = author
    if not accounts:
        return {}
    members = await organization.staff_by_account(tx, list(accounts))
    return {accounts[account]: member.code for account, member in members.items()}


def _credit(added_by: str, placed_by: Actor, staff: Mapping[str, str]) -> list[AttributionWish]:
    """Credit whoever put a line in: with the sale when it placed the order, else with its help."""
    if added_by not in staff:
        return []
    role = "sold" if added_by == str(placed_by) else "assisted"
    return [AttributionWish(role=role, staff=staff[added_by])]


def _order(
    tx: Tx, checkout: Checkout, command: Command[PlaceCart], staff: Mapping[str, str]
) -> PreparedOrder:
    contents, quote = checkout.contents, command.body.quote
    place_of = {each.line.id: place for place, each in enumerate(checkout.lines)}
    return PreparedOrder(
        channel=checkout.channel.code,
        # One cart is one order, whatever else should fail.
        source_id=checkout.cart.source_id or str(checkout.cart_id),
        placed_at=checkout.cart.occurred_at,
        ship_to=checkout.address if checkout.ships else None,
        lines=[
            LineWish(
                sku=each.variant.sku,
                quantity=each.line.quantity,
                method=each.option.method,
                store=each.option.store,
                # A quote has the agreed prices in it.
                unit_price_milli=None if quote else each.line.unit_price_milli,
                attributions=_credit(each.line.added_by, command.actor, staff),
            )
            for each in checkout.lines
        ],
        service=contents.service,
        shipping_minor=None if quote else contents.shipping_minor,
        coupons=list(contents.coupons),
        quote=quote,
        offers=command.body.offers,
        tenders=[
            TenderWish(
                method=each.method,
                minor=each.minor,
                token=each.token,
                provider=each.provider,
                account=each.account,
            )
            for each in contents.tenders
        ],
        stops=command.body.stops,
        locale=checkout.cart.locale,
        customer_id=checkout.buyer_id,
        known=checkout.buyer,
        holds=[_held(held, place_of[held.line_id]) for held in usable(checkout, tx.now)],
    )


def _held(held: HeldUnits, line: int) -> UnitsHeld:
    return UnitsHeld(
        line=line,
        variant_id=held.variant_id,
        hold_id=held.hold_id,
        fence=held.fence,
        location_id=held.location_id,
        quantity=held.quantity,
        promised_at=held.promised_at,
        draft_id=held.draft_id,
    )


def _used_up(checkout: Checkout, now: datetime) -> set[UUID]:
    """Return the holds of which nothing is left once their cart was placed.

    Units are taken from a hold as long as the line wants some, of goods carried out from none.
    """
    wanted = {
        (each.line.id, variant.id): units if each.option.method != "carry_out" else 0
        for each in checkout.lines
        for variant, units in each.parts
    }
    used: set[UUID] = set()
    for held in usable(checkout, now):
        left = wanted[held.line_id, held.variant_id] - held.quantity
        wanted[held.line_id, held.variant_id] = max(left, 0)
        if left >= 0:
            used.add(held.hold_id)
    return used


async def _hold_anew(tx: Tx, refused: Sequence[Checkout]) -> list[HeldUnits]:
    """Hold again what refused carts had held, until the same instant."""
    lost = [(each, held) for each in refused for held in usable(each, tx.now)]
    if not lost:
        return []
    again = [msgspec.structs.replace(held, hold_id=new_id(), fence=1) for _, held in lost]
    answers = await inventory.hold(
        tx,
        [
            inventory.HoldRequest(
                hold_id=held.hold_id,
                variant_id=held.variant_id,
                location_id=held.location_id,
                quantity=held.quantity,
                holder=inventory.HeldBy(HOLDER, held.cart_id),
                expires_at=held.expires_at,
                channel_id=each.channel.id,
            )
            for (each, _), held in zip(lost, again, strict=True)
        ],
    )
    return [
        held for held, answer in zip(again, answers, strict=True) if not isinstance(answer, Refusal)
    ]
