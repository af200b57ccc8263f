"""The refusals of inventory. Facts are never refused; these answer wishes and malformed reports."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class OutOfStock(Conflict):
    """{available} units are available here, {quantity} were asked for."""


class GroupRefused(Conflict):
    """Nothing was taken, because another line of the same request was refused."""


class NotAllocated(Conflict):
    """{allocated} units are allocated to this demand here, {quantity} were named."""


class HoldNotFound(NotFound):
    """There is no hold {hold_id}."""


class StaleFence(Conflict):
    """The hold has moved on to fence {fence}; the number given is of an older state."""


class HoldEnded(Conflict):
    """The hold is {state}; nothing of it is left."""


class HoldExpired(Conflict):
    """The hold has expired and its stock is gone: {available} units are available now."""


class HoldTooSmall(Conflict):
    """{held} units are left in the hold, {quantity} were asked for."""


class ExpiryInPast(Invalid):
    """A hold must expire later than the present minute."""


class ExpiryTooFar(Invalid):
    """A hold lasts at most {hours} hours."""


class PositionNotFound(NotFound):
    """There is no stock position {position_id}."""


class NothingChanges(Invalid):
    """An adjustment must change the quantity by at least one unit."""


class MessageReused(Conflict):
    """The message {message} of this source was already received with other content."""


class MessageNotFound(NotFound):
    """The source {source} has sent no message {message}."""


class TimeInFuture(Invalid):
    """The time {at} lies more than {minutes} minutes in the future."""


class RowRepeated(Invalid):
    """The SKU {sku} stands twice in one message; a snapshot can say only one number."""


class IncomingNotFound(NotFound):
    """Nothing is on its way by the reference {reference}."""


class OnATransfer(Conflict):
    """These units come on the transfer {reference}; report and receive them there."""


class ForeignLocation(Forbidden):
    """The stock at {location} is not yours to change."""


class BundleHasNoStock(Invalid):
    """{sku} is a bundle: name the parts that lie on the shelf."""


class SameCondition(Invalid):
    """The units are {condition} already; name another condition."""


class BadBin(Invalid):
    """{code} is no code of a bin: letters, digits, blanks and ._/- at most {most} in all."""


class TooManyBins(Invalid):
    """An article lies in at most {most} bins at a location."""
