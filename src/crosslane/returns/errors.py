"""What returns refuse."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class NoSuchReturn(NotFound):
    """There is no return {named}, or not for this caller."""


class NoSuchReturnLine(NotFound):
    """There is no line {line} on this return."""


class NoSuchOrderLine(Invalid):
    """The order has no line {line} that could come back."""


class NotInState(Conflict):
    """The return {number} is {state}; {verb} needs it to be {needed}."""


class ReturnChanged(Conflict):
    """The return was changed meanwhile: it is at version {version} now."""


class ReturnHeldBack(Conflict):
    """The return {number} is held for a person: {reason}."""


class NotHeld(Conflict):
    """The return {number} is not held."""


class ReturnedAboveLeft(Conflict):
    """{quantity} units of {sku} are to come back, {left} can: {why}."""


class WindowOver(Conflict):
    """{sku} could come back until {until}."""


class FinalSale(Conflict):
    """{sku} was sold for good."""


class ItemStateRefused(Conflict):
    """{sku} is not taken back {item_state}."""


class WayRefused(Conflict):
    """{sku} does not come back by this way: {method}."""


class OtherMarket(Conflict):
    """{location} takes nothing back that was sold in {currency}: it belongs to another market."""


class NoReturnsHere(Conflict):
    """{location} takes nothing back."""


class BlindRefused(Conflict):
    """Nothing comes back without its order here."""


class BlindNotAllowed(Forbidden):
    """Without its order this takes a manager's reason: {why}."""


class ProofNeeded(Invalid):
    """Without its order a proof of purchase is needed."""


class PriceUnprovable(Conflict):
    """Nobody knows a price for {sku}: give the one of the proof."""


class TooManyGraded(Invalid):
    """{units} units of {sku} were graded, {left} wait for it."""


class NothingReceived(Invalid):
    """A receipt names at least one unit, or says that nothing more will come."""


class ReturnLocationForeign(Forbidden):
    """The caller may take back at its own location only, not at {location}."""


class RefundUnfit(Invalid):
    """The refund cannot go this way: {why}."""


class GivesOtherwise(Conflict):
    """This gives {minor} minor units by now, not {shown}: show it to the customer again."""


class NothingToExchange(Conflict):
    """No goods of an order come back by {number}: others cannot go out for it."""


class AlreadyExchanged(Conflict):
    """What {number} is exchanged for has gone out: it cannot be decided otherwise."""


class NoSuchCredit(NotFound):
    """There is no handling credit {credit_id}, or it gave nothing."""


class CreditTakenBack(Conflict):
    """The handling credit {credit_id} was taken back before."""


class TimeToCome(Invalid):
    """This lies in the future: what is told of has not happened yet."""


class ClaimUnfit(Invalid):
    """{wanted} does not fit: a claim is for money or a replacement, and only a claim is."""
