"""The day's capacity of locations: claimed with each promise of parcels, given back with its units.

Claims come after the positions, as everywhere. All orders of a day want the same counter, which
stays locked until the transaction ends. So where a plan leaves a day plenty of room, its claim is
put off until all else is written; should the day have become full by then after all, the whole is
decided anew, and will see that. What was planned on a day that others have filled in
between is planned again, on a later day or elsewhere. A shipment of more parcels than any day can
take gets an empty day of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from crosslane import locations
from crosslane.platform.database import Tx


class Wish(msgspec.Struct, frozen=True):
    """Parcels of an order that a location is to send on a day.

    Args:
        order_id: the order.
        cause: the decision behind it, or the order where only that is known.
        location_id: who sends.
        day: local day of dispatch.
        parcels: how many.
    """

    order_id: UUID
    cause: UUID
    location_id: UUID
    day: date
    parcels: int


# More than the batches of a few processes, placed at one moment, can want of one day.
ROOM_PARCELS_MIN = 512


def may_wait(room: int | None) -> bool:
    """Say whether a claim can be put off, for a day with room for so many parcels after it."""
    return room is not None and room >= ROOM_PARCELS_MIN


async def confirm(tx: Tx, wishes: Sequence[Wish]) -> None:
    """Claim capacity that was put off, by the statement that writes all else.

    That statement fails by a SerializationError when a day is full by then.
    """
    groups = await _limited(tx, [wishes])
    await locations.claim_at_last(tx, groups[0])


async def claim(
    tx: Tx,
    wishes: Sequence[Sequence[Wish]],
    returned: Sequence[locations.CapacityClaim] = (),
) -> list[bool]:
    """Claim capacity, each group as a whole or not at all, earlier ones first.

    By one statement for all where everything fits, by none when no location has a limit. Days on
    which not everything fits are decided one after the other.

    Args:
        tx: open transaction.
        wishes: groups of what is wanted.
        returned: what is given back before.

    Returns:
        For each group, whether it was granted.
    """
    groups = await _limited(tx, wishes)
    claims = [claim for group in groups for claim in group]
    await locations.return_capacity(tx, returned, then={claim.key for claim in claims})
    tight = await locations.claim_capacity(tx, claims)
    if not tight:
        return [True] * len(wishes)
    sheet = await locations.open_capacity(tx, tight)
    by_id = (await locations.network(tx)).by_id
    granted = [
        _take(sheet, [claim for claim in group if claim.key in tight], by_id) for group in groups
    ]
    await locations.write_capacity(tx, sheet)
    lost = [group for group, fits in zip(groups, granted, strict=True) if not fits]
    elsewhere = [claim for group in lost for claim in group if claim.key not in tight]
    await locations.return_capacity(tx, elsewhere)
    return granted


async def _limited(tx: Tx, wishes: Sequence[Sequence[Wish]]) -> list[list[locations.CapacityClaim]]:
    """Return the claims of each group; what has no limit needs none."""
    by_id = (await locations.network(tx)).by_id
    return [
        [_claim(wish) for wish in group if by_id[wish.location_id].parcels_per_day is not None]
        for group in wishes
    ]


def _claim(wish: Wish) -> locations.CapacityClaim:
    return locations.CapacityClaim(
        wish.location_id,
        wish.day,
        wish.parcels,
        str(wish.cause),
        holder=wish.order_id,
    )


def _take(
    sheet: locations.CapacitySheet,
    group: Sequence[locations.CapacityClaim],
    by_id: Mapping[UUID, locations.Location],
) -> bool:
    taken: list[locations.CapacityClaim] = []
    for claim in group:
        limit = by_id[claim.location_id].parcels_per_day or 0
        untouched = sheet.free(claim.location_id, claim.day) == limit
        beyond = 0 < limit < claim.parcels and untouched
        asked = msgspec.structs.replace(claim, beyond_limit=beyond)
        if sheet.take(asked) is not None:
            sheet.undo(taken)
            return False
        taken.append(asked)
    return True
