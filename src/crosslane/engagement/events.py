"""What happens to messages."""

from uuid import UUID

from crosslane.platform.log import Event


class MessageEvent(Event):
    """Something that happened to one message about an order."""

    message_id: UUID
    order_id: UUID
    topic: str

    @property
    def subject(self) -> str:
        """The message."""
        return f"message:{self.message_id}"


class MessageSent(MessageEvent):
    """A mail server took the message over."""


class MessageFailed(MessageEvent):
    """The message was given up; a person may send it again."""
