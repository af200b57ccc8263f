"""Events: facts in the past tense, with identifiers only and no personal data."""

from datetime import datetime
from functools import cache
from typing import Generic, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has happened to one subject. Subclasses live in a module's ``events.py``.

    A field must not be called ``kind`` or ``subject``: those are the event's own.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        taken = {"kind", "subject"} & cls.__annotations__.keys()
        if taken:
            raise TypeError(f"{cls.__name__} must call its field {taken.pop()} otherwise")

    @property
    def subject(self) -> str:
        """What it happened to, such as ``order:018f...``; its events are handled in order."""
        raise LookupError(f"{type(self).__name__} does not name its subject")

    @classmethod
    def kind(cls) -> str:
        """The name in the log: ``<module>.<ClassName>``."""
        return _kind(cls)


@cache
def _kind(event: type[Event]) -> str:
    # Told of every event that is recorded or read, so it is put together once.
    module = event.__module__.removeprefix("crosslane.").partition(".")[0]
    return f"{module}.{event.__name__}"


E = TypeVar("E", bound=Event)


class Logged(msgspec.Struct, Generic[E], frozen=True):
    """An event as the log holds it.

    Args:
        id: number of the log row.
        subject: what it happened to.
        subject_no: 1 for the subject's first event, then +1 each.
        at: when it was recorded.
        actor: who did it, as ``kind:id``.
        trace: trace id of the request it came from.
        event: the fact itself.
        position: epoch and transaction in which it was recorded.
        kind: its name in the log.
    """

    id: int
    subject: str
    subject_no: int
    at: datetime
    actor: str
    trace: str
    event: E
    position: tuple[int, int]
    kind: str
