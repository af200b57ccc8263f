"""What has happened to labels and to the parcels that carry them."""

from datetime import datetime
from uuid import UUID

from crosslane.carriers.domain.shipment import TrackingStatus
from crosslane.platform.log import Event


class LabelEvent(Event):
    """Something that happened to one label; ``parcel_id`` is the parcel of who asked for it."""

    label_id: UUID
    parcel_id: UUID

    @property
    def subject(self) -> str:
        """The label."""
        return f"label:{self.label_id}"


class LabelCreated(LabelEvent):
    """The carrier has numbered the parcel; its label can be printed."""

    carrier: str
    service: str
    tracking_number: str


class LabelFailed(LabelEvent):
    """The label was given up; a person has to look at its reason and ask again."""


class LabelVoided(LabelEvent):
    """The label was given back unused."""


class LabelVoidFailed(LabelEvent):
    """The carrier would not take the label back: it stays valid."""


class TrackingRecorded(LabelEvent):
    """The carrier reports something about the parcel; reports may come late and in any order."""

    status: TrackingStatus
    occurred_at: datetime
