"""What transfers do when stock turns out not to be there: they go without before customers do."""

from collections.abc import Sequence

from crosslane.inventory import StockShort
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction
from crosslane.transfers.service.ending import give_up_lost


async def withdraw_short(tx: Tx, logged: Sequence[Logged[StockShort]]) -> None:
    """Withdraw what cannot be sent any more."""
    await give_up_lost(tx, list({entry.event.position_id for entry in logged}))


REACTIONS = [Reaction("transfers.withdraw_short", (StockShort,), withdraw_short, batch_max=50)]
