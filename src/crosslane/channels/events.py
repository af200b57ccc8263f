"""What happens to messages of channels."""

from uuid import UUID

from crosslane.platform.log import Event


class MessageEvent(Event):
    """Something that happened to one message.

    What is said of one order, sale or feed has one subject, so that it is handled in the order in
    which it came in.
    """

    message_id: UUID
    channel: str
    source_id: str

    @property
    def subject(self) -> str:
        """What the message speaks of, by its channel's own number."""
        return f"source:{self.channel}/{self.source_id}"


class MessageReceived(MessageEvent):
    """A message is to be applied: new, or tried again."""


class MessageQuarantined(MessageEvent):
    """A message cannot be applied until somebody mends something.

    Args:
        code: reason, as in the list of messages.
    """

    code: str


class UnknownArticleSold(MessageEvent):
    """A till sold articles nobody had told of; they are in the catalog now, not on sale.

    Args:
        skus: which.
    """

    skus: list[str]


class MessageNotTold(Event):
    """A channel was not told something: it refused it, or has failed for long.

    Args:
        outgoing_id: what was to be told.
        message_kind: of the message.
        code: reason, as in the list of what channels are told.
    """

    outgoing_id: UUID
    channel: str
    message_kind: str
    code: str

    @property
    def subject(self) -> str:
        """The message."""
        return f"outgoing:{self.outgoing_id}"
