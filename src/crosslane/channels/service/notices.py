"""What channels say of themselves: kept whole, and nothing of ours is to be done."""

from collections.abc import Sequence

from crosslane.channels.adapters import Fault
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage.messages import Outcome

NOTICE = Fault("notice", "It asks nothing of the hub")


def keep(todo: Sequence[Todo]) -> list[Outcome]:
    """Keep notices."""
    return [outcome_of(one, "kept", NOTICE) for one in todo]
