"""From the fields of a form to the body of a command, and back to the field that was refused."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from crosslane.kernel import Refusal
from crosslane.platform.web import InvalidField

Body = TypeVar("Body")


def wish_of(kind: type[Body], told: Mapping[str, Any]) -> Body:
    """Return the body of a command a form asks for.

    Args:
        kind: type of the body.
        told: its fields, as the form has them.

    Raises:
        InvalidField: a field is missing or out of its bounds.
    """
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).replace("`", "'").partition(" - at '$")
        pointer = path.rstrip("'").replace(".", "/").replace("[", "/").replace("]", "")
        raise InvalidField(pointer=pointer, reason=reason) from None


def wrong_of(refusal: Refusal | None) -> Callable[[str], Refusal | str]:
    """Return what says why a field was refused, "" for a field that was not."""

    def wrong(name: str) -> Refusal | str:
        refused = refusal is not None and refusal.pointer.rpartition("/")[2] == name
        return refusal if refused and refusal is not None else ""

    return wrong
