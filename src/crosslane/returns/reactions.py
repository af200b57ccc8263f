"""What returns do when something has happened, and when time is up."""

from collections.abc import Sequence

from crosslane.carriers import TrackingRecorded
from crosslane.orders import LinesHandedOver
from crosslane.payments import PaymentRefunded
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction
from crosslane.returns.events import (
    ReturnAuthorized,
    ReturnCancelled,
    ReturnExpired,
    ReturnGraded,
    ReturnSettled,
)
from crosslane.returns.service import handling, labelling, saving, travelling
from crosslane.returns.service.closing import (
    EXPIRE_EVERY_SECONDS,
    close_paid,
    expire,
    settle_by_policy,
)

LABELS_AT_ONCE_MAX = 200


async def credit_handling(
    tx: Tx, logged: Sequence[Logged[ReturnSettled | ReturnCancelled | ReturnExpired]]
) -> None:
    """Credit locations for settled returns, and take it back where a return came to nothing."""
    settled = [entry for entry in logged if isinstance(entry.event, ReturnSettled)]
    undone = [entry for entry in logged if not isinstance(entry.event, ReturnSettled)]
    await handling.credit_settled(tx, settled)
    await handling.take_back_all(tx, undone)


async def label(
    tx: Tx, logged: Sequence[Logged[ReturnAuthorized | ReturnCancelled | ReturnExpired]]
) -> None:
    """Have labels made for what may come by post, and give them back when it will not."""
    may_come = [entry for entry in logged if isinstance(entry.event, ReturnAuthorized)]
    will_not = [entry for entry in logged if not isinstance(entry.event, ReturnAuthorized)]
    if may_come:
        await labelling.request(tx, may_come)
    if will_not:
        await labelling.withdraw(tx, will_not)


async def save_sales(tx: Tx, logged: Sequence[Logged[ReturnSettled | LinesHandedOver]]) -> None:
    """Credit stores with sales that people who brought goods back have made there."""
    settled = [entry for entry in logged if isinstance(entry.event, ReturnSettled)]
    sold = [entry for entry in logged if isinstance(entry.event, LinesHandedOver)]
    await saving.save_by_returns(tx, settled)
    await saving.save_by_sales(tx, sold)


REACTIONS = [
    Reaction(
        "returns.label",
        (ReturnAuthorized, ReturnCancelled, ReturnExpired),
        label,
        batch_max=LABELS_AT_ONCE_MAX,
    ),
    Reaction("returns.follow_carriers", (TrackingRecorded,), travelling.follow, batch_max=100),
    Reaction(
        "returns.credit_handling",
        (ReturnSettled, ReturnCancelled, ReturnExpired),
        credit_handling,
    ),
    Reaction("returns.settle_by_policy", (ReturnGraded,), settle_by_policy, batch_max=100),
    Reaction("returns.close_paid", (ReturnSettled, PaymentRefunded), close_paid, batch_max=200),
    Reaction("returns.save_sales", (ReturnSettled, LinesHandedOver), save_sales, patient=True),
]
SCHEDULES = [Schedule("returns.expire", EXPIRE_EVERY_SECONDS, expire)]
