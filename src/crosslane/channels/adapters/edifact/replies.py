"""What partners say of what we have sent (CONTRL), and messages that ask nothing of the hub."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi import judged
from crosslane.channels.adapters.edifact.segments import Envelope, Segment
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import Notice, Verdict

# Element 0083. Of what is acknowledged all is but what is refused by name; 8 only says it came.
# Directories before 2001 have more codes.
OUTCOMES: dict[str, Verdict] = {
    "1": "accepted",
    "2": "accepted_with_errors",
    "3": "partly_accepted",
    "4": "rejected",
    "5": "accepted",
    "6": "rejected",
    "7": "accepted",
    "8": "received",
}
# Element 0085, as far as it can be met; others are told by their number.
WRONG = {
    "2": "syntax not supported",
    "7": "we are not who should get it",
    "12": "invalid value",
    "13": "missing",
    "14": "value not supported here",
    "15": "not supported here",
    "16": "too many constituents",
    "17": "no agreement",
    "18": "unspecified",
    "19": "wrong decimal mark",
    "20": "mark of the syntax not valid",
    "21": "invalid character",
    "22": "invalid mark",
    "23": "sender unknown",
    "24": "too old",
    "25": "tests not supported",
    "26": "came before",
    "28": "references do not match",
    "29": "count does not match",
    "32": "nothing in it",
    "33": "stands outside a message",
    "35": "repeated too often",
    "36": "group repeated too often",
    "37": "wrong kind of character",
    "38": "no digit before the decimals",
    "39": "too long",
    "40": "too short",
    "45": "mark at the end",
    "46": "letters not supported",
}
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
    told: list[tuple[str, str, Verdict, list[str]]] = []
    interchange = group = ""
    for one in segments[1:]:
        if one.tag in LEVELS:
            number, place = one.needed(1), ""
            if one.tag == "UCI":
                name = interchange = number
            elif one.tag == "UCF":
                name = group = f"{interchange}/{number}"
            else:
                place = number
                name = "/".join(filter(None, (group or interchange, one.take(2), number)))
            told.append((name, place, _outcome(one, LEVELS[one.tag]), _faults(one)))
        elif one.tag in ("UCS", "UCD") and told:
            told[-1][3].append(_within(one))
    for of, place, outcome, faults in told:
        why = f": {'; '.join(faults)}" if faults else ""
        yield Notice(
            source_id=of[:NAME_CHARACTERS_MAX],
            source_version=version_of(at),
            event_at=at,
            channel=context.channel,
            topic=outcome,
            title=f"{of} {outcome.replace('_', ' ')}{why}"[:TITLE_CHARACTERS_MAX],
            judged=judged(interchange, place, outcome),
        )


def _outcome(one: Segment, n: int) -> Verdict:
    found = OUTCOMES.get(one.peek(n))
    if found is None:
        raise one.wrong(n, 1, f"one of {', '.join(OUTCOMES)}")
    one.take(n)
    return found


def _faults(one: Segment) -> list[str]:
    """Return what is wrong with the whole that a segment answers: a code, and in which segment."""
    n = LEVELS[one.tag] + 1
    code, segment = one.peek(n), one.peek(n + 1)
    if not code:
        return []
    element = _element(one, n + 2)
    return [" ".join(filter(None, (segment + element, _words(code))))]


def _within(one: Segment) -> str:
    """Return what is wrong within a message: in which segment, or which element of it."""
    if one.tag == "UCS":
        code = one.peek(2)
        return f"segment {one.peek(1)}" + (f": {_words(code)}" if code else "")
    return f"element {_element(one, 2)}: {_words(one.peek(1))}"


def _element(one: Segment, n: int) -> str:
    """Return which element is meant: theirs counts the tag as the first (0098), ours does not."""
    number, part = one.peek(n), one.peek(n, 2)
    if not number.isdecimal():
        return number
    return f"{max(int(number[:3]) - 1, 0):02d}" + (f".{part}" if part else "")


def _words(code: str) -> str:
    return " ".join(filter(None, (code, WRONG.get(code, ""))))


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
