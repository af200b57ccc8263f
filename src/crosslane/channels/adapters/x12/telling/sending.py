"""Sets of one kind for one partner become one interchange."""

from collections.abc import Callable, Sequence
from typing import Any

from crosslane.channels.adapters.edi_telling import Told, local, together
from crosslane.channels.adapters.telling import Document, Outgoing, Talk, Tell
from crosslane.channels.adapters.x12.telling.asked import (
    BY_BUYER,
    BY_SELLER,
    NAME_CHARACTERS_MAX,
    PARTY_CHARACTERS_MAX,
    Asked,
)
from crosslane.channels.adapters.x12.telling.partner import NUMBERS, Partner, interchange
from crosslane.channels.adapters.x12.telling.pen import Pen

MEDIA_TYPE = "application/edi-x12"


# The message, what it stands in, what it answers, how and with whom.
Write = Callable[[Any, Outgoing, Asked, Pen, Talk], Told]


def teller(group: str, kind: str, write: Write) -> Tell:
    """Return how messages are told by one kind of set.

    Args:
        group: what the sets are (GS01).
        kind: number of the set.
        write: makes the set of a message; raises Unwritable or Silence.
    """

    def say(one: Outgoing, talk: Talk) -> tuple[Partner, Told]:
        asked = Asked(one.order)
        partner = Partner.of(talk.settings, asked.isa, asked.gs)
        return partner, write(one.message, one, asked, Pen(partner.marks), talk)

    def wrap(partner: Partner, said: Sequence[Told], number: int, talk: Talk) -> Document:
        sets = [(kind, told.segments) for told in said]
        text = interchange(partner, group=group, sets=sets, number=number, at=local(talk))
        return document(kind, number, text)

    return together(say, wrap)


def document(kind: str, number: int, text: str) -> Document:
    """Return an interchange as it is handed over."""
    name = f"{kind}-{number % NUMBERS:09d}.x12"
    return Document(name=name, media_type=MEDIA_TYPE, body=text.encode("ascii"))


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
