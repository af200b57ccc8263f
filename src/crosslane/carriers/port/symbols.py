"""What machines read on a label: the bars of Code 128 and the squares of a QR code."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain

import segno
from reportlab.graphics.barcode.code128 import Code128

QR_MASK = 2
QR_KEPT_MAX = 8_192

_DARK = re.compile("1+")


def bars(text: str) -> tuple[int, list[tuple[int, int]]]:
    """Return a text in Code 128: how many modules it is wide, and start and width of each bar."""
    code = Code128(text, quiet=0)
    code.validate()
    code.encode()
    found: list[tuple[int, int]] = []
    place = 0
    # Bars in capitals and gaps in small letters, each by its width: a letter's place from A.
    for letter in code.decompose():
        width = ord(letter.upper()) - ord("A") + 1
        if letter.isupper():
            found.append((place, width))
        place += width
    return place, found


def qr_runs(write: Callable[[str], str], number: str) -> tuple[int, Iterator[tuple[int, int, int]]]:
    """Return a text as a QR code.

    A QR code is linear: what one character changes is the same whatever the others are. So the
    codes of texts that differ in a number are put together from few, which takes a fraction of the
    time of making each.

    Args:
        write: returns the text with a number in it.
        number: the one it shall have, in ASCII.

    Returns:
        How many modules a side has; place across, place down and length of each run of dark ones.
    """
    blank = "0" * len(number)
    side, plain = _modules(write(blank))
    dark = plain
    for place, character in enumerate(number):
        other = f"{blank[:place]}{character}{blank[place + 1 :]}"
        dark ^= plain ^ _modules(write(other))[1]
    return side, _runs(side, f"{dark:0{side * side}b}")


def _runs(side: int, modules: str) -> Iterator[tuple[int, int, int]]:
    for y in range(side):
        for run in _DARK.finditer(modules[y * side : (y + 1) * side]):
            yield run.start(), y, run.end() - run.start()


@lru_cache(maxsize=QR_KEPT_MAX)
def _modules(text: str) -> tuple[int, int]:
    """Return how many modules a side of a QR code has, and all of them as bits of one number."""
    # Only bytes are linear. A given mask is as readable, and spares trying all eight.
    code = segno.make_qr(text, error="m", mask=QR_MASK, mode="byte")
    rows = list(code.matrix_iter(border=0))
    return len(rows), int("".join(map(str, chain.from_iterable(rows))), 2)
