"""More goods on orders that exist: what they cost today, and how they are paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import catalog, customers, locations, organization, payments, pricing
from crosslane.catalog import Variant
from crosslane.customers import Address
from crosslane.kernel import Refusal, new_id
from crosslane.orders.domain import (
    Attribution,
    LineCause,
    NewLine,
    Order,
    OrderState,
    expected_credit,
    worth,
)
from crosslane.orders.domain.policy import INTAKE
from crosslane.orders.errors import AddressNeeded, NotTakenAlong, PaidAtTheTill
from crosslane.orders.service.placing import drafting, paying
from crosslane.orders.service.placing.drafting import WantedLine
from crosslane.orders.service.placing.resolving import Surroundings, resolve_lines
from crosslane.orders.service.placing.wishes import LineWish, TenderWish
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.organization import PolicyBook
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx


class Adding(msgspec.Struct, frozen=True, kw_only=True):
    """Goods to be added to an order.

    Args:
        state: the order.
        actor: who adds them.
        wishes: what.
        cause: how the lines come to be.
        ship_to: where they go, None for where the order goes.
        taken_along: whether a customer at a store may take them along at once.
    """

    state: OrderState
    actor: Actor
    wishes: Sequence[LineWish]
    cause: LineCause
    ship_to: Address | None = None
    taken_along: bool = False


class Drafted(msgspec.Struct, frozen=True):
    """Lines at today's prices with who gets the credit for them."""

    lines: list[NewLine]
    attributions: list[Attribution]


async def draft_added(tx: Tx, asked: Sequence[Adding]) -> list[Drafted | Refusal]:
    """Return the lines that would be added to orders, each order's as a whole or refused."""
    around = Surroundings(
        await organization.book(tx),
        await organization.policies(tx),
        await locations.network(tx),
        tx.now,
    )
    skus = {wish.sku for one in asked for wish in one.wishes}
    variants = await catalog.variants_by_sku(tx, sorted(skus))
    parts = {part.variant_id for v in variants.values() for part in v.components}
    by_id = await catalog.variants_by_id(tx, sorted(parts))
    sent_to = {one.state.order.ship_address_id for one in asked} - {None}
    addresses = await customers.addresses_by_id(tx, sorted(sent_to))
    outcomes: list[Drafted | Refusal | None] = []
    wanted: list[tuple[int, list[WantedLine], pricing.PriceRequest]] = []
    for place, one in enumerate(asked):
        try:
            lines = _resolve(one, variants, around)
            wanted.append((place, lines, _price_request(tx, one, lines, addresses, around)))
            outcomes.append(None)
        except Refusal as refusal:
            outcomes.append(refusal)
    priced = await pricing.price(tx, [request for *_, request in wanted])
    for (place, lines, _), cart in zip(wanted, priced, strict=True):
        drafted = cart if isinstance(cart, Refusal) else _draft(asked[place], lines, cart, by_id)
        outcomes[place] = drafted
    return [one for one in outcomes if one is not None]


def _resolve(
    one: Adding, variants: Mapping[str, Variant], around: Surroundings
) -> list[WantedLine]:
    """Look up articles and ways; refuse goods that could never reach the customer on this order."""
    channel = around.book.channel(one.state.order.channel)
    wanted = resolve_lines(one.wishes, channel, variants, around, around.now)
    for place, line in enumerate(wanted):
        if line.method == "carry_out" and not one.taken_along:
            raise NotTakenAlong(pointer=f"/lines/{place}/method", sku=line.variant.sku)
        known = one.ship_to is not None or one.state.order.ship_address_id is not None
        if line.method == "ship" and not known:
            raise AddressNeeded(pointer=f"/lines/{place}/method")
    return wanted


def _price_request(
    tx: Tx,
    one: Adding,
    lines: Sequence[WantedLine],
    addresses: Mapping[UUID, customers.AddressSnapshot],
    around: Surroundings,
) -> pricing.PriceRequest:
    order = one.state.order
    channel = around.book.channel(order.channel)
    country = channel.country
    if one.ship_to is not None:
        country = one.ship_to.country
    elif order.ship_address_id is not None:
        country = addresses[order.ship_address_id].address.country
    return pricing.PriceRequest(
        channel=channel.code,
        at=tx.now,
        actor=one.actor,
        destination=pricing.Destination(country),
        lines=drafting.price_lines(lines),
        customer_id=order.customer_id,
    )


def _draft(
    one: Adding,
    wanted: Sequence[WantedLine],
    cart: pricing.PricedCart,
    variants: Mapping[UUID, Variant],
) -> Drafted:
    no = one.state.amendments + 1
    lines = drafting.draft_lines(
        one.state.order.id,
        wanted,
        cart.lines,
        variants,
        new_id,
        cause=one.cause,
        first_position=len(one.state.lines) + 1,
        amendment_no=no,
    )
    return Drafted(lines, drafting.draft_attributions(wanted, lines, f"amendment:{no}"))


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """What an order will be worth more, and how the customer pays what is owed for it.

    Args:
        state: the order before.
        more_minor: what is added to its worth, in minor units.
        expected_minor: what of that the credit for goods on their way back will pay.
        tenders: how the rest is paid.
        till: store whose till takes it, None when no till does.
        taken: the till has taken it already.
        at_till: likewise cash, and cards that no provider is asked for.
    """

    state: OrderState
    more_minor: int
    expected_minor: int = 0
    tenders: Sequence[TenderWish]
    till: UUID | None = None
    taken: bool = False
    at_till: bool = False


class Paid(msgspec.Struct, frozen=True):
    """What new tenders pay; a provider has until some time to say so, None when it need not."""

    minor: int
    until: datetime | None
    payment_ids: Sequence[UUID]


async def pay_more(tx: Tx, asked: Sequence[Owing]) -> list[Paid | Refusal]:
    """Open tenders for what the orders' own and the credits they expect do not cover."""
    money = await payments.money_by_order(tx, [one.state.order.id for one in asked])
    planned = [_plan(tx, one, money[one.state.order.id]) for one in asked]
    wanted = [tender for plan in planned if not isinstance(plan, Refusal) for tender in plan]
    sheet = await payments.tender_sheet(tx, wanted)
    policies = await organization.policies(tx)
    outcomes: list[Paid | Refusal] = []
    for one, plan in zip(asked, planned, strict=True):
        taken = plan if isinstance(plan, Refusal) or not plan else sheet.take(plan)
        if isinstance(plan, Refusal) or isinstance(taken, Refusal):
            outcomes.append(taken)
            continue
        waits = any(
            isinstance(tender, payments.Opened) and tender.state is payments.State.PENDING
            for tender in taken
        )
        until = _paid_by(tx, policies, one.state.order) if waits else None
        ids = [tender.payment_id for tender in taken]
        outcomes.append(Paid(sum(tender.minor for tender in plan), until, ids))
    await sheet.write(tx)
    return outcomes


def wait_for(paid: Paid, sheet: Sheet, order_id: UUID, amendment_no: int, doing: Doing) -> None:
    """Hold the goods of an amendment back while a provider has not said whether they are paid."""
    if paid.until is not None:
        sheet.raise_stop(
            order_id,
            "payment",
            paying.PAYMENT_REASON,
            doing,
            paid.until,
            amendment_no=amendment_no,
            payment_ids=paid.payment_ids,
        )


def _paid_by(tx: Tx, policies: PolicyBook, order: Order) -> datetime:
    intake, _ = policies.resolve(INTAKE, tx.now, channel=order.channel, brand=order.brand)
    return tx.now + timedelta(minutes=intake.payment_minutes)


def owed(state: OrderState, money: payments.OrderMoney) -> int:
    """Return what of an order neither its tenders nor the credits it expects pay, if positive."""
    covered = money.capturable_minor + money.capturing_minor + money.refundable_minor
    if money.undecided:
        covered += sum(t.amount_minor for t in money.tenders if t.state is payments.State.PENDING)
    return worth(state).gross_minor - covered - expected_credit(state)


def _plan(tx: Tx, one: Owing, money: payments.OrderMoney) -> list[payments.NewTender] | Refusal:
    order = one.state.order
    for place, wish in enumerate(one.tenders):
        if one.taken and wish.provider:
            return PaidAtTheTill(pointer=f"/tenders/{place}/provider", provider=wish.provider)
    more = owed(one.state, money) + one.more_minor - one.expected_minor
    return paying.split_tenders(
        one.tenders,
        max(0, more),
        order_id=order.id,
        channel_id=order.channel_id,
        location_id=one.till,
        currency=order.currency,
        at=tx.now,
        card_terms=payments.Terms.PER_PARCEL,
        customer_id=order.customer_id,
        taken=one.taken,
        at_till=one.at_till,
    )
