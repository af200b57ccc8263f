"""What partners say of what we have sent (CONTRL), and messages that ask nothing of the hub."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edifact.segments import Envelope, Segment
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import Notice

# Element 0083: of what is acknowledged all is but what is refused by name; 8 only says it came.
OUTCOMES = {"1": "accepted", "4": "rejected", "7": "accepted", "8": "received"}
NAMES = {
    "APERAK": "application error or acknowledgment",
    "IFCSUM": "forwarding summary",
    "IFTMBC": "booking confirmation",
    "INVOIC": "invoice",
    "ORDRSP": "order response",
    "PRICAT": "price catalog",
    "QUOTES": "quote",
    "RECADV": "receiving advice",
    "REMADV": "remittance advice",
    "SLSRPT": "sales report",
}
TITLE_CHARACTERS_MAX = 500
NAME_CHARACTERS_MAX = 100
# Where the outcome stands, and where the faults do: code, segment, element.
LEVELS = {"UCI": 4, "UCF": 4, "UCM": 3}


def reply(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what became of an interchange we have sent, and of what is named of it."""
    if segments[1].tag != "UCI":
        raise NotReadable(Fault("field-missing", "UCI is missing", "/2/UCI"))
    at = envelope.at or context.received_at
    told: list[tuple[str, str, list[str]]] = []
    interchange = group = ""
    for one in segments[1:]:
        if one.tag in LEVELS:
            number = one.needed(1)
            if one.tag == "UCI":
                name = interchange = number
            elif one.tag == "UCF":
                name = group = f"{interchange}/{number}"
            else:
                name = "/".join(filter(None, (group or interchange, one.take(2), number)))
            told.append((name, _outcome(one, LEVELS[one.tag]), _faults(one)))
        elif one.tag in ("UCS", "UCD") and told:
            place = "element" if one.tag == "UCD" else "segment"
            where, code = (2, 1) if one.tag == "UCD" else (1, 2)
            told[-1][2].append(f"{place} {one.peek(where)}: {one.peek(code)}".strip())
    for of, outcome, faults in told:
        why = f": {'; '.join(faults)}" if faults else ""
        yield Notice(
            source_id=of[:NAME_CHARACTERS_MAX],
            source_version=version_of(at),
            event_at=at,
            channel=context.channel,
            topic=outcome,
            title=f"{of} {outcome}{why}"[:TITLE_CHARACTERS_MAX],
        )


def _outcome(one: Segment, n: int) -> str:
    found = OUTCOMES.get(one.peek(n))
    if found is None:
        raise one.wrong(n, 1, f"one of {', '.join(OUTCOMES)}")
    one.take(n)
    return found


def _faults(one: Segment) -> list[str]:
    """Return what is wrong with the whole that a segment answers: a code, and in which segment."""
    n = LEVELS[one.tag] + 1
    code, segment = one.peek(n), one.peek(n + 1)
    return [" ".join(filter(None, (code, segment)))] if code else []


def other(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Keep a message of a kind that asks nothing of the hub, or an object."""
    head = segments[0]
    kind = head.peek(2) if head.tag == "UNH" else head.tag
    at = envelope.at or context.received_at
    number = "/".join(filter(None, (envelope.group, head.peek(1))))
    yield Notice(
        source_id=f"{envelope.sender}/{envelope.interchange}/{number}"[:NAME_CHARACTERS_MAX],
        source_version=version_of(at),
        event_at=at,
        channel=context.channel,
        topic=f"message_{kind}"[:NAME_CHARACTERS_MAX],
        title=NAMES.get(kind, ""),
    )
