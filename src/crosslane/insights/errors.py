"""What insights refuse."""

from crosslane.kernel import Conflict, NotFound


class TooManyViews(Conflict):
    """You have {most} saved views; delete one first."""


class NoSuchView(NotFound):
    """There is no saved view {view} of yours."""
