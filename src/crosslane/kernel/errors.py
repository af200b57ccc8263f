"""Refusals: every way in which Crosslane says no to a wish, with a reason a person can act on."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What sort of refusal it is; the web edge turns the kind into an HTTP status."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    STALE = "stale"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """The request was refused.

    A subclass is one refusal. The first line of its docstring is the message people read; it may
    name details in braces. A lane returns refusals as values, other doors raise them.

    Args:
        pointer: JSON pointer to the field of the request that caused the refusal, "" for the whole.
        details: facts a client can use (a SKU, a limit); never personal data.
    """

    kind: ClassVar[Kind] = Kind.INVALID

    def __init__(self, *, pointer: str = "", **details: Any) -> None:
        self.pointer = pointer
        self.details = details
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The stable name clients match on: the class name in kebab case."""
        return self.code_of_class()

    @classmethod
    def code_of_class(cls) -> str:
        """Return the code of every refusal of this class."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @property
    def message(self) -> str:
        """The first docstring line with the details filled in."""
        return self.template().format_map(_Shown(self.details))

    @classmethod
    def template(cls) -> str:
        """Return the message of every refusal of this class, its details in braces."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    def said(self, say: Callable[[str], str]) -> str:
        """Return the message in another language; the order of its details is that language's own.

        Args:
            say: returns what a text of the source is in that language, or the text itself.
        """
        details = {n: say(d) if isinstance(d, str) else d for n, d in self.details.items()}
        return say(self.template()).format_map(_Shown(details))


class _Shown(dict[str, Any]):
    """Leaves an unnamed detail readable instead of failing while an error is being told."""

    def __missing__(self, key: str) -> str:
        return f"({key} not given)"


class NotFound(Refusal):
    """What was asked for does not exist."""

    kind = Kind.NOT_FOUND


class Conflict(Refusal):
    """The request does not fit the present state."""

    kind = Kind.CONFLICT


class Gone(Refusal):
    """What was asked for is not there any more, and will not be again."""

    kind = Kind.GONE


class Stale(Refusal):
    """This was changed meanwhile: it is at version {present}, not {given}."""

    kind = Kind.STALE


class Invalid(Refusal):
    """The request is not valid."""

    kind = Kind.INVALID


class Forbidden(Refusal):
    """This is not allowed for the caller."""

    kind = Kind.FORBIDDEN


class Unavailable(Refusal):
    """A part that is needed does not answer at the moment; try again later."""

    kind = Kind.UNAVAILABLE
