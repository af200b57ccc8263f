"""What finance refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class DayNotOver(Conflict):
    """The day {day} is not over in the channel {channel}."""


class DayDiffers(Conflict):
    """The books of {day} differ from the order book in {rows} places, by {minor} minor units."""


class EventsWaiting(Conflict):
    """{count} events have not been posted yet; look at the parked ones, or wait a moment."""


class CloseNotFound(NotFound):
    """There is no close {close_id}."""


class LocationOrChannel(Invalid):
    """A statement is of a location or of a channel: name one of the two."""


class UnknownAccountOfStatement(NotFound):
    """There is no account {account}."""
