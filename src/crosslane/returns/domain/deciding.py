"""What may come back of an order, until when, for which fee; pure.

A window begins when the customer had the goods and ends with the last day, as the calendar of the
channel's market has it. The policy is the one that held when the goods were bought.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane.kernel import Refusal
from crosslane.orders import OrderLine, OrderState, Stage
from crosslane.returns.domain.nouns import ItemState, Reason, Wanted, Way
from crosslane.returns.domain.policy import NOT_THEIR_FAULT, ReturnPolicy
from crosslane.returns.errors import (
    FinalSale,
    ItemStateRefused,
    ReturnedAboveLeft,
    WayRefused,
    WindowOver,
)

GONE = (Stage.HANDED_OVER, Stage.DELIVERED)
NO_UNITS_LEFT = "no more were handed over"


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order as a return sees it.

    Args:
        handed: units that left our hands; of these
        returned: came back and were credited, and
        pending: are announced by other returns, ``pending_number`` among them, and
        replaced: were sent once more by claims, ``replaced_number`` among them, and what was sent
            instead has not come back.
        had_since: when the customer had the last of them, None while none has left.
        bought_at: when they were ordered.
        zone: time zone of the channel's market.
        policy: what held then; likewise its version.
    """

    line: OrderLine
    handed: int
    returned: int
    pending: int = 0
    pending_number: str = ""
    replaced: int = 0
    replaced_number: str = ""
    had_since: datetime | None
    bought_at: datetime
    zone: str
    policy: ReturnPolicy
    policy_id: UUID | None = None

    @property
    def left(self) -> int:
        """Units that may still be asked for."""
        return max(0, self.handed - self.returned - self.pending - self.replaced)

    def until(self, wanted: Wanted = "refund") -> date | None:
        """Return the last day on which the line may come back, None while nothing has left."""
        if self.had_since is None:
            return None
        return last_day(self.policy, self.bought_at, self.had_since, self.zone, wanted)


def last_day(
    policy: ReturnPolicy, bought_at: datetime, had_since: datetime, zone: str, wanted: Wanted
) -> date:
    """Return the last day of a window: the season's when that is later."""
    days = policy.window_days
    if wanted == "exchange" and policy.exchange_window_days is not None:
        days = policy.exchange_window_days
    there = ZoneInfo(zone)
    bought = bought_at.astimezone(there).date()
    ends = had_since.astimezone(there).date() + timedelta(days=days)
    return max([ends, *(s.until for s in policy.seasons if s.first <= bought <= s.last)])


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that somebody wants to bring back."""

    quantity: int
    reason: Reason
    item_state: ItemState
    wanted: Wanted
    method: Way
    at: datetime


def refuse_quantity(bought: Bought, quantity: int) -> Refusal | None:
    """Return why so many units cannot come back, saying how many can."""
    if quantity <= bought.left:
        return None
    why = NO_UNITS_LEFT
    if bought.pending:
        why = f"{bought.pending} are on their way by return {bought.pending_number}"
    elif bought.replaced:
        why = (
            f"{bought.replaced} were replaced by claim {bought.replaced_number}; "
            "take back what was sent instead first"
        )
    elif bought.returned:
        why = f"{bought.returned} came back before"
    return ReturnedAboveLeft(
        quantity=quantity, sku=bought.line.sku, left=bought.left, handed=bought.handed, why=why
    )


def refuse_line(bought: Bought, asked: Asked) -> Refusal | None:
    """Return why the policy lets units not come back, None when it does.

    Window, state and final sale do not matter to what is not the customer's doing.
    """
    policy, sku = bought.policy, bought.line.sku
    if asked.method not in policy.methods:
        return WayRefused(sku=sku, method=asked.method)
    if asked.reason in NOT_THEIR_FAULT or asked.item_state == "faulty":
        return None
    if policy.final_sale:
        return FinalSale(sku=sku)
    until = bought.until(asked.wanted)
    if until is not None and asked.at.astimezone(ZoneInfo(bought.zone)).date() > until:
        return WindowOver(sku=sku, until=until.isoformat())
    if asked.item_state not in policy.item_states:
        return ItemStateRefused(sku=sku, item_state=asked.item_state)
    return None


class Kept(msgspec.Struct, frozen=True):
    """Units whose fee is asked for: how many, why they come back, and their line's policy."""

    quantity: int
    reason: Reason
    policy: ReturnPolicy


def fee_minor(whole: ReturnPolicy, lines: Iterable[Kept]) -> int:
    """Return what is kept back of a return, in minor units with tax.

    Args:
        whole: policy of the return, whose fee is taken once.
        lines: its units, with the policies of their lines.
    """
    charged = [one for one in lines if one.quantity]
    units = sum(
        one.quantity * one.policy.unit_fee_minor
        for one in charged
        if one.reason not in one.policy.fee_waived_for
    )
    once = any(one.reason not in whole.fee_waived_for for one in charged)
    return units + (whole.fee_minor if once else 0)


def delivery_minor(policy: ReturnPolicy, state: OrderState, leaving_units: int) -> int:
    """Return what is given back of an order's delivery, in minor units with tax.

    Args:
        policy: of the return.
        state: the order as it is before.
        leaving_units: units that the customer has still when this return is settled.
    """
    if policy.delivery_refund == "never":
        return 0
    if policy.delivery_refund == "when_all" and leaving_units > 0:
        return 0
    paid = sum(
        charge.gross_minor
        for charge in state.charges
        if charge.kind == "shipping" and not charge.cancelled
    )
    return max(0, paid)


def units_kept(state: OrderState) -> int:
    """Return how many units of an order the customer has, or will have."""
    total = sum(
        line.quantity - state.buckets.units(line.id, Stage.CANCELLED) for line in state.stock_lines
    )
    return total - sum(back.quantity for back in state.returned)


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order line that a claim had replaced.

    Args:
        line_id: the line; likewise its article.
        units: how many.
        number: of the claim.
        sent: lines of the order that were sent instead, of all lines of the claim.
    """

    line_id: UUID
    variant_id: UUID
    units: int
    number: str
    sent: Sequence[UUID]


def still_replaced(state: OrderState, claims: Iterable[Replaced]) -> dict[UUID, tuple[int, str]]:
    """Return how many units of lines were made good by others that the customer still has or gets.

    What was sent instead and came back, or was never sent, frees a unit that it stood for: money
    can be given for it then. So nobody gets goods and money for the same unit.

    Args:
        state: the order.
        claims: what was replaced, the earliest first.

    Returns:
        Units and the number of the last claim, by line; lines with none are left out.
    """
    freed = Counter(
        {line.id: state.buckets.units(line.id, Stage.CANCELLED) for line in state.stock_lines}
    )
    for back in state.returned:
        if back.line_id in freed:
            freed[back.line_id] += back.quantity
    by_id = state.by_id
    found: dict[UUID, tuple[int, str]] = {}
    for claim in claims:
        left = claim.units
        for line_id in claim.sent:
            if line_id in by_id and by_id[line_id].variant_id == claim.variant_id:
                taken = min(left, freed[line_id])
                freed[line_id] -= taken
                left -= taken
        if left:
            before, _ = found.get(claim.line_id, (0, ""))
            found[claim.line_id] = before + left, claim.number
    return found


def handed_over(state: OrderState, line_id: UUID) -> int:
    """Return how many units of a line left our hands."""
    return state.buckets.units_in(line_id, GONE)


def sold_from(state: OrderState, line_id: UUID, quantity: int) -> list[tuple[UUID, int]]:
    """Share units over the locations that had handed them over: where most are left first.

    Returns:
        Location and units; fewer units than asked for when no more were handed over.
    """
    left: dict[UUID, int] = {}
    for bucket in state.buckets.of(line_id):
        if bucket.stage in GONE:
            left[bucket.location_id] = left.get(bucket.location_id, 0) + bucket.quantity
    for back in state.returned:
        if back.line_id == line_id:
            left[back.location_id] = left.get(back.location_id, 0) - back.quantity
    shares: list[tuple[UUID, int]] = []
    for location_id in sorted(left, key=lambda at: (-left[at], at)):
        taken = min(quantity, left[location_id])
        if taken > 0:
            shares.append((location_id, taken))
            quantity -= taken
    return shares
