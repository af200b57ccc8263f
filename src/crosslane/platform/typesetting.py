"""Text on paper: which fonts can show it, and how it is made to fit.

Text of Western Europe is set in Helvetica, which every PDF reader has: such files stay small and
are made fast. Other Latin, Greek, Cyrillic, Armenian and Georgian text is set in a packaged font.
Scripts that need joined, reordered or right-to-left letters, and those the font has no letters of,
are not shown at all: a wrong address is worse than none.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

from msgspec import Struct
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

SUBSTITUTE = "?"
WESTERN = "cp1252"


class Typeface(Struct, frozen=True):
    """Names of a regular and a bold font that belong together."""

    regular: str
    bold: str


BUILT_IN = Typeface("Helvetica", "Helvetica-Bold")


class TooMuchText(Exception):
    """The text does not fit even in the smallest size."""


def typeface_for(texts: Iterable[str]) -> Typeface:
    """Return the fonts for paper with these texts."""
    return BUILT_IN if all(_is_western(text) for text in texts) else _packaged()


def unshowable(text: str) -> str:
    """Return what kind of letters paper cannot show of a text, "" when it can show all."""
    if _is_western(text):
        return ""
    for character in text:
        if not _can_show(character):
            letter = unicodedata.category(character).startswith(("L", "M", "N"))
            return (
                unicodedata.name(character, "unnamed").split()[0].title() if letter else "special"
            )
    return ""


def substituted(text: str) -> str:
    """Return a text with a mark in place of each run of characters paper cannot show."""
    if _is_western(text):
        return text
    shown = "".join(c if _can_show(c) else "\x00" for c in text)
    while "\x00\x00" in shown:
        shown = shown.replace("\x00\x00", "\x00")
    return shown.replace("\x00", SUBSTITUTE)


def width_of(text: str, font: str, size: float) -> float:
    """Return how wide a text is, in points."""
    if font in (BUILT_IN.regular, BUILT_IN.bold):
        return sum(map(_widths(font).__getitem__, western(text))) * 0.001 * size
    return pdfmetrics.stringWidth(text, font, size)


def western(text: str) -> bytes:
    """Return a text as the fonts of every PDF reader have it."""
    return text.encode("ascii" if text.isascii() else WESTERN)


def wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """Break a text into lines of at most a width, in points; only too long words are cut."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        for piece in _pieces(word, font, size, width):
            longer = f"{line} {piece}" if line else piece
            if line and width_of(longer, font, size) > width:
                lines.append(line)
                line = piece
            else:
                line = longer
    return [*lines, line] if line else lines


def fitted(
    texts: Iterable[str], fonts: Iterable[str], sizes: Iterable[float], width: float, height: float
) -> tuple[float, list[tuple[str, str]]]:
    """Set texts one below the other in the largest size in which they fit a box.

    Args:
        texts: paragraphs.
        fonts: font of each.
        sizes: sizes to try in points, largest first; a line takes 1.2 times its size.
        width: of the box in points.
        height: of the box in points.

    Returns:
        The size, and each line with its font.

    Raises:
        TooMuchText: it does not fit in the smallest size.
    """
    paragraphs = list(zip(texts, fonts, strict=False))
    for size in sizes:
        lines = [
            (line, font) for text, font in paragraphs for line in wrapped(text, font, size, width)
        ]
        if len(lines) * size * 1.2 <= height:
            return size, lines
    raise TooMuchText


def largest_size(text: str, font: str, sizes: Iterable[float], width: float) -> float:
    """Return the largest of the sizes in which a text fits one line, else the smallest."""
    tried = list(sizes)
    return next((size for size in tried if width_of(text, font, size) <= width), tried[-1])


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    if width_of(word, font, size) <= width:
        return [word]
    pieces: list[str] = []
    piece = ""
    for character in word:
        if piece and width_of(piece + character, font, size) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]


def _is_western(text: str) -> bool:
    try:
        western(text)
    except UnicodeEncodeError:
        return False
    return True


def _can_show(character: str) -> bool:
    if _is_western(character):
        return True
    if unicodedata.bidirectional(character) in ("R", "AL", "AN"):
        return False
    if unicodedata.category(character).startswith("M"):
        return False
    return ord(character) in pdfmetrics.getFont(_packaged().regular).face.charToGlyph


@cache
def _widths(font: str) -> list[int]:
    """Return how wide the letters of a font of every PDF reader are, in thousandths of its size."""
    return pdfmetrics.getFont(font).widths


@cache
def _packaged() -> Typeface:
    """Read the packaged fonts, once for the process."""
    folder = resources.files("crosslane.platform").joinpath("fonts")
    for name in ("DejaVuSansCondensed", "DejaVuSansCondensed-Bold"):
        with resources.as_file(folder.joinpath(f"{name}.ttf")) as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))
    return Typeface("DejaVuSansCondensed", "DejaVuSansCondensed-Bold")
