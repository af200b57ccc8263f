"""Looking at stock: figures of many articles, and all that one position's numbers are made of."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.inventory.domain.figures import Places, figures_of
from crosslane.inventory.domain.incoming import IncomingLine
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.domain.sheet import Hold
from crosslane.inventory.service.surroundings import reserves_of
from crosslane.inventory.storage import explanations, figures, incoming
from crosslane.inventory.storage import holds as stored_holds
from crosslane.inventory.storage.explanations import PositionRow
from crosslane.inventory.storage.figures import Proof, Trouble, TroubledRow
from crosslane.kernel import minute_of
from crosslane.platform.database import Tx

POSITIONS_AT_ONE_PLACE_MAX = 200


async def stock_figures(
    tx: Tx,
    variant_ids: Sequence[UUID],
    *,
    location_ids: Sequence[UUID] | None = None,
    channel_id: UUID | None = None,
) -> Places:
    """Return on hand, held, allocated, safety, incoming and ATP by variant and location.

    Args:
        tx: open transaction.
        variant_ids: of which variants, a page of them.
        location_ids: only there; None for everywhere.
        channel_id: the channel that asks; None sees what every channel may have.
    """
    wanted = list(dict.fromkeys(variant_ids))
    lying = await figures.list_lying(tx, wanted, minute_of(tx.now), location_ids)
    coming = await figures.sum_coming(tx, wanted, location_ids)
    return figures_of(lying, coming, await reserves_of(tx, wanted), channel_id)


async def stocked_of(
    tx: Tx, variant_ids: Sequence[UUID], location_ids: Sequence[UUID] | None = None
) -> set[UUID]:
    """Return which of some variants have anything lying or promised somewhere."""
    return await figures.list_stocked_of(tx, variant_ids, location_ids)


async def list_troubled(
    tx: Tx,
    trouble: Trouble,
    *,
    location_ids: Sequence[UUID] | None = None,
    condition: Condition | None = None,
    after: tuple[int, UUID] | None = None,
    limit: int,
) -> list[TroubledRow]:
    """Return positions that are ``short`` or whose units are ``set_aside``, the most units first.

    Args:
        tx: open transaction.
        trouble: which of both.
        location_ids: only there; None for everywhere.
        condition: only of this condition; None for all.
        after: units and id of the last one seen.
        limit: most positions.
    """
    return await figures.list_troubled(
        tx,
        trouble,
        minute_of(tx.now),
        location_ids=location_ids,
        condition=condition,
        after=after,
        limit=limit,
    )


async def positions_at(tx: Tx, variant_id: UUID, location_id: UUID) -> list[PositionRow]:
    """Return the positions of a variant at a location, of every condition and owner."""
    return await explanations.list_positions(
        tx,
        minute_of(tx.now),
        variant_ids=[variant_id],
        location_id=location_id,
        condition=None,
        after=None,
        limit=POSITIONS_AT_ONE_PLACE_MAX,
    )


async def positions_by_id(tx: Tx, position_ids: Sequence[UUID]) -> dict[UUID, PositionRow]:
    """Return positions by their ids; unknown ones are left out."""
    return await explanations.list_by_id(tx, minute_of(tx.now), position_ids)


async def prove(tx: Tx, position_id: UUID) -> Proof:
    """Add up the journals of a position anew, to show that its figures are what they say."""
    return await figures.prove(tx, position_id, minute_of(tx.now))


async def active_holds(tx: Tx, position_id: UUID, limit: int) -> list[Hold]:
    """Return the holds that a position's held units are the sum of, the oldest first."""
    return await stored_holds.list_of_position(
        tx, position_id, minute=minute_of(tx.now), ended=False, after=None, limit=limit
    )


async def incoming_at(
    tx: Tx, variant_id: UUID, location_id: UUID, limit: int
) -> list[IncomingLine]:
    """Return what is still to come of a variant at a location, the earliest first."""
    return await incoming.list_incoming(
        tx,
        variant_ids=[variant_id],
        location_id=location_id,
        reference=None,
        after=None,
        limit=limit,
    )
