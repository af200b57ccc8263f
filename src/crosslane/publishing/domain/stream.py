"""Where a reader of the stream stands, and how it goes on from there."""

from collections.abc import Sequence

import msgspec

from crosslane.kernel import encode_cursor
from crosslane.publishing.errors import EventsUndone, UnknownCursor


class Head(msgspec.Struct, frozen=True):
    """How far events are told in an epoch of the log.

    Args:
        epoch: grows when what was told may be told otherwise, as after a restored backup.
        first_place: place of its first event.
        last_place: place of its last event so far.
    """

    epoch: int
    first_place: int
    last_place: int


class Position(msgspec.Struct, frozen=True):
    """What a reader has seen: every event of the epoch up to a place."""

    epoch: int
    place: int

    @property
    def cursor(self) -> str:
        """The same for others, who keep it and need not understand it."""
        return encode_cursor(self.epoch, self.place)


def begin(heads: Sequence[Head]) -> Position:
    """Return the position before the first event.

    Args:
        heads: of every epoch that has events, the oldest first.
    """
    return Position(heads[0].epoch, heads[0].first_place - 1) if heads else Position(0, 0)


def end(heads: Sequence[Head]) -> Position:
    """Return the position behind the last event."""
    return Position(heads[-1].epoch, heads[-1].last_place) if heads else Position(0, 0)


def go_on(heads: Sequence[Head], seen: Position) -> Position:
    """Return the position from which a reader goes on: it enters the next epoch after its own.

    Raises:
        UnknownCursor: the position is of no epoch, or beyond what the last one has told.
        EventsUndone: the reader has seen events of its epoch that a restored backup has lost.
    """
    if seen == Position(0, 0):
        return begin(heads)
    known = {head.epoch: head for head in heads}
    if seen.epoch not in known or seen.place < 0:
        raise UnknownCursor(pointer="/after")
    last_place = known[seen.epoch].last_place
    if seen.place < last_place:
        return seen
    later = [head for head in heads if head.epoch > seen.epoch]
    if seen.place > last_place:
        if not later:
            raise UnknownCursor(pointer="/after")
        again = Position(seen.epoch, last_place)
        lost = seen.place - last_place
        raise EventsUndone(pointer="/after", lost=lost, next_cursor=again.cursor)
    return go_on(heads, Position(later[0].epoch, later[0].first_place - 1)) if later else seen
