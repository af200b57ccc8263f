"""How interchanges of all kinds are made of messages: what X12 and EDIFACT tell alike.

Words of people lose what cannot be written, by a rule. A code that cannot be written is not
written at all, since another one would be meant.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
from stdnum import ean

from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.telling import (
    DETAIL_CHARACTERS_MAX,
    Conversation,
    Document,
    Outcome,
    Outgoing,
    Talk,
    Tell,
)
from crosslane.channels.domain.messages import Order
from crosslane.channels.domain.replies import (
    PARTS_MAX,
    Acknowledgment,
    Invoice,
    PartFault,
    ReceivedPart,
    ReplyLine,
)
from crosslane.channels.domain.reports import MovedGoods
from crosslane.kernel import MILLI_PER_MINOR, currency_exponent

AT_ONCE_MAX = 200
NAME_CHARACTERS_MAX = 100
SSCC_DIGITS = 18
PREFIX_DIGITS = range(7, 13)
# Letters that no decomposition makes plain, and the marks of typesetters.
PLAIN = str.maketrans(
    {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Ø": "O",
        "ø": "o",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Œ": "OE",
        "œ": "oe",
        "Þ": "TH",
        "þ": "th",
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "«": '"',
        "»": '"',
        "\u2010": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u00ad": "",
    }
)
To = TypeVar("To", bound=Hashable)
Why = TypeVar("Why")


class Unwritable(Exception):
    """Something cannot be said to this partner.

    Args:
        pointer: to it, into the message.
        detail: why.
        code: stable name of the reason.
    """

    def __init__(self, pointer: str, detail: str, code: str = "not-writable") -> None:
        super().__init__(detail)
        self.pointer, self.detail, self.code = pointer, detail, code


class Told(msgspec.Struct, frozen=True):
    """What says a message: its segments, without those around them.

    Args:
        segments: as they are written.
        learnt: what later ones have to know.
    """

    segments: Sequence[str]
    learnt: dict[str, str] = {}


class Silence(Exception):
    """A message needs not be told, or nothing says it.

    Args:
        outcome: which of the two.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


def plain(text: str) -> str:
    """Return words without accents and marks of typesetters."""
    bare = unicodedata.normalize("NFKD", text.translate(PLAIN))
    return "".join(one for one in bare if not unicodedata.combining(one))


def amount(minor: int, currency: str) -> str:
    """Return an amount with its decimals told."""
    exponent = currency_exponent(currency)
    return f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"


def price(milli: int, currency: str, per: int, pointer: str, most: int) -> str:
    """Return a price, with no more decimals than it has but those of its currency.

    Args:
        milli: of one piece, 1/1000 minor unit.
        currency: ISO 4217.
        per: how many pieces it is told for.
        pointer: to it, into the message.
        most: characters it has at most.

    Raises:
        Unwritable: it is too long.
    """
    exponent = currency_exponent(currency)
    minor, rest = divmod(milli * per, MILLI_PER_MINOR)
    text = amount(minor, currency)
    if rest:
        text += ("" if exponent else ".") + f"{rest:03d}".rstrip("0")
    if len(text) > most:
        raise Unwritable(pointer, f"A price has at most {most} characters")
    return text


def refused(why: Unwritable) -> Outcome:
    """Return that something cannot be written, with the place in the message."""
    detail = ": ".join(filter(None, (why.pointer, why.detail)))
    return Outcome(state="refused", code=why.code, detail=detail[:DETAIL_CHARACTERS_MAX])


def local(talk: Talk, at: datetime | None = None) -> datetime:
    """Return an instant, now if none is given, by the clock of the partner."""
    return (at or talk.now).astimezone(ZoneInfo(talk.timezone))


def together(
    write: Callable[[Outgoing, Talk], tuple[To, Told]],
    wrap: Callable[[To, Sequence[Told], int, Talk], Document],
) -> Tell:
    """Return how messages are told: those for one partner in one interchange.

    Args:
        write: says for whom a message is, and what says it; raises Unwritable or Silence.
        wrap: makes the interchange, whose number is that of the first message; raises Unwritable.
    """

    def tell(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
        outcomes: dict[int, Outcome] = {}
        bound: dict[To, list[tuple[int, Told]]] = {}
        for n, one in enumerate(messages):
            try:
                partner, told = write(one, talk)
            except Unwritable as why:
                outcomes[n] = refused(why)
            except Silence as silence:
                outcomes[n] = silence.outcome
            else:
                bound.setdefault(partner, []).append((n, told))
        for partner, written in bound.items():
            number = messages[written[0][0]].number
            try:
                document = wrap(partner, [told for _, told in written], number, talk)
            except Unwritable as why:
                outcomes |= {n: refused(why) for n, _ in written}
                continue
            answer = yield document
            for place, (n, told) in enumerate(written, 1):
                outcomes[n] = (
                    Outcome(learnt=told.learnt, control=number, place=place)
                    if answer.is_good
                    else Outcome.refused(answer)
                )
        return [outcomes[n] for n in range(len(messages))]

    return tell


def one_by_one(answer: Callable[[Outgoing, Talk], Document]) -> Tell:
    """Return how messages are told each in an interchange of its own.

    Args:
        answer: makes it; raises Unwritable.
    """

    def tell(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
        outcomes: list[Outcome] = []
        for one in messages:
            try:
                document = answer(one, talk)
            except Unwritable as why:
                outcomes.append(refused(why))
                continue
            taken = yield document
            outcomes.append(Outcome() if taken.is_good else Outcome.refused(taken))
        return outcomes

    return tell


def require_sound(message: Invoice) -> None:
    """Refuse an invoice whose sums are not those of what it is made of.

    Raises:
        Unwritable: says which.
    """
    parts = (*message.lines, *message.charges)
    for name, found, told in (
        ("net_minor", sum(part.net_minor for part in parts), message.net_minor),
        ("tax_minor", sum(part.tax_minor for part in parts), message.tax_minor),
        ("gross_minor", message.net_minor + message.tax_minor, message.gross_minor),
    ):
        if found != told:
            raise Unwritable(f"/{name}", f"It says {told}, what it is made of comes to {found}")


def refused_lines(order: Order | None) -> tuple[ReplyLine, ...]:
    """Return that nothing of an order will be sent."""
    return tuple(
        ReplyLine(
            id=line.id,
            article=line.article,
            sku=line.sku,
            gtin=line.gtin,
            quantity=0,
            cancelled=line.quantity,
        )
        for line in (order.lines if order else ())
    )


def all_of(order: Order | None) -> tuple[MovedGoods, ...]:
    """Return that all of an order has moved."""
    return tuple(
        MovedGoods(
            id=line.id,
            article=line.article,
            sku=line.sku,
            gtin=line.gtin,
            quantity=line.quantity,
            title=line.title,
        )
        for line in (order.lines if order else ())
    )


def needs_no_departure(step: str, name: str) -> Silence:
    """Return that what tells departures does not tell what becomes of goods later."""
    detail = f"{name} tells what leaves, not that it is {step}"
    return Silence(Outcome(state="unsupported", code="step-unsupported", detail=detail))


def own_number(name: str, one: Outgoing, *, fits: bool) -> str:
    """Return the number of something that is ours alone.

    Args:
        name: of it.
        one: the message it is told by.
        fits: whether the name can be written; else it is the message's number, at every try.
    """
    return name if fits else f"{one.number:09d}"


def sscc(talk: Talk, number: int) -> str:
    """Return the number of a parcel by GS1, "" without a company prefix.

    The serial number comes again when the digits that the prefix leaves are used up.

    Raises:
        Unwritable: the prefix is none.
    """
    prefix = talk.settings.get("company_prefix", "").strip()
    if not prefix:
        return ""
    if not prefix.isdecimal() or len(prefix) not in PREFIX_DIGITS:
        detail = "A company prefix has 7 to 12 digits"
        raise Unwritable("/settings/company_prefix", detail, "setting-invalid")
    digits = SSCC_DIGITS - 2 - len(prefix)
    body = f"0{prefix}{number % 10**digits:0{digits}d}"
    return body + ean.calc_check_digit(body)


def reason_of(
    table: Mapping[tuple[str, str], Why], fault: PartFault, place: re.Pattern[str]
) -> Why | None:
    """Return the code of what is wrong, None when there is none.

    Args:
        table: codes by the fault's and the segment it is about, "" for any.
        fault: what is wrong.
        place: what a pointer looks like; its second group is the segment.
    """
    found = place.fullmatch(fault.pointer)
    tag = found[2] if found else ""
    return table.get((fault.code, tag), table.get((fault.code, "")))


def acknowledged(
    name: str,
    context: Context,
    parts: Sequence[ReceivedPart],
    taken: int,
    rest: dict[str, str],
) -> Acknowledgment:
    """Return what was understood of an envelope.

    Args:
        name: of the envelope.
        context: where it came from.
        parts: its records.
        taken: how many of them were understood and are used.
        rest: what an answer has to name of it.
    """
    clean = not any(part.faults for part in parts)
    return Acknowledgment(
        source_id=name[:NAME_CHARACTERS_MAX],
        event_at=context.received_at,
        channel=context.channel,
        outcome="accepted" if clean else "partly" if taken else "rejected",
        parts=tuple(parts[:PARTS_MAX]),
        rest=rest,
    )
