"""Whether a person has to look at a return before anything is given for it."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane import locations, orders, organization, payments
from crosslane.locations import Network
from crosslane.orders import OrderState
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.payments import Means, Method
from crosslane.platform.database import Tx
from crosslane.returns.domain import NOT_THEIR_FAULT, Return, ReturnLine
from crosslane.returns.domain.abuse import Finding, Trait
from crosslane.returns.domain.abuse_policy import ABUSE
from crosslane.returns.domain.blind import value_of
from crosslane.returns.domain.goods import to_credit
from crosslane.returns.service.looking import Looked
from crosslane.returns.service.settling import Job
from crosslane.returns.service.suspecting import Suspect, suspect

HOLD_REASON_CHARACTERS_MAX = 500


async def judge(tx: Tx, looked: Looked, jobs: Sequence[Job]) -> dict[UUID, str]:
    """Return why returns wait for a person, by return; most wait for nobody.

    What has happened waits no more, but is weighed and found like the rest.

    Args:
        tx: open transaction; returns and orders are locked.
        looked: their orders.
        jobs: what is about to be settled; what a person has cleared is not asked for.
    """
    if not jobs:
        return {}
    known = await _known(tx, looked, jobs)
    findings = await suspect(tx, [_suspect(known, looked, job) for job in jobs])
    return {job.one.id: reason for job in jobs if (reason := _why(findings.get(job.one.id, [])))}


class _Known(msgspec.Struct, frozen=True):
    """What is looked up for a batch: by order what it is paid with and who sold it, and so on."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    means: dict[UUID, Means]
    sellers: dict[UUID, str]
    staff: dict[UUID, str]
    by_number: dict[str, OrderState]


async def _known(tx: Tx, looked: Looked, jobs: Sequence[Job]) -> _Known:
    with_staff = [job.one for job in jobs if job.one.staff]
    customers = [one.customer_id for one in with_staff if one.customer_id]
    members = await organization.staff_by_customer(tx, customers) if customers else {}
    return _Known(
        book=await organization.book(tx),
        policies=await organization.policies(tx),
        network=await locations.network(tx),
        means=await payments.means_of_orders(tx, list(looked.states)) if looked.states else {},
        sellers=await orders.list_sellers(tx, [o.order_id for o in with_staff if o.order_id]),
        staff={customer_id: member.code for customer_id, member in members.items()},
        by_number={state.order.number: state for state in looked.states.values()},
    )


def _suspect(known: _Known, looked: Looked, job: Job) -> Suspect:
    one = job.one
    channel = known.book.channel_by_id(one.channel_id)
    policy, policy_id = known.policies.resolve(
        ABUSE, job.at, channel=channel.code, brand=channel.brand
    )
    receipt = one.order_number or one.proof
    state = known.by_number.get(receipt)
    return Suspect(
        trait=_trait(known, looked, job, receipt, channel.tax_mode),
        sold=_sold(looked, state) if state else None,
        policy=policy,
        policy_id=policy_id,
        happened=job.happened,
    )


def _trait(known: _Known, looked: Looked, job: Job, receipt: str, tax_mode: str) -> Trait:
    one = job.one
    state = looked.states.get(one.order_id) if one.order_id else None
    means = known.means.get(one.order_id) if one.order_id else None
    worth = {line.id: _worth(one, line, state, tax_mode) for line in one.lines}
    blamed = [line for line in one.lines if line.reason in NOT_THEIR_FAULT]
    worn = [line for line in one.lines if line.item_state == "used" and line not in blamed]
    units: Counter[str] = Counter()
    for line in one.lines:
        units[line.sku] += to_credit(one, line)
    paid_cash = means is None or means.methods == {Method.CASH}
    place = known.network.by_id.get(one.location_id) if one.location_id else None
    in_store = place is not None and place.kind == "store"
    return Trait(
        return_id=one.id,
        at=job.at,
        customer=one.customer_id,
        card=means.card if means else "",
        receipt=receipt,
        sold_at=_sold_at(looked, one),
        sold_by=known.sellers.get(one.order_id, "") if one.order_id else "",
        taken_by=one.staff,
        buyer_staff=known.staff.get(one.customer_id, "") if one.customer_id else "",
        location=one.location_id,
        credited=in_store and any(line.sold_at not in (None, place.id) for line in one.lines),
        cash=one.refund_method == "cash" or (one.refund_method == "original" and paid_cash),
        paid_cash=paid_cash,
        minor=sum(worth.values()),
        receipt_minor=sum(line.gross_minor for line in state.stock_lines) if state else 0,
        faulty_minor=sum(worth[line.id] for line in blamed),
        worn_minor=sum(worth[line.id] for line in worn),
        units={sku: quantity for sku, quantity in units.items() if quantity},
        kept_nothing=state is not None and _keeps_nothing(looked, state, one),
    )


def _worth(one: Return, line: ReturnLine, state: OrderState | None, tax_mode: str) -> int:
    """Return about what a line gives back, gross: fees and what was given before are left out."""
    units = to_credit(one, line)
    bought = state.line(line.order_line_id) if state and line.order_line_id else None
    if bought is not None:
        return bought.gross_minor * units // bought.quantity
    milli, rate = line.unit_price_milli or 0, line.tax_rate_bp or 0
    return value_of(milli, units, rate, tax_mode).gross_minor


def _sold(looked: Looked, state: OrderState) -> dict[str, int]:
    sold: Counter[str] = Counter()
    for line in state.stock_lines:
        sold[line.sku] += looked.bought[line.id].handed
    return dict(sold)


def _sold_at(looked: Looked, one: Return):
    """Return when the customer had the last of what comes back."""
    lines = [looked.bought.get(line.order_line_id) for line in one.lines if line.order_line_id]
    return max((line.had_since for line in lines if line and line.had_since), default=None)


def _keeps_nothing(looked: Looked, state: OrderState, one: Return) -> bool:
    back: Counter[UUID] = Counter()
    for line in one.lines:
        if line.order_line_id:
            back[line.order_line_id] += to_credit(one, line)
    bought = [looked.bought[line.id] for line in state.stock_lines]
    return all(each.handed - each.returned <= back[each.line.id] for each in bought)


def _why(findings: Sequence[Finding]) -> str:
    """Return in words why a return waits, "" when it does not."""
    told = [
        f"{finding.kind.replace('_', ' ')} {finding.score}/{finding.hold_at} ("
        + ", ".join(f"{r.name.replace('_', ' ')} {r.points}" for r in finding.reasons)
        + ")"
        for finding in findings
        if finding.held
    ]
    return "; ".join(told)[:HOLD_REASON_CHARACTERS_MAX]
