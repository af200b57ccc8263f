"""What a supplier wants to be paid (810), and what partners say of what we have sent (997, TA1)."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi import judged
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.segments import Envelope, Segment, instant, require_count
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import MoneyEvent, Notice, Verdict

CREDITS = frozenset(("CR", "CN", "CM"))
OUTCOMES: dict[str, Verdict] = {
    "A": "accepted",
    "E": "accepted_with_errors",
    "P": "partly_accepted",
    "R": "rejected",
    "M": "rejected",
    "W": "rejected",
    "X": "rejected",
}
NAMES = {
    "204": "load tender",
    "210": "freight invoice",
    "214": "shipment status",
    "820": "payment order",
    "832": "price catalog",
    "855": "order acknowledgment",
    "865": "order change acknowledgment",
    "940": "warehouse shipping order",
    "945": "warehouse shipping advice",
    "990": "response to a load tender",
}
TITLE_CHARACTERS_MAX = 500


def invoice(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what a supplier wants to be paid, or gives back."""
    begin = segments[1]
    if begin.tag != "BIG":
        raise NotReadable(Fault("field-missing", "BIG is missing", "/2/BIG"))
    number = begin.needed(2)
    at = instant(begin.peek(1), "", envelope.zone)
    if at is None:
        raise begin.wrong(1, "a day")
    begin.take(1)
    lines = sum(one.tag == "IT1" for one in segments)
    currency = context.currency
    for one in segments:
        if one.tag == "CUR" and one.peek(2):
            one.take(1)
            currency = one.take(2)
    require_count(segments, lines, "lines")
    total = next((one for one in segments if one.tag == "TDS"), None)
    if total is None:
        raise NotReadable(Fault("field-missing", "TDS is missing", "/TDS"))
    minor = total.implied(1, currency)
    if minor is None:
        raise NotReadable(Fault("field-missing", "TDS01 is missing", total.at(1)))
    credit = begin.peek(7) in CREDITS or minor < 0
    if begin.peek(7) in (*CREDITS, "DI", "DR"):
        begin.take(7)
    yield MoneyEvent(
        source_id=number,
        source_version=version_of(envelope.at or at),
        event_at=at,
        channel=context.channel,
        order=begin.take(4),
        step="credited" if credit else "invoiced",
        minor=abs(minor),
        currency=currency,
        reference=number,
    )


def acknowledgment(
    segments: list[Segment], envelope: Envelope, context: Context
) -> Iterator[Message]:
    """Say what became of a group we have sent, and of each set in it that was looked at."""
    begin = segments[1]
    if begin.tag != "AK1":
        raise NotReadable(Fault("field-missing", "AK1 is missing", "/2/AK1"))
    kind, number = begin.needed(1), begin.needed(2)
    group = f"{kind}/{number}"
    at = envelope.at or context.received_at
    told: list[tuple[str, str, Verdict, str]] = []
    name, place, wrong = "", "", list[str]()
    for one in segments[2:]:
        if one.tag == "AK2":
            place = one.needed(2)
            name, wrong = f"{one.needed(1)}/{place}", []
        elif one.tag in ("AK3", "IK3"):
            wrong.append(f"segment {one.peek(2)} {one.peek(1)}: {one.peek(4)}".strip())
        elif one.tag in ("AK4", "IK4"):
            wrong.append(f"element {one.peek(1)}: {one.peek(3)} {one.peek(4)}".strip())
        elif one.tag in ("AK5", "IK5"):
            told.append((f"{group}/{name}", place, _outcome(one), "; ".join(wrong)))
        elif one.tag == "AK9":
            told.insert(0, (group, "", _outcome(one), ""))
    if not told or told[0][0] != group:
        raise NotReadable(Fault("field-missing", "AK9 is missing", f"/{len(segments)}/AK9"))
    for of, place, outcome, why in told:
        yield Notice(
            source_id=of,
            source_version=version_of(at),
            event_at=at,
            channel=context.channel,
            topic=outcome,
            title=f"{of} {outcome.replace('_', ' ')}{': ' if why else ''}{why}"[
                :TITLE_CHARACTERS_MAX
            ],
            judged=judged(number, place, outcome),
        )


def _outcome(one: Segment) -> Verdict:
    found = OUTCOMES.get(one.peek(1))
    if found is None:
        raise one.wrong(1, f"one of {', '.join(OUTCOMES)}")
    one.take(1)
    return found


def interchange_reply(one: Segment, envelope: Envelope, context: Context) -> Message:
    """Say what became of an interchange we have sent."""
    number, outcome = one.needed(1), _outcome_of_interchange(one)
    at = envelope.at or context.received_at
    return Notice(
        source_id=f"interchange/{number}",
        source_version=version_of(at),
        event_at=at,
        channel=context.channel,
        topic=f"interchange_{outcome}",
        title=f"Interchange {number} {outcome.replace('_', ' ')}, note {one.peek(5)}",
        judged=judged(number, "", outcome),
    )


def _outcome_of_interchange(one: Segment) -> Verdict:
    found = OUTCOMES.get(one.peek(4))
    if found is None:
        raise one.wrong(4, "A, E or R")
    one.take(4)
    return found


def other(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Keep a set of a kind that asks nothing of the hub."""
    kind = segments[0].peek(1)
    at = envelope.at or context.received_at
    yield Notice(
        source_id=f"{envelope.sender}/{envelope.group}/{segments[0].peek(2)}"[:100],
        source_version=version_of(at),
        event_at=at,
        channel=context.channel,
        topic=f"set_{kind}"[:100],
        title=NAMES.get(kind, ""),
    )
