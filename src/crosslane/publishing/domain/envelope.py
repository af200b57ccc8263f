"""The form in which a public event is told, everywhere: attributes as CloudEvents name them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

SCHEMAS = "/api/v1/schemas/"


class PublicEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One public event.

    Args:
        id: the same wherever and however often it is told.
        source: whose it is.
        type: name of the event.
        subject: what it happened to, such as ``order:018f…``.
        sequence: counts the events of the subject; they are told in this order.
        time: when it was recorded.
        dataschema: where the schema of ``data`` is.
        data: what has happened.
        channel: code of the channel it concerns, absent when it concerns none or several.
        specversion: of CloudEvents.
        datacontenttype: of ``data``.
    """

    id: str
    source: str
    type: str
    subject: str
    sequence: str
    time: datetime
    dataschema: str
    data: Any
    channel: str | msgspec.UnsetType = msgspec.UNSET
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: str = "application/json"


def schema_of(name: str, version: int) -> str:
    """Return where the schema of an event's data is."""
    return f"{SCHEMAS}{name}.{version}"
