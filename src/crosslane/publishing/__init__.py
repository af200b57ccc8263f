"""Publishing: what others are told of what happens here, in one order, and how they are told.

Nouns: a public event is an event of the log in the form others read (:class:`PublicEvent`,
attributes as CloudEvents name them); the catalogue says which there are and what they leave out
(``domain/catalogue.py``); the stream is all of them in one order, its places; a position is how far
a reader has come; a subscription is somebody who is told by webhook; a delivery is one event to be
told to one subscription, an attempt one try at it, a turn one call of the worker that sends some
deliveries of one subscription.

Way: the reaction ``publishing.publish`` puts public events into the stream. Whoever asks reads them
from a cursor on (:func:`read`). For each active subscription deliveries are made of what it wants,
WINDOW_MAX at a time, and the effect ``publishing.deliver`` sends them, signed as Standard Webhooks
say by every secret that is good. What fails is tried again for a little over a day, with growing
waits, and keeps back only later events of the same subject. A receiver that is down rests; one that
takes nothing for three days, or says 410, is disabled: SubscriptionDisabled, and a letter to
administrators. Nothing is lost to it: let go on, it reads on in the stream where it stopped.

Invariants: places have no holes that are filled later, and events of one subject are in their
order; of one subscription one turn is under way at a time; an event is delivered once for itself,
and again only for a resend or a replay, always under the same id; of one subject a later event is
not sent while an earlier one waits; at most two secrets are good. A turn that is lost on the way
back is sent again: at least once, never in silence.

The schemas of public events and of the canonical messages of channels are made from their structs
(:func:`schema`, :func:`asyncapi`).

The stream goes back 90 days, deliveries are kept for 30 after they ended. What events say rests in
the log alone, so an erasure there reaches all of it.

Events: SubscriptionDisabled. Effects: ``publishing.deliver``.
Tables: publishing_head, publishing_event (journal), publishing_subscription, publishing_secret,
publishing_delivery, publishing_attempt (answer is personal).
"""

from crosslane.publishing.domain.catalogue import INTERNAL, PUBLIC, PublicKind
from crosslane.publishing.domain.envelope import PublicEvent
from crosslane.publishing.errors import (
    NoSuchDelivery,
    NoSuchSubscription,
    NotActive,
    StillWaiting,
)
from crosslane.publishing.events import SubscriptionDisabled
from crosslane.publishing.reactions import REACTIONS, SCHEDULES
from crosslane.publishing.rest import ROUTES
from crosslane.publishing.rest.webhooks import new_secret
from crosslane.publishing.service.publishing import STREAM_DAYS
from crosslane.publishing.service.reading import (
    LATEST,
    DeliveryShown,
    DeliveryView,
    EventPage,
    list_deliveries,
    read,
    show_delivery,
)
from crosslane.publishing.service.replaying import REPLAY, RESEND, Replay, Replayed, Resend
from crosslane.publishing.service.schemas import asyncapi, schema
from crosslane.publishing.service.schemas import listing as schema_listing
from crosslane.publishing.service.schemas import names as schema_names
from crosslane.publishing.service.sending import DELIVER, signed_headers
from crosslane.publishing.service.subscribing import (
    CHANGE,
    COUNTED_HOURS,
    PING,
    REMOVE,
    ROTATE,
    SUBSCRIBE,
    ChangeSubscription,
    Ping,
    RemoveSubscription,
    Rotated,
    RotateSecret,
    Subscribe,
    SubscriptionView,
    list_subscriptions,
    subscription,
)
from crosslane.publishing.storage import DELIVERIES_DAYS, PERSONAL_COLUMNS
from crosslane.publishing.storage.deliveries import DeliveryState

COMMANDS = [SUBSCRIBE, CHANGE, REMOVE, ROTATE, PING, RESEND, REPLAY]
EFFECTS = [DELIVER]

__all__ = [
    "CHANGE",
    "COMMANDS",
    "COUNTED_HOURS",
    "DELIVER",
    "DELIVERIES_DAYS",
    "EFFECTS",
    "INTERNAL",
    "LATEST",
    "PERSONAL_COLUMNS",
    "PING",
    "PUBLIC",
    "REACTIONS",
    "REMOVE",
    "REPLAY",
    "RESEND",
    "ROTATE",
    "ROUTES",
    "SCHEDULES",
    "STREAM_DAYS",
    "SUBSCRIBE",
    "ChangeSubscription",
    "DeliveryShown",
    "DeliveryState",
    "DeliveryView",
    "EventPage",
    "NoSuchDelivery",
    "NoSuchSubscription",
    "NotActive",
    "Ping",
    "PublicEvent",
    "PublicKind",
    "RemoveSubscription",
    "Replay",
    "Replayed",
    "Resend",
    "RotateSecret",
    "Rotated",
    "StillWaiting",
    "Subscribe",
    "SubscriptionDisabled",
    "SubscriptionView",
    "asyncapi",
    "list_deliveries",
    "list_subscriptions",
    "new_secret",
    "read",
    "schema",
    "schema_listing",
    "schema_names",
    "show_delivery",
    "signed_headers",
    "subscription",
]
