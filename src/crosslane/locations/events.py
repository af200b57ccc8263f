"""What has happened to locations."""

from datetime import datetime
from uuid import UUID

from crosslane.platform.log import Event


class LocationEvent(Event):
    """Something that happened to one location."""

    location_id: UUID

    @property
    def subject(self) -> str:
        """The location."""
        return f"location:{self.location_id}"


class LocationAdded(LocationEvent):
    """A new location is known."""


class LocationEdited(LocationEvent):
    """A location's description, hours, abilities or capacity have changed."""


class LocationClosed(LocationEvent):
    """A location is closed for a while: what is planned there has to be looked at again."""

    since: datetime
    until: datetime | None


class LocationReopened(LocationEvent):
    """The closure of a location was lifted."""
