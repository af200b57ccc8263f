"""What publishing refuses."""

from crosslane.kernel import Conflict, Gone, Invalid, NotFound, Unavailable


class NoSuchSubscription(NotFound):
    """There is no webhook subscription {id}."""


class NoSuchDelivery(NotFound):
    """The subscription has no delivery {id}."""


class NoSuchSchema(NotFound):
    """There is no schema {name}."""


class UnknownEventKind(Invalid):
    """No public event is called {kind}."""


class BadAddress(Invalid):
    """A webhook goes to an http or https address without a user name in it."""


class TooManySubscriptions(Conflict):
    """There are {most} webhook subscriptions already; remove one first."""


class NotActive(Conflict):
    """The subscription is {state}; make it active first."""


class StillWaiting(Conflict):
    """The delivery has not ended yet."""


class BacklogFull(Conflict):
    """{waiting} deliveries wait already; ask again when they are done."""


class NotAPeriod(Invalid):
    """The time it ends must be after the time it begins."""


class UnknownCursor(Conflict):
    """The cursor is not of this stream as it is now; begin anew, or at the oldest event kept."""


class EventsForgotten(Gone):
    """Events after the cursor are not kept any more; go on after {next_cursor}, at {since}."""


class EventsUndone(Gone):
    """A backup was restored: {lost} events you have read are undone; go on after {next_cursor}."""


class TooManyWaiting(Unavailable):
    """So many requests wait for events already; ask without waiting."""
