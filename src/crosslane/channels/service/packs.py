"""What a channel orders in, as is agreed with it today."""

from crosslane import organization
from crosslane.channels.domain.packs import PACKS, Packs
from crosslane.platform.database import Tx


async def packs_of(tx: Tx, channel: organization.Channel) -> Packs:
    """Return how much stock a channel orders by the case, box or measure; from memory."""
    policies = await organization.policies(tx)
    return policies.resolve(PACKS, tx.now, channel=channel.code, brand=channel.brand)[0]
