"""What sourcing does when others' events arrive: prices that no longer fit are estimated anew."""

from collections.abc import Sequence
from typing import get_args

from crosslane.inventory import StockAdjusted, StockReceived, StockShort
from crosslane.locations import LocationClosed, LocationEdited, LocationReopened
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction
from crosslane.sourcing.service.prices import estimate_soon

# Orders and sales are foreseen, as far as they can be; this is not.
Unforeseen = (
    LocationClosed | LocationReopened | LocationEdited | StockAdjusted | StockReceived | StockShort
)


async def price_anew(tx: Tx, logged: Sequence[Logged[Unforeseen]]) -> None:
    """Have prices estimated soon: places or stock that they stand on have changed."""
    del logged
    await estimate_soon(tx)


# That something happened is enough; a feed tells it of a thousand articles at a time.
REACTIONS = [
    Reaction(
        *("sourcing.price_anew", get_args(Unforeseen), price_anew), unread=get_args(Unforeseen)
    )
]
