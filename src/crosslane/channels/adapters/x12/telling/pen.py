"""Writing elements and segments. X12 has no way to escape what stands between them.

So words of people lose what cannot be written, by a rule: letters become plain ones, marks become
blanks, what is too long is cut. A code that cannot be written is not written at all, since another
one would be meant.
"""

import re
from datetime import date
from typing import NamedTuple

from crosslane.channels.adapters import edi_telling
from crosslane.channels.adapters.edi_telling import Unwritable, amount, plain
from crosslane.kernel import currency_exponent

IMPLIED_DECIMALS = 2
AMOUNT_DIGITS_MAX = 15
PRICE_CHARACTERS_MAX = 17


class Marks(NamedTuple):
    """What stands between things; ``repetition`` is "" where nothing is repeated."""

    element: str
    component: str
    segment: str
    repetition: str = ""


class Pen:
    """Writes by the marks of a partner.

    Args:
        marks: of the partner.
    """

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self._never = re.compile("[" + re.escape("".join(marks)) + "\x00-\x1f\x7f-\U0010ffff]")

    def words(self, text: str, most: int) -> str:
        """Return words as they can be written, of at most so many characters."""
        bare = "".join(one if one < "\x7f" else "?" for one in plain(text))
        return " ".join(self._never.sub(" ", bare).split())[:most].rstrip()

    def code(self, text: str, most: int, pointer: str, least: int = 1) -> str:
        """Return a code as it is, "" when there is none.

        Args:
            text: the code.
            most: characters it has at most; likewise at least.
            pointer: to it, into the message.
            least: see most.

        Raises:
            Unwritable: it cannot be written so.
        """
        text = text.strip()
        if not text:
            return ""
        if found := self._never.search(text):
            raise Unwritable(pointer, f"{text[:40]!r} holds {found[0]!r}, which cannot be written")
        if not least <= len(text) <= most:
            raise Unwritable(pointer, f"{text[:60]!r} is not of {least} to {most} characters")
        return text

    def can_code(self, text: str, most: int, least: int = 1) -> bool:
        """Whether a code can be written as it is."""
        return least <= len(text) <= most and not self._never.search(text)

    def segment(self, tag: str, *elements: str) -> str:
        """Return a segment without its end; elements at its end that are empty are left out.

        Raises:
            Unwritable: a mark stands in an element, such as a point that is one.
        """
        told = list(elements)
        while told and not told[-1]:
            told.pop()
        for n, text in enumerate(told, 1):
            if self._never.search(text):
                detail = f"{tag}{n:02d} would be {text[:40]!r}, which holds a mark of the partner"
                raise Unwritable("", detail)
        return self.marks.element.join((tag, *told))


def day(at: date) -> str:
    """Return a day."""
    return at.strftime("%Y%m%d")


def price(milli: int, currency: str, per: int, pointer: str) -> str:
    """Return a price, with no more decimals than it has but those of its currency.

    Args:
        milli: of one piece, 1/1000 minor unit.
        currency: ISO 4217.
        per: how many pieces it is told for.
        pointer: to it, into the message.

    Raises:
        Unwritable: it is too long.
    """
    return edi_telling.price(milli, currency, per, pointer, PRICE_CHARACTERS_MAX)


def implied(minor: int, currency: str, pointer: str) -> str:
    """Return an amount whose last two digits are decimals, as N2 elements have it.

    Raises:
        Unwritable: it has finer decimals, or is too long.
    """
    scaled, left = divmod(minor * 10**IMPLIED_DECIMALS, 10 ** currency_exponent(currency))
    text = str(scaled)
    if left:
        raise Unwritable(pointer, f"{amount(minor, currency)} has more than two decimals")
    if len(text.removeprefix("-")) > AMOUNT_DIGITS_MAX:
        raise Unwritable(pointer, f"An amount has at most {AMOUNT_DIGITS_MAX} digits")
    return text
