"""Pages of several resources, taken apart when one of them cannot be understood."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

Way = tuple[str, ...]
"""Names that lead from a document to its list of resources; none when it is that list."""


class Part(NamedTuple):
    """A resource, and the page it stands in without the others.

    Args:
        head: the page before it.
        body: the resource.
        tail: the page after it.
    """

    head: bytes
    body: bytes
    tail: bytes


def apart(page: bytes, ways: Iterable[Way]) -> list[Part]:
    """Return the resources of a page each by itself; none when it does not hold several.

    Args:
        page: a document of JSON.
        ways: where such lists may be; the first that leads to several resources is the one.
    """
    try:
        found = (_along(page, way) for way in ways)
        return next((parts for parts in found if len(parts) > 1), [])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _along(page: bytes, way: Sequence[str]) -> list[Part]:
    opening = page.lstrip()[:1]
    if not way:
        listed = msgspec.json.decode(page, type=list[msgspec.Raw]) if opening == b"[" else []
        return [Part(b"[", bytes(one), b"]") for one in listed]
    fields = msgspec.json.decode(page, type=dict[str, msgspec.Raw]) if opening == b"{" else {}
    step, *more = way
    if step not in fields:
        return []
    named = {name: msgspec.json.encode(name) + b":" for name in fields}
    others = b"".join(named[n] + bytes(part) + b"," for n, part in fields.items() if n != step)
    head = b"{" + others + named[step]
    parts = _along(bytes(fields[step]), more)
    return [Part(head + part.head, part.body, part.tail + b"}") for part in parts]
