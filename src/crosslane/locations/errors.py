"""Every refusal of the locations module."""

from crosslane.kernel import Conflict, Invalid, NotFound


class LocationUnknown(NotFound):
    """There is no location {code}."""


class LocationExists(Conflict):
    """There is already a location {code}."""


class RowInvalid(Invalid):
    """The row is not a location: {reason}."""


class LocationCodeFixed(Invalid):
    """The code of a location never changes: it is {code}."""


class BadLocationCode(Invalid):
    """The code {code} must be 1 to 32 capital letters, digits, dots, dashes or underscores."""


class BadHours(Invalid):
    """The hours {hours} must be HH:MM-HH:MM spans in order, not overlapping, at most 24:00."""


class BadTime(Invalid):
    """The time {time} must be HH:MM."""


class PositionIncomplete(Invalid):
    """Give lat and lon together, and easting and northing together with them."""


class PositionMissing(Invalid):
    """The postcode {postcode} has no known position; give lat and lon."""


class ClosureInvalid(Invalid):
    """A closure must end after it begins."""


class TimeOutOfRange(Invalid):
    """The time must lie in the years {first} to {last}."""


class NearestUnclear(Invalid):
    """Say where: give either a country and postcode or lat and lon."""


class PostcodeUnknown(NotFound):
    """The position of postcode {postcode} in {country} is not known; search by lat and lon."""


class DayRangeInvalid(Invalid):
    """Give a first and a last day, at most {most} days apart."""


class CapacityFull(Conflict):
    """Location {location_id} has no room for {parcels} more parcels on {day}."""
