"""Where the units of carts would come from: planned by sourcing, promised to nobody yet."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import inventory, sourcing
from crosslane.carts.service.checkout import Checkout, Wanted
from crosslane.carts.storage import HeldUnits
from crosslane.catalog import Variant
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx

NOW = timedelta(0)


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that are not held for it."""

    wanted: Wanted
    variant: Variant
    quantity: int


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line and where they would come from."""

    wanted: Wanted
    variant: Variant
    location_id: UUID
    quantity: int
    promised_at: datetime | None
    draft_id: UUID | None = None


class CartPlan(msgspec.Struct, kw_only=True):
    """What a cart's units could come from.

    Args:
        planned: units with their location.
        short: units nobody has.
        refusal: why nothing can be planned: no such service to that address.
        decisions: how it was decided, one for each way and store.
    """

    planned: list[Planned] = []
    short: list[Missing] = []
    refusal: Refusal | None = None
    decisions: list[sourcing.Sourced] = []


def usable(checkout: Checkout, now: datetime) -> list[HeldUnits]:
    """Return the holds of a cart that still count for what it wants now."""
    ways = {
        (each.line.id, variant.id): each.option
        for each in checkout.lines
        for variant, _ in each.parts
    }
    return [
        held
        for held in checkout.held
        if held.expires_at > now
        and (way := ways.get((held.line_id, held.variant_id))) is not None
        and (way.method, way.store) == (held.method, held.store)
    ]


def missing(checkout: Checkout, now: datetime) -> list[Missing]:
    """Return the units that a cart wants and that are not held for it."""
    held: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for each in usable(checkout, now):
        held[each.line_id, each.variant_id] += each.quantity
    return [
        Missing(wanted=each, variant=variant, quantity=left)
        for each in checkout.lines
        for variant, units in each.parts
        if (left := units - held[each.line.id, variant.id]) > 0
    ]


async def plan_missing(
    tx: Tx, checkouts: Sequence[Checkout], *, later: timedelta = NOW
) -> list[CartPlan]:
    """Plan the units that carts lack, earlier carts first; nothing is promised by it.

    One survey per channel and one statement for capacities, however many carts.

    Args:
        tx: open transaction.
        checkouts: different carts.
        later: plan as if they were placed so much later.
    """
    plans = [CartPlan(planned=[], short=[], decisions=[]) for _ in checkouts]
    by_channel: dict[UUID, list[int]] = defaultdict(list)
    for place, checkout in enumerate(checkouts):
        by_channel[checkout.channel.id].append(place)
    for channel_id, places in by_channel.items():
        lacking = {place: missing(checkouts[place], tx.now) for place in places}
        variant_ids = {each.variant.id for some in lacking.values() for each in some}
        if not variant_ids:
            continue
        survey = await inventory.survey(tx, sorted(variant_ids), channel_id=channel_id)
        asked = [
            (plans[place], request, keys)
            for place in places
            for request, keys in _requests(
                tx, checkouts[place], lacking[place], plans[place], later
            )
        ]
        answers = await sourcing.plan_orders(tx, [request for _, request, _ in asked], survey)
        for (plan, _, keys), answer in zip(asked, answers, strict=True):
            _take(plan, keys, answer)
    return plans


def _requests(
    tx: Tx, checkout: Checkout, lacking: Sequence[Missing], plan: CartPlan, later: timedelta
) -> list[tuple[sourcing.SourcingRequest, dict[UUID, Missing]]]:
    """Return one question per way and store; what is carried out is taken where it is."""
    grouped: dict[tuple[str, str], list[Missing]] = defaultdict(list)
    for each in lacking:
        option, store = each.wanted.option, each.wanted.store
        if option.method == "carry_out" and store is not None:
            plan.planned.append(
                Planned(
                    wanted=each.wanted,
                    variant=each.variant,
                    location_id=store.id,
                    quantity=each.quantity,
                    promised_at=checkout.at(tx.now),
                )
            )
        else:
            grouped[option.method, option.store].append(each)
    return [
        _request(checkout, method, some, checkout.at(tx.now) + later)
        for (method, _), some in grouped.items()
    ]


def _request(
    checkout: Checkout, method: str, some: Sequence[Missing], at: datetime
) -> tuple[sourcing.SourcingRequest, dict[UUID, Missing]]:
    keys = {new_id(): each for each in some}
    request = request_for(checkout, some[0].wanted, at)
    lines = [
        sourcing.LineAsked(key=key, variant=each.variant, quantity=each.quantity)
        for key, each in keys.items()
    ]
    return msgspec.structs.replace(request, lines=lines), keys


def request_for(checkout: Checkout, wanted: Wanted, at: datetime) -> sourcing.SourcingRequest:
    """Return the question of how goods of a cart would come the way that a line goes.

    Args:
        checkout: the cart.
        wanted: the line.
        at: business time.
    """
    address = checkout.address
    return sourcing.SourcingRequest(
        order_id=checkout.cart_id,
        channel=checkout.channel,
        currency=checkout.channel.currency,
        method=wanted.option.method,
        at=at,
        country=address.country if address else checkout.channel.country,
        postcode=address.postcode if address else "",
        store=wanted.store,
        service=checkout.service,
        lines=[],
    )


def _take(plan: CartPlan, keys: dict[UUID, Missing], answer: sourcing.Sourced | Refusal) -> None:
    if isinstance(answer, Refusal):
        plan.refusal = answer
        return
    plan.decisions.append(answer)
    left = {key: each.quantity for key, each in keys.items()}
    for key, location_id, quantity in answer.placed:
        left[key] -= quantity
        plan.planned.append(
            Planned(
                wanted=keys[key].wanted,
                variant=keys[key].variant,
                location_id=location_id,
                quantity=quantity,
                promised_at=answer.promised_at,
                draft_id=answer.receipt_id,
            )
        )
    plan.short.extend(
        msgspec.structs.replace(keys[key], quantity=quantity)
        for key, quantity in left.items()
        if quantity
    )
