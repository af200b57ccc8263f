"""What others learn of stock is told in events of a bearable size, and nothing of it is lost."""

from datetime import UTC, datetime

from crosslane.inventory.events import (
    MOVEMENTS_NAMED_MAX,
    AverageCost,
    StockValued,
    ValuedMovements,
)
from crosslane.inventory.service.news import valued
from crosslane.kernel import new_id, new_ids

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
OWNER, PLACE = new_ids(2)


def moved(reason: str, count: int) -> ValuedMovements:
    return ValuedMovements(
        owner_id=OWNER,
        reason=reason,
        variant_ids=tuple(new_ids(count)),
        quantities=tuple(range(1, count + 1)),
        unit_costs_milli=(None, *range(1, count)),
    )


def test_many_movements_are_cut_into_events_and_an_average_is_told_once():
    told = [moved("receive", MOVEMENTS_NAMED_MAX + 500), moved("regrade", 700)]
    twice = told[0].variant_ids[0]
    late = told[1].variant_ids[-1]
    averages = {
        (variant_id, OWNER): AverageCost(
            variant_id=variant_id, owner_id=OWNER, change_no=1, average_milli=5
        )
        for variant_id in (twice, late)
    }
    events = valued(("supply", new_id()), PLACE, NOON, [*told, told[0]], averages)
    assert all(isinstance(event, StockValued) for event in events)
    sizes = [sum(len(one.variant_ids) for one in event.movements) for event in events]
    assert sizes == [MOVEMENTS_NAMED_MAX] * 3 + [700]
    assert [(one.reason, *row) for event in events for one in event.movements for row in one] == [
        (one.reason, *row) for one in [*told, told[0]] for row in one
    ]
    assert [[average.variant_id for average in event.averages] for event in events] == [
        [twice],
        [],
        [late],
        [],
    ]
