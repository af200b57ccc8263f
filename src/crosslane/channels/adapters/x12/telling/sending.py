"""Sets of one kind for one partner become one interchange."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.telling import (
    DETAIL_CHARACTERS_MAX,
    Conversation,
    Document,
    Outcome,
    Outgoing,
    Talk,
    Tell,
)
from crosslane.channels.adapters.x12.telling.asked import (
    BY_BUYER,
    BY_SELLER,
    NAME_CHARACTERS_MAX,
    PARTY_CHARACTERS_MAX,
    Asked,
)
from crosslane.channels.adapters.x12.telling.partner import NUMBERS, Partner, interchange
from crosslane.channels.adapters.x12.telling.pen import Pen, Unwritable

AT_ONCE_MAX = 200
MEDIA_TYPE = "application/edi-x12"


class Told(msgspec.Struct, frozen=True):
    """A set that says a message.

    Args:
        segments: its segments, without ST and SE.
        learnt: what later ones have to know.
    """

    segments: Sequence[str]
    learnt: dict[str, str] = {}


class Silence(Exception):
    """A message needs no set, or none says it.

    Args:
        outcome: which of the two.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


# The message, what it stands in, what it answers, how and with whom.
Write = Callable[[Any, Outgoing, Asked, Pen, Talk], Told]


def teller(group: str, kind: str, write: Write) -> Tell:
    """Return how messages are told by one kind of set.

    Args:
        group: what the sets are (GS01).
        kind: number of the set.
        write: makes the set of a message; raises Unwritable or Silence.
    """

    def tell(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
        outcomes: dict[int, Outcome] = {}
        sets: dict[Partner, list[tuple[int, Told]]] = {}
        for n, one in enumerate(messages):
            try:
                asked = Asked(one.order)
                partner = Partner.of(talk.settings, asked.isa, asked.gs)
                told = write(one.message, one, asked, Pen(partner.marks), talk)
            except Unwritable as why:
                outcomes[n] = refused(why)
            except Silence as silence:
                outcomes[n] = silence.outcome
            else:
                sets.setdefault(partner, []).append((n, told))
        for partner, written in sets.items():
            first = messages[written[0][0]]
            segments = [(kind, told.segments) for _, told in written]
            try:
                text = interchange(
                    partner, group=group, sets=segments, number=first.number, at=local(talk)
                )
            except Unwritable as why:
                outcomes |= {n: refused(why) for n, _ in written}
                continue
            answer = yield document(kind, first.number, text)
            for n, told in written:
                good = answer.is_good
                outcomes[n] = Outcome(learnt=told.learnt) if good else Outcome.refused(answer)
        return [outcomes[n] for n in range(len(messages))]

    return tell


def document(kind: str, number: int, text: str) -> Document:
    """Return an interchange as it is handed over."""
    name = f"{kind}-{number % NUMBERS:09d}.x12"
    return Document(name=name, media_type=MEDIA_TYPE, body=text.encode("ascii"))


def refused(why: Unwritable) -> Outcome:
    """Return that something cannot be written, with the place in the message."""
    detail = ": ".join(filter(None, (why.pointer, why.detail)))
    return Outcome(state="refused", code=why.code, detail=detail[:DETAIL_CHARACTERS_MAX])


def place(role: str, location: str, pen: Pen, talk: Talk) -> str:
    """Return a location of ours, by the partner's code of it where it has one.

    Args:
        role: which it plays.
        location: code of it.
        pen: of the partner.
        talk: knows the partner's codes.
    """
    theirs = talk.locations.get(location, "")
    called = (BY_BUYER, theirs) if theirs else (BY_SELLER, location)
    known = pen.can_code(called[1], PARTY_CHARACTERS_MAX, 2)
    name = pen.words(location, NAME_CHARACTERS_MAX)
    return pen.segment("N1", role, name, *(called if known else ()))


def local(talk: Talk, at: datetime | None = None) -> datetime:
    """Return an instant, now if none is given, by the clock of the partner."""
    return (at or talk.now).astimezone(ZoneInfo(talk.timezone))
