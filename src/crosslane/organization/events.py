"""What has happened in the organization."""

from uuid import UUID

from crosslane.platform.log import Event


class PolicyChanged(Event):
    """A policy has a new version: what depends on it may look different from ``valid_from`` on."""

    version_id: UUID
    policy: str
    scope_type: str
    scope_code: str

    @property
    def subject(self) -> str:
        """The policy kind; its changes are handled in order."""
        return f"policy:{self.policy}"
