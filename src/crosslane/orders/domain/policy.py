"""What a retailer decides about orders, as policy."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from crosslane.kernel import Refusal
from crosslane.orders.errors import AppeasementAboveBudget, NoAppeasementBudget
from crosslane.organization import PolicyKind

Limit = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
GATHER_MINUTES_MAX = 720
# What a location still needs before its cut-off to send an order that it is told of only now.
BEFORE_CUT_OFF = timedelta(minutes=30)


class Intake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How orders of a channel are taken in.

    Args:
        shortage: what happens to units nobody can promise: wait for stock, or the order is refused.
        bad_address: an address that fails its country's rules refuses the order, or stops it for a
            person when the customer is not there to be asked (marketplaces, imports).
        card_terms: cards are charged parcel by parcel, or for everything once authorised.
        payment_minutes: how long stock waits for a payment before the order is cancelled.
        backdating: whether the channel may say when an order was placed.
        service: delivery service of an order that names none.
        gather_minutes: how long an order that is shipped waits for others to be decided together
            with, before its locations are told of it; 0 for not at all.
    """

    shortage: Literal["backorder", "refuse"] = "backorder"
    bad_address: Literal["refuse", "stop"] = "refuse"
    card_terms: Literal["per_parcel", "prepaid"] = "per_parcel"
    payment_minutes: int = 30
    backdating: bool = False
    service: str = "STANDARD48"
    gather_minutes: Annotated[int, msgspec.Meta(ge=0, le=GATHER_MINUTES_MAX)] = 0


class AppeasementBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people of a role may give away as goodwill.

    Args:
        order_minor: to one order in all, whoever gave it, in minor units of its currency.
        day_minor: by one of them on one day of the channel, likewise.
    """

    order_minor: Limit
    day_minor: Limit


BUDGETS = {
    "associate": AppeasementBudget(1_000, 10_000),
    "agent": AppeasementBudget(2_500, 25_000),
    "integrator": AppeasementBudget(2_500, 100_000),
    "manager": AppeasementBudget(25_000, 250_000),
    "admin": AppeasementBudget(100_000, 1_000_000),
}


class Appeasements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may give how much away as goodwill.

    Args:
        budgets: by role; a role that is not named gives nothing.
    """

    budgets: dict[str, AppeasementBudget] = msgspec.field(default_factory=BUDGETS.copy)

    def refuse(self, role: str, minor: int, on_order: int, on_day: int) -> Refusal | None:
        """Return why people of a role may not give an amount, or None.

        Args:
            role: of who gives it.
            minor: what is to be given, in minor units.
            on_order: what the order was given before.
            on_day: what this person gave on the day before.
        """
        budget = self.budgets.get(role)
        if budget is None:
            return NoAppeasementBudget(role=role)
        for most, given, of in (
            (budget.order_minor, on_order, "this order"),
            (budget.day_minor, on_day, "today"),
        ):
            if given + minor > most:
                left = max(0, most - given)
                return AppeasementAboveBudget(pointer="/minor", minor=minor, left=left, of=of)
        return None


INTAKE = PolicyKind("orders.intake", Intake, Intake(), scopes=("channel", "brand", "tenant"))
APPEASEMENT = PolicyKind(
    "orders.appeasement", Appeasements, Appeasements(), scopes=("channel", "brand", "tenant")
)


def gathers_until(
    placed_at: datetime, gather_minutes: int, leaves_by: list[datetime], now: datetime
) -> datetime | None:
    """Return until when an order waits to be decided together with others; None for not at all.

    It never costs the customer a day: locations are told in time for the next parcels they send.

    Args:
        placed_at: when it was placed.
        gather_minutes: for how long orders wait at most.
        leaves_by: of each location that has its units, the last instant at which goods still leave
            on the day on which they would leave if it were told at once.
        now: an order told of later than that does not wait.
    """
    waits = placed_at + timedelta(minutes=gather_minutes)
    until = min([waits, *(last - BEFORE_CUT_OFF for last in leaves_by)])
    return until if until > now else None
