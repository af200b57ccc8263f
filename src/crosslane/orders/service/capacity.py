"""The day's capacity of locations: claimed with each promise of parcels, given back with its units.

Claims come after the positions, as everywhere. What was planned on a day that others have filled in
between is planned again, on a later day or elsewhere. A shipment of more parcels than any day can
take gets an empty day of its own.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from crosslane import locations
from crosslane.platform.database import Tx


class Wish(msgspec.Struct, frozen=True):
    """Parcels of an order that a location is to send on a day.

    Args:
        order_id: the order.
        cause: the decision behind it.
        location_id: who sends.
        day: local day of dispatch.
        parcels: how many.
    """

    order_id: UUID
    cause: UUID
    location_id: UUID
    day: date
    parcels: int


async def claim(tx: Tx, wishes: Sequence[Sequence[Wish]]) -> list[bool]:
    """Claim capacity, each group as a whole or not at all, earlier ones first.

    By two statements for all, by none when no location has a limit.

    Returns:
        For each group, whether it was granted.
    """
    by_id = (await locations.network(tx)).by_id
    limited = [
        [w for w in group if by_id[w.location_id].parcels_per_day is not None] for group in wishes
    ]
    keys = {(w.location_id, w.day) for group in limited for w in group}
    if not keys:
        return [True] * len(wishes)
    sheet = await locations.open_capacity(tx, keys)
    granted = [_take(sheet, group, by_id) for group in limited]
    await locations.write_capacity(tx, sheet)
    return granted


def _take(
    sheet: locations.CapacitySheet, group: Sequence[Wish], by_id: dict[UUID, locations.Location]
) -> bool:
    taken: list[locations.CapacityClaim] = []
    for wish in group:
        limit = by_id[wish.location_id].parcels_per_day or 0
        untouched = sheet.free(wish.location_id, wish.day) == limit
        asked = locations.CapacityClaim(
            wish.location_id,
            wish.day,
            wish.parcels,
            f"order:{wish.order_id}:{wish.cause}",
            beyond_limit=0 < limit < wish.parcels and untouched,
            holder=wish.order_id,
        )
        if sheet.take(asked) is not None:
            sheet.undo(taken)
            return False
        taken.append(asked)
    return True
