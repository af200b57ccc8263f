"""Whether a person has to look at a return before anything is given for it."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.platform.database import Tx
from crosslane.returns.service.looking import Looked
from crosslane.returns.service.settling import Job


async def judge(tx: Tx, looked: Looked, jobs: Sequence[Job]) -> dict[UUID, str]:
    """Return why returns wait for a person, by return; most wait for nobody.

    Args:
        tx: open transaction; returns and orders are locked.
        looked: their orders.
        jobs: what is about to be settled; what has happened, or was cleared, is not asked for.
    """
    del tx, looked, jobs
    return {}
