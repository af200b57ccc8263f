"""Text that may enter: what PostgreSQL can store, and what matches a pattern as a whole."""

from typing import Any, cast

import msgspec

from crosslane.kernel.errors import Invalid


def matching(pattern: str, *, max_length: int | None = None) -> msgspec.Meta:
    """Annotate a text that has to match a pattern as a whole.

    In Python ``$`` also stands before a newline at the end, which would come in with the text.

    Args:
        pattern: regular expression without anchors.
        max_length: characters at most, where the pattern sets no limit.
    """
    return msgspec.Meta(pattern=rf"^(?:{pattern})\Z", max_length=max_length)


class UnsafeText(Invalid):
    """The text has a character that cannot be stored (NUL or half a surrogate pair)."""


def pointer_step(name: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901, section 3)."""
    if "~" not in name and "/" not in name:
        return name
    return name.replace("~", "~0").replace("/", "~1")


def require_safe_text(value: Any, *, pointer: str = "") -> None:
    """Refuse NUL and lone surrogates anywhere in a decoded JSON value.

    Args:
        value: text, or lists and objects of it; read without recursion, so depth is no danger.
        pointer: JSON pointer to ``value`` itself.

    Raises:
        UnsafeText: with the pointer to the first text that is refused.
    """
    waiting: list[tuple[str, Any]] = [(pointer, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            if "\x00" in item or not _is_encodable(item):
                raise UnsafeText(pointer=where)
        elif isinstance(item, dict):
            for key, inner in cast(dict[Any, Any], item).items():
                waiting.append((where, str(key)))
                waiting.append((f"{where}/{pointer_step(str(key))}", inner))
        elif isinstance(item, list | tuple):
            inside = cast(list[Any], item)
            waiting.extend((f"{where}/{n}", inner) for n, inner in enumerate(inside))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
