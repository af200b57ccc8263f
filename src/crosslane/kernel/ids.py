"""Identifiers: time-ordered UUIDs for machines, short numbers with a check character for people."""

import os
import struct
import time
from datetime import datetime
from uuid import UUID, SafeUUID

from crosslane.kernel.errors import Invalid

# No I, L, O, U: they are misread on paper and misheard on the phone.
NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_DIGITS_MIN = 6
TICKS = 4096  # parts of a millisecond an identifier tells apart
RANDOM_BYTES_AT_ONCE = 4096

_last_tick = 0
_left: list[int] = []
_make, _set, _UNKNOWN = UUID.__new__, object.__setattr__, SafeUUID.unknown


class BadOrderNumber(Invalid):
    """The order number {number} is not valid; check for a mistyped character."""


def new_id() -> UUID:
    """Return a new UUID version 7 that sorts after every one this process made before.

    48 bits of milliseconds, 12 bits of their fraction (RFC 9562, 6.2, method 3), 62 random bits.
    Two made within one fraction, or after the clock was set back, count on from the last, so rows
    of one transaction keep the order they were written in, and index inserts stay local.
    """
    global _last_tick
    _last_tick = tick = max(time.time_ns() * TICKS // 1_000_000, _last_tick + 1)
    try:
        chance = _left.pop()
    except IndexError:
        chance = _more()
    return _made(tick, chance)


def new_ids(count: int) -> list[UUID]:
    """Return so many new ids, as :func:`new_id` makes them but for thousands at once."""
    global _last_tick
    first = max(time.time_ns() * TICKS // 1_000_000, _last_tick + 1)
    _last_tick = first + count - 1
    return list(map(_made, range(first, first + count), _chances(8 * count)))


def made_before(identifier: UUID, instant: datetime) -> bool:
    """Tell whether an identifier says that it was made before an instant; not all of them tell."""
    return identifier.version == 7 and identifier.int >> 80 < instant.timestamp() * 1000


def _made(tick: int, chance: int) -> UUID:
    """Return the identifier of a fraction of a millisecond, with 62 random bits."""
    milliseconds, fraction = divmod(tick, TICKS)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64
    # Past the checks of what comes from outside, which take longer than all of the above.
    made = _make(UUID)
    _set(made, "int", value | 0b10 << 62 | chance)
    _set(made, "is_safe", _UNKNOWN)
    return made


def _chances(count_bytes: int) -> list[int]:
    """Ask the system for so many bytes, 62 random bits of each eight."""
    fresh = struct.iter_unpack("=Q", os.urandom(count_bytes))
    return [chance & 0x3FFF_FFFF_FFFF_FFFF for (chance,) in fresh]


def _more() -> int:
    """Ask for randomness for the next identifiers: each call into the system is dear."""
    first, *others = _chances(RANDOM_BYTES_AT_ONCE)
    _left.extend(others)
    return first


# A child must not go on with the randomness of its parent.
os.register_at_fork(after_in_child=_left.clear)


def check_character(digits: str) -> str:
    """Return the Luhn mod N check character of a text over NUMBER_ALPHABET.

    It catches every single wrong character and nearly every swap of two neighbours.
    """
    base = len(NUMBER_ALPHABET)
    total = 0
    for position, character in enumerate(reversed(digits)):
        doubled = NUMBER_ALPHABET.index(character) * (2 if position % 2 == 0 else 1)
        total += doubled // base + doubled % base
    return NUMBER_ALPHABET[-total % base]


def order_number(sequence: int) -> str:
    """Return the number people see for the order with this sequence, such as ``00001T-8``."""
    if sequence < 0:
        raise ValueError("an order sequence is never negative")
    digits = ""
    while sequence or len(digits) < NUMBER_DIGITS_MIN:
        sequence, rest = divmod(sequence, len(NUMBER_ALPHABET))
        digits = NUMBER_ALPHABET[rest] + digits
    return f"{digits}-{check_character(digits)}"


def parse_order_number(text: str) -> str:
    """Return the canonical form of an order number as a person typed it.

    Raises:
        BadOrderNumber: a character is outside the alphabet or the check character does not fit.
    """
    typed = text.upper().replace(" ", "").replace("-", "").translate(_READ_AS)
    if len(typed) <= NUMBER_DIGITS_MIN or any(c not in NUMBER_ALPHABET for c in typed):
        raise BadOrderNumber(number=text[:40])
    digits, check = typed[:-1], typed[-1]
    if check_character(digits) != check:
        raise BadOrderNumber(number=text[:40])
    return f"{digits}-{check}"


_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
