"""What channels are told of what they have sent: that it was received, and what of it was read."""

from collections.abc import Sequence

from crosslane.channels.domain.replies import Acknowledgment
from crosslane.channels.service.saying import Saying, say
from crosslane.channels.storage.batches import Batch
from crosslane.platform.database import Tx

KIND = "acknowledgment"


async def acknowledge(tx: Tx, batch: Batch, received: Sequence[Acknowledgment]) -> None:
    """Acknowledge what was received, each envelope of it once.

    Args:
        tx: transaction that keeps the batch.
        batch: what was received.
        received: what its family says of its envelopes.
    """
    await say(
        tx,
        [
            Saying(
                channel=batch.channel,
                message=one,
                key=f"{KIND}:{batch.id}:{place}",
                trace=batch.trace,
            )
            for place, one in enumerate(received, 1)
        ],
    )
