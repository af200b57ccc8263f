"""What carts refuse."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class NoSuchCart(NotFound):
    """There is no such cart."""


class CartPlaced(Conflict):
    """The cart has become an order; nothing can be changed in it any more."""


class OperationReused(Conflict):
    """The operation {operation} was sent before with other content."""


class TooManyOperations(Conflict):
    """A cart takes at most {most} operations."""


class NotOnSale(Invalid):
    """{sku} is not on sale."""


class ChannelClosed(Conflict):
    """Channel {channel} takes no new carts."""


class BuyerKnown(Forbidden):
    """The cart belongs to a customer, who buys; nobody else can be named."""


class EmptyCart(Invalid):
    """There is nothing in the cart."""


class CartChanged(Conflict):
    """The cart is at version {version} now; look again before placing it."""


class StoreMissing(Invalid):
    """{method} of {sku} needs the store at which the customer gets it."""


class NotEnoughToHold(Conflict):
    """{available} of {quantity} units of {sku} can be kept."""


class PlaceMissing(Invalid):
    """Say where the customer is, by country and postcode; the cart has no address yet."""
