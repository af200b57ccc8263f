"""Ways in which engagement says no."""

from crosslane.kernel import Conflict, NotFound


class NoSuchMessage(NotFound):
    """There is no message {message}."""


class MessageUnderWay(Conflict):
    """This message is still on its way; wait until it is sent or has failed."""
