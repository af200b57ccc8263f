"""Exchanges and replacements: other goods for goods that come back, settled net with their credit.

The goods that go out are on the order at once and allocated. While the return travels a stop of
kind ``exchange`` holds them, and them alone, back; it is lifted by the credit of that return
(:class:`CreditRequest` names the exchange), and when it expires they are cancelled and their stock
is free again. What they cost beyond the credit to come is paid by new tenders now; what they cost
less is given back with the credit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from crosslane import customers
from crosslane.customers import Address
from crosslane.kernel import MILLI_PER_MINOR, Refusal, allocate, rounded_ratio
from crosslane.orders import events
from crosslane.orders.domain import (
    NOWHERE,
    SETTLED,
    CreditLine,
    NewCharge,
    NewLine,
    OrderState,
    Planned,
    Stage,
    Sum,
    part_of,
    plan_credit,
)
from crosslane.orders.errors import (
    AddressFixed,
    NoSuchLine,
    NoSuchOrder,
    NotReturning,
    NotTakenAlong,
)
from crosslane.orders.service.adding import (
    Adding,
    Drafted,
    Owing,
    Paid,
    draft_added,
    pay_more,
    wait_for,
)
from crosslane.orders.service.moving import Step, hand_over
from crosslane.orders.service.placing.wishes import LINES_MAX, LineWish, Reason, TenderWish
from crosslane.orders.service.resourcing import find_new_stock
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause


class ExchangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that go out for others.

    Args:
        wish: what, how many, and how the customer gets them.
        price: ``today``; ``even`` for what the customer gets credited for the units they replace,
            at their tax; ``free`` for nothing.
        instead_of: line of the units they replace, for an even swap.
    """

    wish: LineWish
    price: Literal["today", "even", "free"] = "today"
    instead_of: UUID | None = None


class ExchangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that go out for goods that come back, or that never came as they should.

    Args:
        order_id: the order, a closed one too.
        kind: ``exchange``, or ``replacement`` of what was lost or faulty.
        cause_id: what they go out for, such as a return.
        at: business time.
        lines: the goods.
        returning: units that will come back, whose credit pays; empty when none will.
        charges: money that will go with that credit, such as a fee.
        tenders: how the customer pays what the credit does not.
        ship_to: where shipped goods go, None for where the order goes.
        hold_until: the goods wait for those that come back until then; None when they need not.
        held: they wait without such an end, until a person has decided about those.
        till: store at whose counter it is asked: its till takes cash, and cards that no provider is
            asked for. Where goods are taken along it is theirs when None.
        reason: for the customer and the record.
        by: whose doing it is, the transaction's actor when None.
    """

    order_id: UUID
    kind: Literal["exchange", "replacement"] = "exchange"
    cause_id: UUID
    at: datetime
    lines: Annotated[Sequence[ExchangeLine], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    returning: Sequence[CreditLine] = ()
    charges: Sequence[NewCharge] = ()
    tenders: Sequence[TenderWish] = ()
    ship_to: Address | None = None
    hold_until: datetime | None = None
    held: bool = False
    till: UUID | None = None
    reason: Reason
    by: Any = None

    @property
    def waits(self) -> bool:
        """Whether the goods stay until those that come back allow them to go."""
        return self.held or self.hold_until is not None


class Exchanged(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange did; amounts in minor units of ``currency``.

    Args:
        amendment_no: its number on the order.
        line_ids: the lines added, in the order of the wish; a bundle's own, not its components.
        backordered: units that wait for stock.
        stop_id: what holds them until the return has come, None when nothing does.
        gross_minor: what they cost.
        expected_minor: what will be credited for what comes back.
        paid_minor: what new tenders pay.
        undecided: a provider has still to say so; until then a payment stop holds them too.
    """

    order_id: UUID
    amendment_no: int
    line_ids: list[UUID]
    backordered: int
    stop_id: UUID | None
    currency: str
    gross_minor: int
    expected_minor: int
    paid_minor: int
    undecided: bool


class _Plan(msgspec.Struct, kw_only=True):
    request: ExchangeRequest
    state: OrderState
    credit: Planned
    drafted: Drafted

    @property
    def gross_minor(self) -> int:
        return sum(line.gross_minor for line in self.drafted.lines if not line.is_bundle)

    @property
    def store(self) -> UUID | None:
        """The store at which goods are taken along."""
        return next((x.store_id for x in self.drafted.lines if x.method == "carry_out"), None)


async def exchange(tx: Tx, requests: Sequence[ExchangeRequest]) -> list[Exchanged | Refusal]:
    """Send other goods out, each request as a whole; asked once, since each asks for more goods.

    Args:
        tx: open transaction; whoever credits the goods at once does so after this, in it.
        requests: at most one of each order.

    Returns:
        One answer per request. Goods that nobody has wait for stock.

    Raises:
        ValueError: several are of one order.
    """
    if len({request.order_id for request in requests}) < len(requests):
        raise ValueError("an order is exchanged on once at a time")
    sheet = await Sheet.open(tx, {request.order_id for request in requests})
    plans = await _plan(tx, sheet, requests)
    good = [plan for plan in plans if isinstance(plan, _Plan)]
    paid = await pay_more(
        tx,
        [
            Owing(
                state=plan.state,
                more_minor=plan.gross_minor,
                expected_minor=plan.credit.given.gross_minor,
                tenders=plan.request.tenders,
                till=plan.request.till or plan.store,
                taken=plan.store is not None,
                at_till=plan.request.till is not None,
            )
            for plan in good
        ],
    )
    payments = dict(zip((plan.request.order_id for plan in good), paid, strict=True))
    await _send_elsewhere(tx, sheet, [p for p in good if _is_paid(payments, p)])
    answers: list[Exchanged | Refusal] = []
    for plan in plans:
        outcome = plan if isinstance(plan, Refusal) else payments[plan.request.order_id]
        if isinstance(plan, Refusal) or isinstance(outcome, Refusal):
            answers.append(outcome)
        else:
            answers.append(_add(tx, sheet, plan, outcome))
    done = [plan for plan in good if _is_paid(payments, plan)]
    if done:
        doing = Doing(done[0].request.by or tx, done[0].request.at, "exchange")
        await find_new_stock(tx, sheet, [p.request.order_id for p in done], doing)
        await hand_over(tx, sheet, [step for plan in done for step in _taken_along(tx, plan)])
    await sheet.write(tx)
    return [_with_waiting(sheet, answer) for answer in answers]


def _is_paid(payments: dict[UUID, Paid | Refusal], plan: _Plan) -> bool:
    return isinstance(payments[plan.request.order_id], Paid)


def _doing(tx: Tx, plan: _Plan) -> Doing:
    by: Cause = plan.request.by or tx
    no = plan.state.amendments + 1
    return Doing(by, plan.request.at, f"amendment:{no}")


async def _plan(tx: Tx, sheet: Sheet, requests: Sequence[ExchangeRequest]) -> list[_Plan | Refusal]:
    """Work out prices and the credit to come, without changing anything."""
    begun: list[tuple[ExchangeRequest, OrderState, Planned] | Refusal] = []
    for request in requests:
        state = sheet.states.get(request.order_id)
        if state is None:
            begun.append(NoSuchOrder(order=str(request.order_id)))
            continue
        refusal = _refuse(state, request)
        credit = plan_credit(state, request.returning, request.charges)
        if refusal is None and not isinstance(credit, Refusal):
            begun.append((request, state, credit))
        else:
            begun.append(refusal or credit)
    asked = [
        Adding(
            state=state,
            actor=(request.by or tx).actor,
            wishes=[line.wish for line in request.lines],
            cause=request.kind,
            ship_to=request.ship_to,
            taken_along=not request.waits,
        )
        for request, state, _ in (one for one in begun if not isinstance(one, Refusal))
    ]
    drafted = iter(await draft_added(tx, asked))
    plans: list[_Plan | Refusal] = []
    for one in begun:
        lines = one if isinstance(one, Refusal) else next(drafted)
        if isinstance(one, Refusal) or isinstance(lines, Refusal):
            plans.append(lines)
        else:
            request, state, credit = one
            priced = _swap(request, state, credit, lines)
            plans.append(
                _Plan(request=request, state=state, credit=credit, drafted=priced)
                if isinstance(priced, Drafted)
                else priced
            )
    return plans


def _refuse(state: OrderState, request: ExchangeRequest) -> Refusal | None:
    """Return why goods cannot go out as asked, before anything is looked up.

    What is held cannot be taken along, and an order whose goods are still to be shipped is not sent
    elsewhere by an exchange.
    """
    for place, line in enumerate(request.lines):
        if line.wish.method == "carry_out" and request.waits:
            return NotTakenAlong(pointer=f"/lines/{place}/method", sku=line.wish.sku)
    if request.ship_to is None:
        return None
    if state.order.customer_id is None:
        return AddressFixed(reason="nobody is known to ship it to")
    try:
        customers.require_address(request.ship_to, pointer="/ship_to")
    except Refusal as refusal:
        return refusal
    left = any(
        line.method == "ship" and state.buckets.units_in(line.id, SETTLED) < line.quantity
        for line in state.stock_lines
    )
    return AddressFixed(reason="goods are still to be shipped to another address") if left else None


def _swap(
    request: ExchangeRequest, state: OrderState, credit: Planned, drafted: Drafted
) -> Drafted | Refusal:
    """Give even and free lines their price; units of one line are swapped one after the other."""
    left: dict[UUID, tuple[int, Sum]] = {}
    for back in request.returning:
        units, value = left.get(back.line_id, (0, Sum()))
        left[back.line_id] = units + back.quantity, value
    for one in credit.units:
        of = one.line.id if one.line.id in left else one.line.parent_line_id
        if of in left:
            units, value = left[of]
            left[of] = units, value + one.value
    own = [line for line in drafted.lines if line.parent_line_id is None]
    lines: list[NewLine] = []
    for line, asked in zip(own, request.lines, strict=True):
        parts = [x for x in drafted.lines if x.parent_line_id == line.id]
        if asked.price == "today":
            lines += [line, *parts]
            continue
        value, old = Sum(), line
        if asked.price == "even":
            found = state.line(asked.instead_of) if asked.instead_of else None
            if found is None:
                return NoSuchLine(line=str(asked.instead_of))
            units, whole = left.get(found.id, (0, Sum()))
            if line.quantity > units:
                return NotReturning(quantity=line.quantity, sku=found.sku, left=units)
            value, old = part_of(whole, line.quantity, units), found
            left[found.id] = units - line.quantity, whole - value
        lines += _priced(line, parts, value, old)
    return Drafted(lines, drafted.attributions)


def _priced(line: NewLine, parts: Sequence[NewLine], value: Sum, taxed_as: Any) -> list[NewLine]:
    """Return a line, and the components of a bundle, at another price with the tax of a line."""
    weights = [part.gross_minor for part in parts]
    nets = allocate(value.net_minor, weights) if parts else []
    taxes = allocate(value.tax_minor, weights) if parts else []
    sums = [value, *(Sum(net, tax) for net, tax in zip(nets, taxes, strict=True))]
    return [
        msgspec.structs.replace(
            one,
            unit_price_milli=rounded_ratio(what.gross_minor, MILLI_PER_MINOR, one.quantity),
            net_minor=what.net_minor,
            tax_minor=what.tax_minor,
            gross_minor=what.gross_minor,
            tax_rate_bp=taxed_as.tax_rate_bp,
            tax_class=taxed_as.tax_class,
            jurisdiction=taxed_as.jurisdiction,
        )
        for one, what in zip([line, *parts], sums, strict=True)
    ]


async def _send_elsewhere(tx: Tx, sheet: Sheet, plans: Sequence[_Plan]) -> None:
    moved = [plan for plan in plans if plan.request.ship_to is not None]
    addresses = [
        customers.require_address(plan.request.ship_to, pointer="/ship_to")
        for plan in moved
        if plan.request.ship_to is not None
    ]
    owners = [x for plan in moved if (x := plan.state.order.customer_id) is not None]
    snapshots = await customers.snapshot_addresses(tx, addresses, owners=owners) if moved else []
    for plan, address_id in zip(moved, snapshots, strict=True):
        sheet.send_to(plan.request.order_id, address_id, _doing(tx, plan))


def _add(tx: Tx, sheet: Sheet, plan: _Plan, paid: Paid) -> Exchanged:
    """Put the goods on the order, and hold them back until the return has come."""
    request, order = plan.request, plan.state.order
    doing, gross_minor = _doing(tx, plan), plan.gross_minor
    expected_minor = plan.credit.given.gross_minor
    sheet.add_lines(order.id, plan.drafted.lines, plan.drafted.attributions, doing)
    own = [line for line in plan.drafted.lines if line.parent_line_id is None]
    told = [{"sku": line.sku, "quantity": line.quantity} for line in own]
    no = sheet.amend(order.id, request.kind, request.reason, told, gross_minor, doing)
    stop = None
    if request.waits:
        stop = sheet.raise_stop(
            order.id,
            "exchange",
            request.reason,
            doing,
            request.hold_until,
            amendment_no=no,
            cause_id=request.cause_id,
            expected_minor=expected_minor,
        )
    elif expected_minor:
        sheet.keep_money(order.id)
    wait_for(paid, sheet, order.id, no, doing)
    sheet.announce(
        events.OrderAmended(
            order_id=order.id,
            amendment_no=no,
            amendment_kind=request.kind,
            gross_delta_minor=gross_minor,
        ),
        doing,
    )
    return Exchanged(
        order_id=order.id,
        amendment_no=no,
        line_ids=[line.id for line in own],
        backordered=0,
        stop_id=stop.id if stop else None,
        currency=order.currency,
        gross_minor=gross_minor,
        expected_minor=expected_minor,
        paid_minor=paid.minor,
        undecided=paid.until is not None,
    )


def _taken_along(tx: Tx, plan: _Plan) -> list[Step]:
    doing = _doing(tx, plan)
    return [
        Step(
            order_id=plan.request.order_id,
            line_id=line.id,
            location_id=NOWHERE,
            to_location_id=line.store_id,
            from_stage=Stage.OPEN,
            to_stage=Stage.HANDED_OVER,
            quantity=line.quantity,
            group=str(line.id),
            why=doing.why,
            occurred_at=doing.occurred_at,
            cause=doing.cause,
        )
        for line in plan.drafted.lines
        if line.method == "carry_out" and not line.is_bundle
    ]


def _with_waiting(sheet: Sheet, answer: Exchanged | Refusal) -> Exchanged | Refusal:
    """Tell with an exchange how many of its units wait for stock."""
    if isinstance(answer, Refusal):
        return answer
    state = sheet.states[answer.order_id]
    waiting = sum(
        state.buckets.units(line.id, Stage.BACKORDERED)
        for line in state.stock_lines
        if line.amendment_no == answer.amendment_no
    )
    return msgspec.structs.replace(answer, backordered=waiting)
