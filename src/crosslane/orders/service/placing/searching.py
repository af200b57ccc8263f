"""What of a new order needs a location: one search per way and store; carry-out needs none."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from crosslane.orders.domain import Method, OrderLine
from crosslane.orders.service.allocating import Search, Wanted
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.resolving import Surroundings

# How, and at which store unless home.
Way = tuple[Method, UUID | None]


def ways_of(lines: Iterable[OrderLine]) -> dict[Way, list[OrderLine]]:
    """Return lines by way and store, in the order of their first line."""
    grouped: dict[Way, list[OrderLine]] = {}
    for line in lines:
        if line.method != "carry_out":
            grouped.setdefault((line.method, line.store_id), []).append(line)
    return grouped


def search_of(
    draft: Draft,
    around: Surroundings,
    way: Way,
    lines: Sequence[OrderLine],
    found: Mapping[UUID, int],
) -> Search:
    """Return the search for lines that go one way.

    Args:
        draft: whose lines.
        around: what it is taken in by.
        way: how they go.
        lines: some of the order's.
        found: units by line that need not be looked for.
    """
    method, store_id = way
    country, postcode = _destination(draft)
    return Search(
        order_id=draft.id,
        channel=draft.resolved.channel,
        currency=draft.order.currency,
        country=country,
        postcode=postcode,
        service=draft.order.service,
        at=draft.order.placed_at,
        method=method,
        store=around.network.by_id[store_id] if store_id else None,
        wanted=[
            Wanted(
                line=line,
                variant=draft.variants[line.variant_id],
                quantity=line.quantity - found.get(line.id, 0),
            )
            for line in lines
        ],
    )


def _destination(draft: Draft) -> tuple[str, str]:
    """Return country and postcode; with a faulty address the channel's country must do for now."""
    address = draft.resolved.address
    if address is None or draft.resolved.address_fault:
        return draft.resolved.channel.country, ""
    return address.country, address.postcode
