"""Tracking messages in Crosslane's own form, which every shipped port understands."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from crosslane.carriers.domain.shipment import TRACKING_EVENTS_MAX, TrackingEvent
from crosslane.carriers.errors import BadTrackingMessage


class TrackingMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """Tracking events as a carrier sends them, in any order, as often as it likes."""

    events: Annotated[list[TrackingEvent], Meta(max_length=TRACKING_EVENTS_MAX)]


def read_message(carrier: str, body: bytes) -> list[TrackingEvent]:
    """Return the events of a message in our own form.

    Raises:
        BadTrackingMessage: it is not of that form, or a time has no offset.
    """
    try:
        events = msgspec.json.decode(body, type=TrackingMessage).events
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        reason = str(error).replace("`", "'")[:200]
        raise BadTrackingMessage(carrier=carrier, reason=reason) from None
    if any(event.occurred_at.tzinfo is None for event in events):
        raise BadTrackingMessage(carrier=carrier, reason="a time has no offset")
    return events
