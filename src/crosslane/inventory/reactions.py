"""What inventory does when it reads the log: apply supply messages, part by part."""

from collections.abc import Sequence

from crosslane.inventory.events import SupplyReported
from crosslane.inventory.service.parts import apply_part
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction


async def apply_supply(tx: Tx, logged: Sequence[Logged[SupplyReported]]) -> None:
    """Apply the parts that were announced."""
    for entry in logged:
        await apply_part(tx, entry.event.message_id, entry.event.part_no)


# One part per transaction: its rows stay locked for a fraction of a second. Two hands, each with a
# cursor of its own, read all that is announced: while one waits for its commit, or lets Python tell
# what has changed, the database works for the other. A part is applied by who comes to it first.
REACTIONS = [
    Reaction("inventory.apply_supply", (SupplyReported,), apply_supply, batch_max=1),
    Reaction("inventory.help_to_apply_supply", (SupplyReported,), apply_supply, batch_max=1),
]
