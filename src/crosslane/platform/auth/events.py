"""What has happened at the door."""

from uuid import UUID

from crosslane.platform.log import Event


class PersonInvited(Event):
    """Somebody was invited, and is to be sent the link."""

    invitation_id: UUID

    @property
    def subject(self) -> str:
        """The invitation."""
        return f"invitation:{self.invitation_id}"
