"""What a retailer decides about orders, as policy."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from crosslane.kernel import Refusal
from crosslane.orders.domain.nouns import Method
from crosslane.orders.errors import AppeasementAboveBudget, NoAppeasementBudget
from crosslane.organization import PolicyKind

Limit = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
WAIT_MINUTES_MAX = 720
WaitMinutes = Annotated[int, msgspec.Meta(ge=0, le=WAIT_MINUTES_MAX)]
SERVICES_MAX = 100
# What a location still needs before its cut-off to send an order that it is told of only now.
BEFORE_CUT_OFF = timedelta(minutes=30)


class ServiceWait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long orders of a delivery service wait for others.

    Args:
        service: its code.
        minutes: 0 for not at all.
    """

    service: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    minutes: WaitMinutes


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
        gather_by_service: the same for orders of some delivery services; the first row of a service
            counts, and one without a row waits as long as the channel's orders do.
    """

    shortage: Literal["backorder", "refuse"] = "backorder"
    bad_address: Literal["refuse", "stop"] = "refuse"
    card_terms: Literal["per_parcel", "prepaid"] = "per_parcel"
    payment_minutes: int = 30
    backdating: bool = False
    service: str = "STANDARD48"
    gather_minutes: WaitMinutes = 0
    gather_by_service: Annotated[
        tuple[ServiceWait, ...], msgspec.Meta(max_length=SERVICES_MAX)
    ] = ()

    def gathers(self, service: str) -> int:
        """Return for how many minutes a shipped order of a delivery service waits for others."""
        named = (wait.minutes for wait in self.gather_by_service if wait.service == service)
        return next(named, self.gather_minutes)


class Grace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long customers may change an order before anybody works on it.

    Args:
        ship_minutes: for goods that are sent to them; 0 for not at all.
        pickup_minutes: for goods that lie in the store where they are collected; the store's own
            time for handling them is never used up, so that only orders placed while it is closed
            wait.
        ship_to_store_minutes: for goods that are brought to a store.
    """

    ship_minutes: WaitMinutes = 0
    pickup_minutes: WaitMinutes = 0
    ship_to_store_minutes: WaitMinutes = 0

    def minutes(self, method: Method) -> int:
        """Return how long goods wait that reach the customer by a way; 0 when carried out."""
        return {
            "ship": self.ship_minutes,
            "pickup": self.pickup_minutes,
            "ship_to_store": self.ship_to_store_minutes,
            "carry_out": 0,
        }[method]


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
GRACE = PolicyKind(
    "orders.grace", Grace, Grace(), scopes=("category", "channel", "brand", "tenant")
)
APPEASEMENT = PolicyKind(
    "orders.appeasement", Appeasements, Appeasements(), scopes=("channel", "brand", "tenant")
)


def waits_until(
    placed_at: datetime, minutes: int, leaves_by: Sequence[datetime], now: datetime
) -> datetime | None:
    """Return until when an order waits before its locations are told of it; None for not at all.

    It never costs the customer a promise: locations are told in time for the next parcels they
    send, and stores before they open.

    Args:
        placed_at: when it was placed.
        minutes: for how long it waits at most.
        leaves_by: of each location that has its units, the last instant at which it can begin
            without being later than if it were told at once.
        now: an order told of later than that does not wait.
    """
    waits = placed_at + timedelta(minutes=minutes)
    until = min([waits, *(last - BEFORE_CUT_OFF for last in leaves_by)])
    return until if until > now else None
