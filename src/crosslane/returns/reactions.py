"""What returns do when something has happened: locations are credited for their work."""

from collections.abc import Sequence

from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction
from crosslane.returns.events import ReturnCancelled, ReturnExpired, ReturnSettled
from crosslane.returns.service import handling


async def credit_handling(
    tx: Tx, logged: Sequence[Logged[ReturnSettled | ReturnCancelled | ReturnExpired]]
) -> None:
    """Credit locations for settled returns, and take it back where a return came to nothing."""
    settled = [entry for entry in logged if isinstance(entry.event, ReturnSettled)]
    undone = [entry for entry in logged if not isinstance(entry.event, ReturnSettled)]
    await handling.credit_settled(tx, settled)
    await handling.take_back_all(tx, undone)


REACTIONS = [
    Reaction(
        "returns.credit_handling",
        (ReturnSettled, ReturnCancelled, ReturnExpired),
        credit_handling,
    )
]
