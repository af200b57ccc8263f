"""What a location is credited for taking back what others had sold.

A store does the work of a return whose sale, and whose loss, are another's. The policy says what
that is worth: so much for a return, for each unit, and of the value. Caps per store and day and per
customer keep it from being farmed, and nothing is given where no work was done for another: for the
store's own sales, for goods of which nobody knows who had sold them, and for what staff had bought.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from crosslane.kernel import rounded_ratio
from crosslane.organization import PolicyKind
from crosslane.returns.events import SettledLine

BASIS_POINTS = 10_000
COUNTER_TYPES = frozenset({"store", "kiosk"})
CAP_DAYS_MAX = 3_650
VISIT_MINUTES_MAX = 24 * 60

Minor = Annotated[int, Meta(ge=0, le=10**9)]
Reason = Literal[
    "",
    "nothing_came",
    "no_store",
    "own_sale",
    "seller_unknown",
    "staff_purchase",
    "nothing_agreed",
    "store_day_cap",
    "customer_cap",
]


class HandlingPolicy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a location gets for taking back what others had sold.

    Amounts are minor units of the currency of the channel that had sold.

    Args:
        return_minor: for each return, however much comes with it.
        unit_minor: for each unit.
        percent_bp: of what the units are credited without tax, in basis points.
        store_day_minor_max: most a location gets on a day of its own, None for any amount.
        customer_minor_max: most all locations get for returns of one customer in
            ``customer_days``, None for any amount.
        customer_days: how many days before a return count for that.
        visit_minutes: goods carried out of the store by the same customer within so many minutes
            of a return, before or after, are a sale that the store has saved.
        staff_groups: customer groups whose purchases count as those of staff, beside those of
            customers whom a staff record names.
    """

    return_minor: Minor = 0
    unit_minor: Minor = 0
    percent_bp: Annotated[int, Meta(ge=0, le=BASIS_POINTS)] = 0
    store_day_minor_max: Minor | None = None
    customer_minor_max: Minor | None = None
    customer_days: Annotated[int, Meta(ge=1, le=CAP_DAYS_MAX)] = 30
    visit_minutes: Annotated[int, Meta(ge=0, le=VISIT_MINUTES_MAX)] = 60
    staff_groups: tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...] = ("staff",)


HANDLING = PolicyKind(
    "returns.handling_credit",
    HandlingPolicy,
    HandlingPolicy(),
    scopes=("location", "channel", "brand", "tenant"),
)


class Work(Struct, frozen=True, kw_only=True):
    """What a location did for one settlement of a return.

    Args:
        location_id: where goods were taken back, None when nothing came.
        store: whether that is a store; warehouses are paid for their work otherwise.
        over_the_counter: whether the channel that had sold them sells over counters.
        lines: what was credited.
        customer_group: code of the customer's group, "" for none.
        bought_by_staff: whether the customer is known to be a member of staff.
    """

    location_id: UUID | None
    over_the_counter: bool
    lines: Sequence[SettledLine]
    store: bool = True
    customer_group: str = ""
    bought_by_staff: bool = False


class Given(Struct, frozen=True):
    """What was given before, less what was taken back.

    Args:
        store_day_minor: to the location on that day.
        customer_minor: for returns of the customer in the days that count, 0 for an unknown one.
        of_return: whether something was given for this return already: what comes later of it is
            no further return.
    """

    store_day_minor: int = 0
    customer_minor: int = 0
    of_return: bool = False


class Handling(Struct, frozen=True):
    """What is decided.

    Args:
        wanted_minor: what the policy gives for the work, caps aside.
        minor: what the location gets.
        reason: why nothing, or not all of it, is given; "" when everything is.
    """

    wanted_minor: int
    minor: int
    reason: Reason


def decide_handling(policy: HandlingPolicy, work: Work, given: Given) -> Handling:
    """Decide what a location gets for a settlement.

    Args:
        policy: what holds at the location.
        work: what it did.
        given: what caps have to count.
    """
    lines = [line for line in work.lines if line.received_at == work.location_id]
    if work.location_id is None or not lines:
        return Handling(0, 0, "nothing_came")
    if not work.store:
        return Handling(0, 0, "no_store")
    known = [line for line in lines if line.sold_at is not None]
    if not known:
        return Handling(0, 0, "seller_unknown")
    others = [line for line in known if not _own(line, work)]
    if not others:
        return Handling(0, 0, "own_sale")
    if work.bought_by_staff or (work.customer_group in policy.staff_groups):
        return Handling(0, 0, "staff_purchase")
    wanted = _wanted_minor(policy, others, first=not given.of_return)
    if not wanted:
        return Handling(0, 0, "nothing_agreed")
    return _capped(policy, wanted, given)


def _own(line: SettledLine, work: Work) -> bool:
    """Tell whether the location had sold the goods itself, over its counter."""
    return work.over_the_counter and line.sold_at == work.location_id


def _wanted_minor(policy: HandlingPolicy, lines: Sequence[SettledLine], *, first: bool) -> int:
    units = sum(line.quantity for line in lines)
    net_minor = sum(line.net_minor for line in lines)
    share_minor = rounded_ratio(net_minor, policy.percent_bp, BASIS_POINTS)
    fixed_minor = policy.return_minor if first else 0
    return fixed_minor + policy.unit_minor * units + max(0, share_minor)


def _capped(policy: HandlingPolicy, wanted: int, given: Given) -> Handling:
    rooms: list[tuple[int, Reason]] = [(wanted, "")]
    if policy.store_day_minor_max is not None:
        rooms.append((policy.store_day_minor_max - given.store_day_minor, "store_day_cap"))
    if policy.customer_minor_max is not None:
        rooms.append((policy.customer_minor_max - given.customer_minor, "customer_cap"))
    room, reason = min(rooms, key=lambda one: one[0])
    return Handling(wanted, max(0, room), reason)
