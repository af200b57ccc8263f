"""What is asked of sourcing, and what it answers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.locations import Location
from crosslane.organization import Channel
from crosslane.sourcing.domain.planning import SourcingPlan
from crosslane.sourcing.domain.problem import SourcingProblem


class LineAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that need a location.

    Args:
        key: the order line.
        variant: what.
        quantity: how many units.
        barred: locations that failed the line before.
    """

    key: UUID
    variant: Variant
    quantity: int
    barred: frozenset[UUID] = frozenset()


class SourcingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one order that reach the customer in one way.

    Args:
        order_id: the order.
        channel: who sells.
        currency: of all costs.
        method: ship, pickup or ship_to_store.
        country: where it is shipped to; "" when the customer gets it at a store.
        postcode: of the destination.
        store: where the customer gets it, None when it is shipped home.
        service: carrier service of its parcels; "" for pickup.
        at: business time.
        lines: what.
    """

    order_id: UUID
    channel: Channel
    currency: str
    method: str
    country: str
    postcode: str
    store: Location | None
    service: str
    at: datetime
    lines: Sequence[LineAsked]


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for a request.

    Args:
        request: the question.
        placed: line, location and units.
        unfilled: line, units that nobody serves, and why.
        promised_at: when the customer has what is placed, None when nobody can say.
        receipt_id: of the record of this decision.
        problem: what the planner was given.
        plan: what it answered.
    """

    request: SourcingRequest
    placed: list[tuple[UUID, UUID, int]]
    unfilled: list[tuple[UUID, int, str]]
    promised_at: datetime | None
    receipt_id: UUID
    problem: SourcingProblem
    plan: SourcingPlan
