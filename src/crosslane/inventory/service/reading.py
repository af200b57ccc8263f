"""Reading positions and what their numbers are made of."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Condition, KeptBack
from crosslane.inventory.errors import PositionNotFound
from crosslane.inventory.service.surroundings import reserves_of
from crosslane.inventory.storage import costs, explanations
from crosslane.inventory.storage.explanations import PositionRow
from crosslane.kernel import minute_of
from crosslane.organization import book
from crosslane.platform.database import Tx


class Explained(msgspec.Struct, frozen=True):
    """A position and what policies keep back of it from a channel."""

    row: PositionRow
    kept: KeptBack

    @property
    def safety_units(self) -> int:
        """Safety stock that holds here: the position's own, else the policy's."""
        return self.kept.safety_units if self.row.safety_stock is None else self.row.safety_stock

    @property
    def available(self) -> int:
        """Units the channel could promise; nothing of what is not sellable."""
        row = self.row
        if row.condition is not Condition.SELLABLE or self.kept.withheld:
            return 0
        kept = self.safety_units + self.kept.fenced_units
        return max(0, row.on_hand - row.allocated - row.held - kept)


async def explain_position(tx: Tx, position_id: UUID, *, channel: str | None = None) -> Explained:
    """Return a position with every term of its ATP for a channel.

    Raises:
        PositionNotFound: there is none.
        UnknownChannel: there is no channel with that code.
    """
    row = await position(tx, position_id)
    reserves = await reserves_of(tx, [row.variant_id])
    channel_id = None if channel is None else (await book(tx)).channel(channel).id
    return Explained(row, reserves.of(row.variant_id, row.location_id, channel_id))


async def position(tx: Tx, position_id: UUID) -> PositionRow:
    """Return a position.

    Raises:
        PositionNotFound: there is none.
    """
    row = await explanations.find_position(tx, minute_of(tx.now), position_id)
    if row is None:
        raise PositionNotFound(position_id=str(position_id))
    return row


async def unit_costs(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what a unit of some variants has cost on average, as far as that is known.

    Of several owners the one who paid least counts. In 1/1000 minor unit of its book currency.
    """
    return await costs.list_unit_costs(tx, list(dict.fromkeys(variant_ids)))
