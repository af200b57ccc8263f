"""What channels say of themselves: kept whole. What it says of something we told is noted there."""

from collections.abc import Sequence
from typing import cast

from crosslane.channels.adapters import Fault
from crosslane.channels.domain.outgoing import CONTROL_NUMBERS
from crosslane.channels.domain.reports import Notice
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage import outgoing
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.outgoing import Answered
from crosslane.platform.database import Tx

NOTICE = Fault("notice", "It asks nothing of the hub")
# These say that something came, or that it depends on the message: that is said of each of them.
OF_NONE = ("received",)
OF_NOT_ALL = ("accepted_with_errors", "partly_accepted")


async def keep(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Keep notices, and note what they say of messages that were told."""
    await outgoing.judge(tx, [answered for one in todo if (answered := _answered(one))])
    return [outcome_of(one, "kept", NOTICE) for one in todo]


def _answered(one: Todo) -> Answered | None:
    notice = cast(Notice, one.message)
    judged = notice.judged
    if judged is None or judged.verdict in OF_NONE:
        return None
    if judged.place is None and judged.verdict in OF_NOT_ALL:
        return None
    return Answered(
        channel=one.pending.channel,
        control=judged.number % CONTROL_NUMBERS,
        place=judged.place,
        verdict=judged.verdict,
        detail=notice.title,
        at=notice.event_at,
    )
