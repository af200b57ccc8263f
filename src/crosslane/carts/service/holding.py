"""Keeping stock for carts: what a cart wants and does not hold yet is planned and held, or refused.

A cart is held as a whole or its request is refused. What it holds already is held longer. Holds of
lines that are gone, or go another way now, are let go.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import inventory, locations, organization, sourcing
from crosslane.carts import storage
from crosslane.carts.errors import NotEnoughToHold
from crosslane.carts.service.checkout import Checkout, open_checkouts
from crosslane.carts.service.planning import CartPlan, Missing, Planned, plan_missing, usable
from crosslane.carts.service.wishes import KEEPING, CartHeld, HeldLine
from crosslane.carts.storage import HeldUnits
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx
from crosslane.platform.impatience import impatient
from crosslane.platform.lane import Command, CommandKind

# A plan is made without locks; whoever loses a race for units is planned once more.
ROUNDS_MAX = 3
HOLDER = "cart"
FORGOTTEN_AT_ONCE_MAX = 5_000


class HoldCart(msgspec.Struct, frozen=True, kw_only=True):
    """Keep stock for a cart."""

    cart_id: UUID


async def hold(tx: Tx, commands: Sequence[Command[HoldCart]]) -> list[CartHeld | Refusal]:
    """Keep stock for carts; a cart asked for twice in a batch is held once."""
    checkouts = await open_checkouts(
        tx, [(each.body.cart_id, each.actor) for each in commands], lock=True
    )
    once: dict[UUID, Checkout] = {}
    for each in checkouts:
        if each.refusal is None:
            once.setdefault(each.cart_id, each)
    asked = list(once.values())
    gone = await keep_stock(tx, asked)
    held = [held for each in asked for held in each.held]
    await storage.save(tx, changed=[each.cart for each in asked], held=held, gone=gone)
    network = await locations.network(tx)
    answers = {each.cart_id: each.refusal or cart_held(each, network) for each in asked}
    return [each.refusal or answers[each.cart_id] for each in checkouts]


HOLD = CommandKind("carts.hold", HoldCart, CartHeld, hold)


async def forget_holds(tx: Tx) -> None:
    """Forget what was held for carts and has run out; a schedule, nothing depends on it."""
    await storage.delete_expired(tx, FORGOTTEN_AT_ONCE_MAX)


async def keep_stock(tx: Tx, checkouts: Sequence[Checkout]) -> list[UUID]:
    """Hold what carts want, each as a whole; those that cannot have all of it get their refusal.

    Args:
        tx: open transaction.
        checkouts: different carts, complete, and locked or new.

    Returns:
        Holds that are no more. They, and what each cart holds now, refused ones too, have to be
        saved.
    """
    had = {held.hold_id for each in checkouts for held in each.held}
    await _take_missing(tx, checkouts)
    await _renew(tx, [each for each in checkouts if each.refusal is None])
    gone: list[HeldUnits] = []
    for each in checkouts:
        if each.refusal is None:
            kept = usable(each, tx.now)
        else:
            # What it had it keeps, for longer where that was granted; what is new goes back.
            kept = [held for held in each.held if held.hold_id in had]
        ids = {held.hold_id for held in kept}
        gone += [held for held in each.held if held.hold_id not in ids]
        each.held = kept
    await let_go(tx, gone)
    return [held.hold_id for held in gone]


def hold_until(tx: Tx, policies: organization.PolicyBook, checkout: Checkout) -> datetime:
    """Return until when stock asked for now is kept."""
    keeping, _ = policies.resolve(
        KEEPING, tx.now, channel=checkout.channel.code, brand=checkout.channel.brand
    )
    return tx.now + timedelta(minutes=keeping.hold_minutes)


async def _take_missing(tx: Tx, checkouts: Sequence[Checkout]) -> None:
    """Hold what the carts lack; those that cannot have all of it get their refusal."""
    policies = await organization.policies(tx)
    open_ones = list(checkouts)
    lost: dict[UUID, Refusal] = {}
    for number in range(ROUNDS_MAX):
        plans = await plan_missing(tx, open_ones)
        for each, plan in zip(open_ones, plans, strict=True):
            each.refusal = plan.refusal or _shortage(plan)
        pairs = [
            (each, plan)
            for each, plan in zip(open_ones, plans, strict=True)
            if each.refusal is None
        ]
        # A later round has positions already, and may need one that comes before them.
        async with impatient(tx) if number else nullcontext():
            lost = await _hold(tx, pairs, policies)
        open_ones = [each for each, _ in pairs if each.cart_id in lost]
        if not open_ones:
            break
    for each in open_ones:
        each.refusal = lost[each.cart_id]


def _shortage(plan: CartPlan) -> Refusal | None:
    if not plan.short:
        return None
    first: Missing = plan.short[0]
    wanted = sum(units for variant, units in first.wanted.parts if variant.id == first.variant.id)
    return NotEnoughToHold(
        sku=first.variant.sku, quantity=wanted, available=wanted - first.quantity
    )


async def _hold(
    tx: Tx,
    pairs: Sequence[tuple[Checkout, CartPlan]],
    policies: organization.PolicyBook,
) -> dict[UUID, Refusal]:
    """Take holds, cart by cart all or nothing; return the carts that lost a race and to what."""
    asked = [(each, planned) for each, plan in pairs for planned in plan.planned]
    if not asked:
        return {}
    until = {each.cart_id: hold_until(tx, policies, each) for each, _ in pairs}
    held = [_units(each, planned, until[each.cart_id]) for each, planned in asked]
    answers = await inventory.hold(
        tx,
        [
            inventory.HoldRequest(
                hold_id=units.hold_id,
                variant_id=units.variant_id,
                location_id=units.location_id,
                quantity=units.quantity,
                holder=inventory.HeldBy(HOLDER, units.cart_id),
                expires_at=units.expires_at,
                channel_id=each.channel.id,
                group=units.cart_id,
            )
            for (each, _), units in zip(asked, held, strict=True)
        ],
    )
    lost: dict[UUID, Refusal] = {}
    for (each, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Refusal) and not isinstance(
            lost.get(each.cart_id), inventory.OutOfStock
        ):
            lost[each.cart_id] = answer
    for (each, _), units in zip(asked, held, strict=True):
        if each.cart_id not in lost:
            each.held.append(units)
    granted = [plan.decisions for each, plan in pairs if each.cart_id not in lost]
    await sourcing.save_drafts(tx, [one for decisions in granted for one in decisions])
    return lost


def _units(checkout: Checkout, planned: Planned, expires_at: datetime) -> HeldUnits:
    option = planned.wanted.option
    return HeldUnits(
        hold_id=new_id(),
        cart_id=checkout.cart_id,
        line_id=planned.wanted.line.id,
        variant_id=planned.variant.id,
        location_id=planned.location_id,
        method=option.method,
        store=option.store,
        quantity=planned.quantity,
        fence=1,
        expires_at=expires_at,
        promised_at=planned.promised_at,
        draft_id=planned.draft_id,
    )


async def let_go(tx: Tx, gone: Sequence[HeldUnits]) -> None:
    """Let holds go; one that has ended already is none the worse for it."""
    if gone:
        await inventory.release_hold(
            tx, [inventory.HoldRelease(hold_id=each.hold_id, fence=each.fence) for each in gone]
        )


async def _renew(tx: Tx, checkouts: Sequence[Checkout]) -> None:
    """Hold longer what was held before; a cart that loses units over it is refused as a whole."""
    policies = await organization.policies(tx)
    older = [
        (each, held, until)
        for each in checkouts
        for until in [hold_until(tx, policies, each)]
        for held in usable(each, tx.now)
        if held.expires_at < until
    ]
    if not older:
        return
    answers = await inventory.extend(
        tx,
        [
            inventory.Extension(
                hold_id=held.hold_id,
                fence=held.fence,
                expires_at=until,
                channel_id=each.channel.id,
            )
            for each, held, until in older
        ],
    )
    longer: dict[UUID, HeldUnits] = {}
    for (each, held, until), answer in zip(older, answers, strict=True):
        if isinstance(answer, Refusal):
            each.refusal = answer
        else:
            longer[held.hold_id] = msgspec.structs.replace(
                held, fence=answer.fence, expires_at=until
            )
    for each in checkouts:
        each.held = [longer.get(held.hold_id, held) for held in each.held]


def cart_held(checkout: Checkout, network: locations.Network) -> CartHeld:
    """Return what is held for a cart."""
    return CartHeld(
        cart_id=checkout.cart_id,
        expires_at=min(held.expires_at for held in checkout.held),
        lines=tuple(
            HeldLine(
                line_id=held.line_id,
                variant_id=held.variant_id,
                location=network.by_id[held.location_id].code,
                quantity=held.quantity,
                promised_at=held.promised_at,
            )
            for held in checkout.held
        ),
    )
