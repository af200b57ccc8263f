"""What channels do by events and by the clock."""

from collections.abc import Sequence
from datetime import timedelta

from crosslane import returns
from crosslane.catalog import ProductsChanged
from crosslane.channels.events import MessageQuarantined, MessageReceived
from crosslane.channels.service import exchanging, fetching
from crosslane.channels.service.applying import APPLIED_AT_ONCE_MAX, apply
from crosslane.channels.service.baskets import PARKED_DAYS_MAX, SALE_MISSING
from crosslane.channels.service.fulfillment import work_key
from crosslane.channels.service.noticing import (
    notice_articles,
    notice_policies,
    notice_prices,
    notice_stock,
)
from crosslane.channels.service.offers import LOOK, tell_all_daily
from crosslane.channels.service.outgoing import forget_told
from crosslane.channels.service.replaying import announce, forget_raw, wake
from crosslane.channels.service.returned import goods_key, handed_key
from crosslane.channels.service.saying import anyone_listens
from crosslane.channels.service.saying.invoices import tell_documents
from crosslane.channels.service.saying.parcels import tell_moved
from crosslane.channels.service.saying.refunds import tell_refunds
from crosslane.channels.service.saying.replies import (
    reply_unstopped,
    tell_cancelled,
    tell_promises,
)
from crosslane.channels.service.saying.returned import tell_decided
from crosslane.channels.service.telling import TELLING
from crosslane.channels.storage import messages
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.replays import any_parked
from crosslane.documents import DocumentIssued
from crosslane.fulfillment import (
    FulfillmentOffered,
    ParcelDelivered,
    ParcelShipped,
    PickupCollected,
    PickupReady,
)
from crosslane.inventory import AvailabilityMoved
from crosslane.orders import (
    LinesCancelled,
    LinesHandedOver,
    OrderPlaced,
    PromiseMoved,
    StopResolved,
)
from crosslane.organization import PolicyChanged
from crosslane.payments import PaymentRefunded
from crosslane.platform import log
from crosslane.platform.database import Record, Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction
from crosslane.pricing import PriceListChanged, PricesChanged, TaxesChanged
from crosslane.returns import ReturnAuthorized, ReturnDeclined, ReturnGraded, ReturnSettled

LATE_AT_ONCE_MAX = 1_000
LATE_EVERY_SECONDS = 3_600.0
FORGET_EVERY_SECONDS = 3_600.0
# So late the daily full may begin.
DAILY_LOOKED_AT_SECONDS = 300.0


async def wake_parked(tx: Tx, placed: Sequence[Logged[OrderPlaced]]) -> None:
    """Try again what waited for an order that came another way."""
    await wake(tx, [logged.event.order_id for logged in placed])


async def quarantine_late(tx: Tx) -> None:
    """Show what has waited too long to somebody."""
    before = tx.now - timedelta(days=PARKED_DAYS_MAX)
    found = await messages.lock_late(tx, before, LATE_AT_ONCE_MAX)
    late = [row for row in found if row["code"] != SALE_MISSING or row["kind"] != "sale"]
    await _try_again(tx, [row for row in found if row not in late])
    if late:
        await _quarantine(tx, late)


async def look_again(tx: Tx) -> None:
    """Try again what has waited for an hour: what it waits for may have come as it was parked."""
    before = tx.now - timedelta(seconds=LATE_EVERY_SECONDS)
    await _try_again(tx, await messages.lock_late(tx, before, LATE_AT_ONCE_MAX))


async def _quarantine(tx: Tx, late: Sequence[Record]) -> None:
    detail = f"It has waited for {PARKED_DAYS_MAX} days"
    await messages.save_outcomes(
        tx,
        [
            Outcome(
                id=row["id"],
                state="quarantined",
                code=row["code"],
                detail=f"{detail}: {row['detail']}",
                pointer=row["pointer"],
            )
            for row in late
        ],
    )
    await log.append(
        tx,
        [
            MessageQuarantined(
                message_id=row["id"],
                channel=row["channel"],
                source_id=row["source_id"],
                code=row["code"],
            )
            for row in late
        ],
    )


async def _try_again(tx: Tx, parked: Sequence[Record]) -> None:
    """Announce messages again; a basket whose sale never came is booked without it by now."""
    if not parked:
        return
    await messages.save_outcomes(tx, [Outcome(id=row["id"], state="received") for row in parked])
    await log.append(
        tx,
        [
            MessageReceived(
                message_id=row["id"], channel=row["channel"], source_id=row["source_id"]
            )
            for row in parked
        ],
    )


async def wake_refunds(tx: Tx, told: Sequence[Logged[ReturnGraded | ReturnSettled]]) -> None:
    """Try again what a channel said of money for goods nobody had looked at, or announced."""
    found = await returns.list_returns(tx, [logged.event.return_id for logged in told])
    keys = [f"return:{one.source_id}" for one in found.values() if one.source_id]
    keys += [goods_key(one.order_id) for one in found.values() if one.order_id]
    await announce(tx, await messages.lock_waiting(tx, keys))


async def wake_offered(tx: Tx, told: Sequence[Logged[FulfillmentOffered | StopResolved]]) -> None:
    """Try again what was said of goods that no location worked on, or that a stop held back."""
    keys = sorted({work_key(logged.event.order_id) for logged in told})
    await announce(tx, await messages.lock_waiting(tx, keys))


async def wake_returns(tx: Tx, told: Sequence[Logged[LinesHandedOver]]) -> None:
    """Try again what was said of goods coming back that had not been handed over."""
    keys = sorted({handed_key(logged.event.order_id) for logged in told})
    await announce(tx, await messages.lock_waiting(tx, keys))


REACTIONS = [
    Reaction("channels.apply", (MessageReceived,), apply, batch_max=APPLIED_AT_ONCE_MAX),
    Reaction("channels.wake_parked", (OrderPlaced,), wake_parked, awaited=any_parked),
    Reaction(
        "channels.wake_refunds", (ReturnGraded, ReturnSettled), wake_refunds, awaited=any_parked
    ),
    Reaction("channels.wake_returns", (LinesHandedOver,), wake_returns, awaited=any_parked),
    Reaction(
        "channels.wake_offered",
        (FulfillmentOffered, StopResolved),
        wake_offered,
        awaited=any_parked,
    ),
    Reaction("channels.reply_unstopped", (StopResolved,), reply_unstopped, awaited=anyone_listens),
    Reaction("channels.tell_cancelled", (LinesCancelled,), tell_cancelled, awaited=anyone_listens),
    Reaction("channels.tell_promises", (PromiseMoved,), tell_promises, awaited=anyone_listens),
    Reaction(
        "channels.tell_moved",
        (ParcelShipped, ParcelDelivered, PickupReady, PickupCollected),
        tell_moved,
        awaited=anyone_listens,
    ),
    Reaction("channels.tell_refunds", (PaymentRefunded,), tell_refunds, awaited=anyone_listens),
    Reaction(
        "channels.tell_decided",
        (ReturnAuthorized, ReturnDeclined),
        tell_decided,
        awaited=anyone_listens,
    ),
    Reaction("channels.tell_documents", (DocumentIssued,), tell_documents, awaited=anyone_listens),
    Reaction("channels.notice_stock", (AvailabilityMoved,), notice_stock, patient=True),
    Reaction(
        "channels.notice_prices", (PricesChanged, PriceListChanged, TaxesChanged), notice_prices
    ),
    Reaction("channels.notice_articles", (ProductsChanged,), notice_articles),
    Reaction("channels.notice_policies", (PolicyChanged,), notice_policies),
]
EFFECTS = [TELLING, fetching.FETCHING, exchanging.EXCHANGING, LOOK]
SCHEDULES = [
    Schedule("channels.fetch", fetching.BEGIN_EVERY_SECONDS, fetching.begin),
    Schedule("channels.exchange", fetching.BEGIN_EVERY_SECONDS, exchanging.begin),
    Schedule("channels.quarantine_late", LATE_EVERY_SECONDS, quarantine_late),
    Schedule("channels.look_again", LATE_EVERY_SECONDS, look_again),
    Schedule("channels.forget_raw", FORGET_EVERY_SECONDS, forget_raw),
    Schedule("channels.forget_told", FORGET_EVERY_SECONDS, forget_told),
    Schedule("channels.tell_all_daily", DAILY_LOOKED_AT_SECONDS, tell_all_daily),
]
