"""Writing segments in the letters and marks of a partner.

A mark within a text is released. A letter the agreed set lacks is made plain in words of people:
accents fall off, small letters become capitals in level A, what nothing stands for becomes ``?``.
In a code no letter is changed: one that cannot be written refuses the message.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from string import ascii_lowercase, ascii_uppercase, digits

from crosslane.channels.adapters import edi_telling
from crosslane.channels.adapters.edi_stream import LATIN
from crosslane.channels.adapters.edi_telling import Unwritable, plain
from crosslane.channels.adapters.edifact.interchange import LETTERS, Way

PRICE_CHARACTERS_MAX, AMOUNT_CHARACTERS_MAX = 15, 18
# ISO 9735 annex A: what level A and B may hold.
LEVEL_A = frozenset(ascii_uppercase + digits + " .,-()/='+:?!\"%&*;<>")
LEVELS = {"UNOA": LEVEL_A, "UNOB": LEVEL_A | frozenset(ascii_lowercase)}
# By syntax identifier (0001); UNOX switches sets, of which the first is ASCII.
ENCODINGS = {
    **LETTERS,
    **dict.fromkeys(("UNOA", "UNOB", "UNOX"), "ascii"),
    "UNOC": LATIN,
    **dict.fromkeys(("UNOW", "UNOY"), "utf-8"),
}
Element = str | Sequence[str]


class Pen:
    """Writes by the marks of a partner, in its letters.

    Args:
        way: the marks.
        syntax: which letters (0001), such as UNOC.
        release: of the directory, such as 96A.

    Raises:
        Unwritable: nobody knows these letters.
    """

    def __init__(self, way: Way, syntax: str, release: str) -> None:
        if syntax not in ENCODINGS:
            detail = f"{syntax[:20]!r} is none of {', '.join(sorted(ENCODINGS))}"
            raise Unwritable("/settings/syntax", detail, "setting-invalid")
        self.way, self._release = way, _century(release)
        self.encoding = ENCODINGS[syntax]
        self._level = LEVELS.get(syntax)
        marks = (way.component, way.element, way.segment, way.repetition, way.release)
        self._marks = frozenset(filter(None, marks))
        self._released = str.maketrans({mark: way.release + mark for mark in self._marks})

    def is_since(self, release: str) -> bool:
        """Whether the directory is one of this release, or a later one."""
        return self._release >= _century(release)

    def words(self, text: str, most: int) -> str:
        """Return words as they can be written, of at most so many characters."""
        told = "".join(map(self._plain, unicodedata.normalize("NFC", text)))
        return " ".join(told.split())[:most].rstrip()

    def pieces(self, text: str, width: int, most: int) -> list[str]:
        """Return words as texts of at most so many characters, at most so many of them."""
        told = self.words(text, width * most)
        cut = [told[n : n + width].strip() for n in range(0, len(told), width)]
        return list(filter(None, cut))

    def code(self, text: str, most: int, pointer: str) -> str:
        """Return a code as it is, "" when there is none.

        Args:
            text: the code.
            most: characters it has at most.
            pointer: to it, into the message.

        Raises:
            Unwritable: it cannot be written so.
        """
        text = text.strip()
        for one in text:
            if not self._can(one):
                raise Unwritable(pointer, f"{text[:40]!r} holds {one!r}, which cannot be written")
        if len(text) > most:
            raise Unwritable(pointer, f"{text[:60]!r} is longer than {most} characters")
        return text

    def can_code(self, text: str, most: int) -> bool:
        """Whether a code can be written as it is."""
        return 0 < len(text) <= most and all(map(self._can, text))

    def number(self, text: str) -> str:
        """Return a number with the decimal mark of the partner."""
        return text.replace(".", self.way.decimal or ".")

    def amount(self, minor: int, currency: str, pointer: str) -> str:
        """Return an amount with its decimals told.

        Raises:
            Unwritable: it is too long.
        """
        text = edi_telling.amount(minor, currency)
        if len(text) > AMOUNT_CHARACTERS_MAX:
            detail = f"An amount has at most {AMOUNT_CHARACTERS_MAX} characters"
            raise Unwritable(pointer, detail)
        return self.number(text)

    def price(self, milli: int, currency: str, per: int, pointer: str) -> str:
        """Return a price; see :func:`edi_telling.price`."""
        told = edi_telling.price(milli, currency, per, pointer, PRICE_CHARACTERS_MAX)
        return self.number(told)

    def segment(self, tag: str, *elements: Element) -> str:
        """Return a segment without its end; what is empty at an end is left out.

        Args:
            tag: its name.
            elements: each a text, or the components of it.

        Raises:
            Unwritable: a text cannot be written.
        """
        told = [self._element(tag, n, one) for n, one in enumerate(elements, 1)]
        return self.way.element.join(_shortened([tag, *told]))

    def _element(self, tag: str, n: int, element: Element) -> str:
        parts = [element] if isinstance(element, str) else list(element)
        for text in parts:
            if not all(map(self._can, text)):
                detail = f"{tag}{n:02d} would be {text[:40]!r}, which cannot be written"
                raise Unwritable("", detail)
        return self.way.component.join(part.translate(self._released) for part in _shortened(parts))

    def _can(self, one: str) -> bool:
        if one in self._marks and not self.way.release:
            return False
        if self._level is not None:
            return one in self._level
        try:
            one.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        # Controls are none of these letters, but those of ISO 8859 and Unicode can be encoded.
        return one.isprintable()

    def _plain(self, one: str) -> str:
        if one.isspace() or unicodedata.category(one) == "Cc":
            return " "
        if self._can(one):
            return one
        if one in self._marks:
            return " "
        found = ""
        for bare in plain(one):
            found += next((each for each in (bare, bare.upper()) if self._can(each)), "?")
        return found


def _century(release: str) -> str:
    # The first directory is of 1988.
    return ("19" if release[:2] >= "88" else "20") + release


def _shortened(texts: list[str]) -> list[str]:
    while len(texts) > 1 and not texts[-1]:
        texts.pop()
    return texts


def day(at: date) -> str:
    """Return a day as format 102 has it."""
    return at.strftime("%Y%m%d")


def minute(at: datetime) -> str:
    """Return a time as format 203 has it."""
    return at.strftime("%Y%m%d%H%M")
