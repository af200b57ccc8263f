"""What was agreed on with a channel, as it is today."""

from crosslane import organization
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.packs import PACKS
from crosslane.channels.service.connecting import connection_of
from crosslane.platform.database import Tx


async def agreed_with(tx: Tx, channel: organization.Channel, format: str) -> Agreement:
    """Return what was agreed on with a channel for a format; from memory.

    Of a connection that speaks another format nothing holds for this one.
    """
    policies = await organization.policies(tx)
    packs = policies.resolve(PACKS, tx.now, channel=channel.code, brand=channel.brand)[0]
    connection = await connection_of(tx, channel.code)
    return Agreement(packs=packs, settings=connection.settings_of(format))
