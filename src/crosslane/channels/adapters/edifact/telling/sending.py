"""Messages of one kind for one partner become one interchange."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crosslane.channels.adapters.edi_telling import Told, Unwritable, local, together
from crosslane.channels.adapters.edifact.telling.asked import (
    BY_SELLER,
    NAME_CHARACTERS_MAX,
    NUMBER_CHARACTERS_MAX,
    Asked,
    agency,
)
from crosslane.channels.adapters.edifact.telling.partner import Partner, interchange
from crosslane.channels.adapters.edifact.telling.pen import Pen
from crosslane.channels.adapters.telling import Document, Outgoing, Talk, Tell
from crosslane.customers import Address

STREETS_MAX = 3
CITY_CHARACTERS_MAX, REGION_CHARACTERS_MAX = 35, 9
POSTCODE_CHARACTERS_MAX, COUNTRY_CHARACTERS_MAX = 9, 3
TITLE_CHARACTERS_MAX, TITLE_PARTS_MAX = 35, 2
REASON_CHARACTERS_MAX, REASON_PARTS_MAX = 70, 5
# The message, what it stands in, what it answers, how and with whom.
Write = Callable[[Any, Outgoing, Asked, Pen, Talk], Told]


def teller(kind: str, write: Write) -> Tell:
    """Return how messages are told by one kind of message.

    Args:
        kind: as UNH names it.
        write: makes it; raises Unwritable or Silence.
    """

    def say(one: Outgoing, talk: Talk) -> tuple[Partner, Told]:
        asked = Asked(one.order)
        partner = asked.partner(talk.settings)
        return partner, write(one.message, one, asked, partner.pen, talk)

    def wrap(partner: Partner, told: Sequence[Told], number: int, talk: Talk) -> Document:
        segments = [one.segments for one in told]
        return interchange(partner, kind, segments, number, local(talk))

    return together(say, wrap)


def order_number(order: str, asked: Asked, pen: Pen) -> str:
    """Return the partner's number of an order, without what tells its parts."""
    return pen.code(asked.number or order, NUMBER_CHARACTERS_MAX, "/order")


def place(role: str, location: str, pen: Pen, talk: Talk) -> str:
    """Return a location of ours, by the partner's code of it where it has one.

    Args:
        role: which it plays.
        location: code of it.
        pen: of the partner.
        talk: knows the partner's codes.
    """
    theirs = talk.locations.get(location, "")
    code, by = (theirs, agency(theirs)) if theirs else (location, agency(location, BY_SELLER))
    known = pen.can_code(code, NUMBER_CHARACTERS_MAX)
    name = pen.words(location, NAME_CHARACTERS_MAX)
    return pen.segment("NAD", role, (code, "", by) if known else "", "", name)


def party(
    role: str, address: Address, pen: Pen, *, name: str = "", called: Sequence[str] = ()
) -> str:
    """Return who somebody is and where.

    Args:
        role: which they play.
        address: where they are.
        pen: of the partner.
        name: what they are called; the address says it when absent.
        called: their code and who gave it, if they have one.
    """
    words = pen.words(name or address.organization or address.name, NAME_CHARACTERS_MAX)
    streets = [pen.words(line, NAME_CHARACTERS_MAX) for line in address.lines]
    return pen.segment(
        "NAD",
        role,
        called,
        "",
        words,
        list(filter(None, streets))[:STREETS_MAX],
        pen.words(address.city, CITY_CHARACTERS_MAX),
        # What is longer is no code of a region (3229), which is all that stands here.
        region if len(region := pen.words(address.region, 80)) <= REGION_CHARACTERS_MAX else "",
        pen.words(address.postcode, POSTCODE_CHARACTERS_MAX),
        pen.words(address.country, COUNTRY_CHARACTERS_MAX),
    )


def title(text: str, pen: Pen) -> Iterator[str]:
    """Yield what an article is called."""
    if parts := pen.pieces(text, TITLE_CHARACTERS_MAX, TITLE_PARTS_MAX):
        yield pen.segment("IMD", "F", "", ("", "", "", *parts))


def reason(text: str, pen: Pen) -> Iterator[str]:
    """Yield why something is not as it was asked for."""
    if parts := pen.pieces(text, REASON_CHARACTERS_MAX, REASON_PARTS_MAX):
        yield pen.segment("FTX", "AAO", "", "", parts)


def require_article(name: Sequence[str], further: Sequence[str], pointer: str) -> None:
    """Refuse a line that names no article."""
    if not (any(name) or further):
        raise Unwritable(pointer, "Nothing names the article")
