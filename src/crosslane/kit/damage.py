"""Damage: what happens to streams on their way, and what somebody sends who wishes us ill."""

import codecs
import json
import random
import re
from collections.abc import Iterable, Iterator
from itertools import cycle, islice

import msgspec

TOKEN = re.compile(rb"[\w.:+-]+")
MARKS = b"{}[]\":,<>/&;~'*+|\n\r\t= "
DEEP, LONG = 200_000, 100_000
CONTENT_BYTES_MAX = 40_000
# The first and the last year end within hours of these: in UTC they are no instants any more.
FAR = ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00")
STRANGE_TOKENS = (
    *(b"", b"-1", b"0", b"x", b"NaN", b"Infinity", b"1e999", b"1e-999", b"0x1F", b"--", b"1.5"),
    *(b"9" * 400, b"0" * 400 + b"1", b"9" * 19, b"1." + b"3" * 99, b"2026-02-30", b"0000-00-00"),
    *("é".encode() * 600, b"\x00", b"\x1a", b"\xff", b"\xed\xa0\x80", b"&x;", b"A" * LONG),
    *(one.encode() for one in FAR),
)
STRANGE_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**19, "", "x", "NaN", "1e999", "\ud800", "\x00"),
    *([], {}, [None], {"": None}, [[]], "9" * 400, "é" * 600, -(2**63), "2026-02-30T25:61:61Z"),
    *FAR,
)
ENTITIES = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">'
    b'<!ENTITY x SYSTEM "file:///etc/hostname">]>'
)
Case = tuple[str, bytes]


def whole_bodies() -> Iterator[Case]:
    """Yield bodies that are nothing of any family."""
    yield "nothing", b""
    yield "blanks", b" \r\n\t" * 99
    yield "NUL", b"\x00" * 999
    yield "every byte", bytes(range(256))
    for mark in (b"[", b'{"a":', b"<a>", b"(", b'"', b"'", b"*", b"ISA*", b"UNB+", b"<!--", b"&a;"):
        yield f"{mark.decode()} without end", mark * DEEP
    yield "a number without end", b"9" * 1_000_000
    yield "numbers", b"[" + b"1.5," * LONG + b"1]"
    yield "entities", b"<?xml version='1.0'?>" + ENTITIES + b"<a>&d;&x;</a>"
    yield "a processing instruction without end", b"<?xml " + b"x" * LONG
    for name in ("utf-16", "utf-32"):
        yield name, "{}".encode(name)


def truncated(raw: bytes, *, every: int) -> Iterator[Case]:
    """Yield what is left of a stream that was cut off: at every class of places, and many more.

    Args:
        raw: the stream.
        every: so many places besides the marks.
    """
    places = {raw.find(bytes([mark]), begin) for mark in MARKS for begin in (0, len(raw) // 2)}
    places |= {place + 1 for place in places}
    places |= {n for n, byte in enumerate(raw[:CONTENT_BYTES_MAX]) if byte > 0x7F}
    step = max(1, len(raw) // every)
    places |= set(range(0, len(raw), step)) | {len(raw) - n for n in range(1, 9)}
    for place in sorted(places):
        if 0 < place < len(raw):
            yield f"cut off at {place}", raw[:place]


def recoded(raw: bytes) -> Iterator[Case]:
    """Yield a stream in other encodings, rightly and wrongly."""
    yield "with a byte order mark", codecs.BOM_UTF8 + raw
    yield "with two", codecs.BOM_UTF8 * 2 + raw
    yield "with the wrong one", codecs.BOM_UTF16_LE + raw
    text = raw.decode("utf-8", "replace")
    for name in ("utf-16", "utf-16-be", "utf-32", "cp037", "utf-7"):
        yield f"as {name}", text.encode(name, "replace")
    yield "in latin", text.replace("e", "é").encode("latin-1", "replace")
    yield "with half a pair", raw.replace(b"e", b"\xed\xa0\x80")
    yield "overlong", raw.replace(b"/", b"\xc0\xaf")
    yield "with NUL", raw.replace(b" ", b"\x00")
    yield "with carriage returns", raw.replace(b"\n", b"\r")
    yield "twice", raw + raw
    yield "with something after it", raw + b"\n\x1a\x00<a>{}"
    yield "with entities", ENTITIES + raw
    yield "with entities within", raw.replace(b">", b">" + ENTITIES + b"&d;&x;", 1)


def changed_bytes(raw: bytes, chance: random.Random, times: int) -> Iterator[Case]:
    """Yield a stream of which some bytes are others, gone, or more."""
    for _ in range(times):
        place = chance.randrange(len(raw))
        gone, more = chance.choice((0, 0, 1, 1, 2, 40)), chance.randbytes(chance.choice((0, 1, 9)))
        yield f"{gone} bytes at {place} are {more!r}", raw[:place] + more + raw[place + gone :]


def changed_tokens(raw: bytes, chance: random.Random, times: int) -> Iterator[Case]:
    """Yield a stream in which a word or number is another, whatever the format."""
    found = [match.span() for match in TOKEN.finditer(raw[:CONTENT_BYTES_MAX])]
    for _ in range(times if found else 0):
        begin, end = chance.choice(found)
        token = chance.choice(STRANGE_TOKENS)
        told = f"{raw[begin:end][:20]!r} at {begin} is {token[:20]!r}"
        yield told, raw[:begin] + token + raw[end:]


def changed_values(raw: bytes, *, each: int, most: int) -> Iterator[Case]:
    """Yield a document of JSON in which a value is of another kind; nothing for other formats.

    Args:
        raw: the document.
        each: so many strange values stand in turn at a place of it, another few at the next.
        most: at so many places, evenly chosen.
    """
    try:
        document = msgspec.json.decode(raw.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    values = cycle(STRANGE_VALUES)
    places = list(_places(document))
    for place in places[:: -(-len(places) // most)] if places else ():
        for value in islice(values, min(each, len(STRANGE_VALUES))):
            told = f"/{'/'.join(map(str, place))} is {value!r:.30}"
            yield told, _encoded(_replaced(document, place, value))


def _places(value: object, at: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, part in parts:
        yield (*at, name)
        yield from _places(part, (*at, name))


def _replaced(value, place: tuple[object, ...], by: object):
    if not place:
        return by
    name, *steps = place
    copy = value.copy()
    copy[name] = _replaced(value[name], tuple(steps), by)
    return copy


def _encoded(value: object) -> bytes:
    # The standard library writes half a pair as an escape, as some senders do.
    return json.dumps(value).encode()
