"""What lets a new order wait although nothing is wrong with it.

It waits for others to be decided together with, or for its customer, who may still change it. Both
end by the clock, and in time for what the customer was promised.
"""

from collections.abc import Sequence
from datetime import datetime

from crosslane import locations
from crosslane.kernel import new_id
from crosslane.locations import Timetable
from crosslane.orders.domain import Method, Stop, StopKind
from crosslane.orders.domain.policy import GRACE, waits_until
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.resolving import Surroundings

REASONS: dict[StopKind, str] = {
    "gathering": "waits to be decided together with other orders",
    "grace": "its customer may still change it",
}


def let_wait(drafts: Sequence[Draft], around: Surroundings) -> None:
    """Hold orders back that wait for others or for their customer, by policy."""
    for draft in drafts:
        if not draft.found:
            continue
        by_kind: dict[StopKind, int] = {
            "gathering": _gather_minutes(draft),
            "grace": _grace_minutes(draft, around),
        }
        leaves_by: list[datetime] | None = None
        for kind, minutes in by_kind.items():
            if not minutes:
                continue
            leaves_by = leaves_by or _leaves_by(draft, around)
            until = waits_until(draft.resolved.placed_at, minutes, leaves_by, around.now)
            if until is not None:
                draft.stops.append(_stop(draft, kind, until))


def _gather_minutes(draft: Draft) -> int:
    shipped = all(line.method == "ship" for line in draft.resolved.lines)
    return draft.resolved.intake.gathers(draft.service) if shipped else 0


def _grace_minutes(draft: Draft, around: Surroundings) -> int:
    """Return how long all goods may wait: as long as those that may wait least.

    Goods that are carried out leave at once and have no say.
    """
    resolved = draft.resolved
    return min(
        (
            around.policies.resolve(
                GRACE,
                resolved.placed_at,
                category=line.variant.category_path,
                channel=resolved.channel.code,
                brand=resolved.channel.brand,
            )[0].minutes(line.method)
            for line in resolved.lines
            if line.method != "carry_out"
        ),
        default=0,
    )


def _leaves_by(draft: Draft, around: Surroundings) -> list[datetime]:
    """Return for each location with units until when it may be told of them."""
    methods = {line.id: line.method for line in draft.lines}
    ways = {(found.location_id, methods[found.line_id]) for found in draft.found}
    network, placed_at = around.network, draft.resolved.placed_at
    return [begins_by(network.by_id[place].timetable, way, placed_at) for place, way in ways]


def begins_by(timetable: Timetable, way: Method, at: datetime) -> datetime:
    """Return until when a location can be told of goods and is not later than if told now.

    Args:
        timetable: when it works.
        way: how the customer gets the goods.
        at: now.
    """
    if way == "pickup":
        return locations.next_opening(timetable, at) or at
    day = locations.dispatch_day(timetable, at)
    last = locations.last_dispatch(timetable, day) if day else None
    return last or at


def _stop(draft: Draft, kind: StopKind, until: datetime) -> Stop:
    return Stop(
        id=new_id(),
        order_id=draft.id,
        kind=kind,
        reason=REASONS[kind],
        raised_at=draft.resolved.placed_at,
        raised_by="system:crosslane",
        expires_at=until,
    )
