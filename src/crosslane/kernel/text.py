"""Text that may enter: PostgreSQL cannot store NUL, and a lone surrogate is not text at all."""

from typing import Any, cast

from crosslane.kernel.errors import Invalid


class UnsafeText(Invalid):
    """The text has a character that cannot be stored (NUL or half a surrogate pair)."""


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
                step = str(key).replace("~", "~0").replace("/", "~1")
                waiting.append((where, str(key)))
                waiting.append((f"{where}/{step}", inner))
        elif isinstance(item, list | tuple):
            inside = cast(list[Any], item)
            waiting.extend((f"{where}/{n}", inner) for n, inner in enumerate(inside))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
