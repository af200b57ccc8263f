"""What has happened to a transfer."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.platform.log import Event


class TransferUnits(msgspec.Struct, frozen=True):
    """Units of a line."""

    line_id: UUID
    variant_id: UUID
    quantity: int


class TransferEvent(Event, frozen=True, kw_only=True):
    """Something that happened to a transfer.

    Args:
        number: what people call it.
        owner_id: legal entity that owns what is on its way.
        occurred_at: when, in the business.
    """

    transfer_id: UUID
    number: str
    source_id: UUID
    destination_id: UUID
    owner_id: UUID
    occurred_at: datetime

    @property
    def subject(self) -> str:
        """The transfer."""
        return f"transfer:{self.transfer_id}"


class TransferRequested(TransferEvent, frozen=True, kw_only=True):
    """Goods are asked for; they are held at their source."""

    units: list[TransferUnits]


class TransferWithdrawn(TransferEvent, frozen=True, kw_only=True):
    """Units will not be sent: somebody took them back, or they were not there.

    Args:
        short: they turned out not to be there.
        cancelled: nothing of the transfer is left to be sent, and nothing ever was.
    """

    units: list[TransferUnits]
    short: bool
    cancelled: bool


class SentUnits(msgspec.Struct, frozen=True):
    """Units that left, of one owner and cost.

    Args:
        owner_id: whose stock they were.
        owner_cost_milli: cost of a unit in the books of that owner, 1/1000 minor unit; None when
            nobody knows.
        cost_milli: the same in the books of the new owner; None when that is not known.
    """

    line_id: UUID
    variant_id: UUID
    quantity: int
    owner_id: UUID
    owner_cost_milli: int | None
    cost_milli: int | None


class TransferSent(TransferEvent, frozen=True, kw_only=True):
    """Goods have left their source and belong to the destination's entity.

    Args:
        expected_on: day from which they can be promised there.
        transit_minor: what is now on the way of the whole transfer is worth, in minor units of the
            owner's book currency.
    """

    units: list[SentUnits]
    expected_on: date
    transit_minor: int


class ArrivedUnits(msgspec.Struct, frozen=True):
    """Units that arrived.

    Args:
        damaged: of those, units that came damaged.
    """

    line_id: UUID
    variant_id: UUID
    quantity: int
    damaged: int


class TransferReceived(TransferEvent, frozen=True, kw_only=True):
    """Goods have arrived, all that was sent or not.

    Args:
        transit_minor: as of TransferSent.
        closed: all that was sent has arrived, and nothing more will be sent.
    """

    units: list[ArrivedUnits]
    transit_minor: int
    closed: bool


class TransferClosed(TransferEvent, frozen=True, kw_only=True):
    """Somebody said that the rest will not come, or that more did: the difference is written off.

    Args:
        units: units lost, below zero for those that came besides.
        code: why.
        transit_minor: 0.
    """

    units: list[TransferUnits]
    code: str
    transit_minor: int = 0
