"""Messages that ask nothing of the hub."""

from collections.abc import Iterator

from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.tradacoms.segments import Segment, Transmission
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import Notice

NAMES = {
    "ACKMNT": "acknowledgment of order",
    "AVLDET": "product availability",
    "CREDIT": "credit note",
    "DELIVR": "delivery notification",
    "INVOIC": "invoice",
    "ORDHDR": "header of a file without orders",
    "PICKER": "picking instructions",
    "PPRDET": "product planning",
    "PRIINF": "price information",
    "PROINF": "product information",
    "SRMINF": "statement and remittance",
    "UPLIFT": "uplift instruction",
    "UTLBIL": "utility bill",
}
NAME_CHARACTERS_MAX = 100


def other(
    segments: list[Segment], transmission: Transmission, context: Context
) -> Iterator[Message]:
    """Keep a message of a kind that asks nothing of the hub."""
    kind = segments[0].peek(2)
    at = transmission.at or context.received_at
    name = "/".join((transmission.sender, transmission.reference, segments[0].peek(1)))
    yield Notice(
        source_id=name[:NAME_CHARACTERS_MAX],
        source_version=version_of(at),
        event_at=at,
        channel=context.channel,
        topic=f"message_{kind}"[:NAME_CHARACTERS_MAX],
        title=NAMES.get(kind, ""),
    )
