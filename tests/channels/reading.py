"""Reading published messages of a family, and asking of each whether anything got lost."""

import copy
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import unescape
from io import BytesIO
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import msgspec

from crosslane.channels import FAMILIES, Context, Reading
from crosslane.kit.damage import FAR

CANONICAL = Path(__file__).parent / "canonical"
# Of no family whose records are JSON.
NONSENSE = (b"", b"[", b"1", b'"x"', b"[1]", b'{"a":1}', b"\xff", b"[" * 5000)
# Of every kind that JSON has: somewhere each is one that nobody expects.
WRONG = (None, True, -1, 1.5, "x", "Infinity", [], {}, [1], {"a": 1}, *FAR)
CAME_AT = datetime(2026, 1, 1, tzinfo=UTC)


def read(family: str, raw: bytes, **context) -> list[Reading]:
    told = Context(received_at=CAME_AT, **context)
    return list(FAMILIES[family].read(BytesIO(raw), told))


def as_lines(readings: list[Reading], *, faults: bool = False) -> str:
    """The canonical file of what was read: a message a line, absent fields left out.

    Args:
        readings: what was read.
        faults: whether some of it cannot be understood: its reason is a line then.
    """
    lines = []
    for reading in readings:
        assert faults or reading.fault is None, reading.fault
        if reading.fault is not None:
            lines.append(msgspec.json.encode({"fault": reading.fault}).decode())
        for message in reading.messages:
            kept = {k: v for k, v in msgspec.to_builtins(message).items() if v not in ("", None)}
            lines.append(msgspec.json.encode(kept, order="sorted").decode())
    return "\n".join(lines) + "\n"


def spoiled(document: Any, wrong: Any) -> Iterator[bytes]:
    """A document of JSON again and again, each time with another part of it replaced."""
    whole = copy.deepcopy(document)
    return (msgspec.json.encode(whole) for _ in _each_replaced(whole, wrong))


def _each_replaced(part: Any, wrong: Any) -> Iterator[None]:
    listed = range(len(part)) if isinstance(part, list) else ()
    for name in list(part) if isinstance(part, dict) else listed:
        kept, part[name] = part[name], wrong
        yield
        part[name] = kept
        yield from _each_replaced(kept, wrong)


def scalars(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from scalars(part, f"{at}/{name}")
    elif isinstance(value, list | tuple):
        for n, part in enumerate(value):
            yield from scalars(part, f"{at}/{n}")
    elif value not in (None, ""):
        yield at, value


def forms_of(value: Any) -> set[str]:
    """How a value may be written in a canonical message."""
    found = {str(value).strip(), str(value).lower(), unescape(str(value)).strip()}
    with suppress(InvalidOperation, ValueError, OverflowError):
        number = Decimal(str(value))
        found |= {str(int(abs(number) * scale)) for scale in (1, 100, 100_000)}
    with suppress(ValueError):
        at = datetime.fromisoformat(str(value)).astimezone(UTC)
        # An instant, or the version it stands for.
        found |= {at.isoformat()[:19], str(round(at.timestamp() * 1_000))}
    return found


def told_nowhere(document: Any, readings: list[Reading], mapped: set[str]) -> list[str]:
    """Values of a document that no message says and no rest keeps.

    Args:
        document: as decoded.
        readings: what was made of it.
        mapped: names of fields whose words become words of ours.
    """
    messages = [msgspec.to_builtins(m) for r in readings for m in r.messages]
    rest = {pointer for message in messages for pointer in message["rest"]}
    said = {
        str(value)[:19] if name.endswith("_at") else str(value)
        for message in messages
        for name, value in scalars({k: v for k, v in message.items() if k != "rest"})
    }
    # What tells a variant from its siblings is told by name.
    said |= {name for message in messages for name in message.get("options", ())}
    said |= {str(value).lower() for value in said}
    # Numbers of several resources may be alike; ours say of which one they are.
    said |= {message["source_id"].rpartition("/")[2] for message in messages}
    text = "\n".join(said)
    return [
        f"{pointer} = {value!r}"
        for pointer, value in scalars(document)
        if pointer not in rest
        and pointer.rpartition("/")[2] not in mapped
        and said.isdisjoint(forms_of(value))
        and (not isinstance(value, str) or value.strip() not in text)
    ]


class Endless:
    """A stream that is as long as it is read, of parts that come again and again."""

    def __init__(self, parts, size):
        self._parts, self._left = iter(parts), size
        self._held = b""

    def read(self, most):
        while len(self._held) < most and self._left > 0 and (part := next(self._parts, b"")):
            self._held += part
            self._left -= len(part)
        found, self._held = self._held[:most], self._held[most:]
        return found


def require_level(family: str, opening: bytes, part: bytes, slack: int) -> None:
    """Require that memory does not grow with a stream that goes on with the same part.

    Args:
        family: that reads it.
        opening: how the stream begins.
        part: what follows again and again.
        slack: bytes that may be more after four times as long a stream.
    """

    def peak(size: int) -> int:
        stream = Endless(chain([opening], repeat(part)), size)
        tracemalloc.start()
        for _ in FAMILIES[family].read(stream, Context()):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(32 << 10)
    assert peak(256 << 10) < peak(64 << 10) + slack
