"""Which events are told outside, and what is done by the clock."""

from collections.abc import Sequence
from datetime import timedelta

from crosslane import engagement
from crosslane.engagement import StaffLetter
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.log import Logged, Reaction
from crosslane.publishing.domain.catalogue import PUBLIC
from crosslane.publishing.events import SubscriptionDisabled
from crosslane.publishing.service import publishing
from crosslane.publishing.service.subscribing import shown_url
from crosslane.publishing.storage import DELIVERIES_DAYS, deliveries, subscriptions

FORGET_SECONDS = 3_600.0
FORGOTTEN_AT_ONCE_MAX = 5_000
PAGE = "/office/machine/webhooks/"


async def give_notice(tx: Tx, logged: Sequence[Logged[SubscriptionDisabled]]) -> None:
    """Tell administrators by e-mail of subscriptions that were disabled."""
    events = [entry.event for entry in logged]
    ids = [event.subscription_id for event in events]
    known = await subscriptions.find_subscriptions(tx, ids)
    await engagement.tell_administrators(
        tx,
        [
            StaffLetter(
                key=f"webhook-disabled:{entry.subject}#{entry.subject_no}",
                topic=f"webhook_{entry.event.cause}",
                path=f"{PAGE}{one.id}",
                told={"receiver": one.description or shown_url(one.url)},
                moments={"since": entry.event.failing_since},
                trace=entry.trace,
            )
            for entry in logged
            if (one := known.get(entry.event.subscription_id)) is not None
        ],
    )


async def forget_deliveries(tx: Tx) -> bool:
    """Forget deliveries that ended long ago; tell whether some may be left."""
    before = tx.now - timedelta(days=DELIVERIES_DAYS)
    return await deliveries.forget(tx, before, FORGOTTEN_AT_ONCE_MAX)


REACTIONS = [
    # What an event says is read when it is told, but for the channel it concerns.
    Reaction(
        *("publishing.publish", tuple(kind.event for kind in PUBLIC), publishing.publish),
        patient=True,
        unread=tuple(kind.event for kind in PUBLIC if not kind.channel_field),
    ),
    Reaction("publishing.give_notice", (SubscriptionDisabled,), give_notice),
]
SCHEDULES = [
    Schedule("publishing.forget", FORGET_SECONDS, publishing.forget),
    Schedule("publishing.forget_deliveries", FORGET_SECONDS, forget_deliveries),
]
