"""Bins: the shelf an article lies on, and the way people walk from one to the next.

A code is what a location writes on its shelves, such as ``A12-03-2``: aisle, bay, shelf. It is kept
in capitals. People walk by its parts in their order, numbers as they count: 9 before 10.
"""

import re

import msgspec

from crosslane.inventory.errors import BadBin, TooManyBins

BIN_CHARACTERS_MAX = 20
BINS_PER_ARTICLE_MAX = 10

_CODE = re.compile(r"[A-Z0-9][A-Z0-9 ._/-]{0,19}")
_PARTS = re.compile(r"[0-9]+|[A-Z]+")
_BREAKS = re.compile(r"[ ._/-]+")


class Bin(msgspec.Struct, frozen=True):
    """A shelf.

    Args:
        code: as it is written there.
        walk: sorts shelves in the order people walk.
    """

    code: str
    walk: str

    @property
    def aisle(self) -> str:
        """What the shelves of one aisle begin with."""
        return _BREAKS.split(self.code)[0]


def bin_of(text: str, *, pointer: str = "") -> Bin:
    """Return the bin of a code as somebody typed or scanned it.

    Raises:
        BadBin: no code of a bin looks like that.
    """
    code = " ".join(text.upper().split())
    if not _CODE.fullmatch(code):
        raise BadBin(pointer=pointer, code=text[:BIN_CHARACTERS_MAX], most=BIN_CHARACTERS_MAX)
    parts = [
        part.zfill(BIN_CHARACTERS_MAX) if part.isdigit() else part for part in _PARTS.findall(code)
    ]
    return Bin(code, " ".join(parts))


def bins_of_article(codes: list[str], *, pointer: str = "") -> list[Bin]:
    """Return the bins of one article at one location, each once, in the order given.

    Raises:
        BadBin: a code is none.
        TooManyBins: more than BINS_PER_ARTICLE_MAX.
    """
    found = {
        one.code: one
        for one in (bin_of(code, pointer=f"{pointer}/{n}") for n, code in enumerate(codes))
    }
    if len(found) > BINS_PER_ARTICLE_MAX:
        raise TooManyBins(pointer=pointer, most=BINS_PER_ARTICLE_MAX)
    return list(found.values())
