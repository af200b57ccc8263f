"""The refusals of transfers. What has left or arrived is a fact and never refused."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class NoSuchTransfer(NotFound):
    """There is no transfer {named}."""


class SameLocation(Invalid):
    """A transfer goes from one location to another."""


class NotOurStock(Invalid):
    """{code} is a vendor: its goods are ordered and returned, not transferred."""


class LocationClosedDown(Conflict):
    """{code} is closed down: nothing is sent from or to it."""


class ForeignTransfer(Forbidden):
    """Only people of {location} may say that."""


class RateNeeded(Conflict):
    """Books in {currency} and {book_currency}: set a rate of exchange between them first."""


class NothingToSend(Conflict):
    """Nothing of this transfer is still to be sent."""


class NothingOnItsWay(Conflict):
    """Nothing of this transfer is on its way; name what has arrived."""


class NothingToClose(Conflict):
    """The transfer is {state}: there is no difference to write off."""
