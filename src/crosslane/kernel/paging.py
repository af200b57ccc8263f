"""Opaque cursors: a list is read page by page from the last row seen, never by offset."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from crosslane.kernel.errors import Invalid

PAGE_ITEMS_DEFAULT = 50
PAGE_ITEMS_MAX = 250
CURSOR_BYTES_MAX = 512

Item = TypeVar("Item")


class BadCursor(Invalid):
    """The cursor was not made by this list; start again without one."""


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list; ``next_cursor`` is absent on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(*values: Any) -> str:
    """Return the cursor that stands for the sort key of the last row shown."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """Return the sort key in a cursor.

    Args:
        cursor: text made by :func:`encode_cursor`.
        types: type of each value of the key, in order.

    Raises:
        BadCursor: the text is damaged or of another list.
    """
    if len(cursor) > CURSOR_BYTES_MAX:
        raise BadCursor(pointer="/cursor")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BadCursor(pointer="/cursor") from None
