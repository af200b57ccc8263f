"""What orders refuse."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class NoSuchOrder(NotFound):
    """There is no order {order}."""


class NoSuchLine(NotFound):
    """There is no line {line} on this order."""


class NoSuchStop(NotFound):
    """There is no open stop {stop} on this order."""


class SkuNotOnSale(Invalid):
    """There is no article {sku} on sale."""


class MethodRefused(Invalid):
    """{sku} cannot be bought by {method}; allowed are {allowed}."""


class StoreNeeded(Invalid):
    """{method} needs the store at which the customer gets the goods."""


class StoreUnfit(Invalid):
    """{location} does not offer {method}."""


class AddressNeeded(Invalid):
    """Goods that are shipped need an address to be shipped to."""


class NotTakenAlong(Invalid):
    """What is taken along at once ({sku}) is a sale of its own, not part of an amendment."""


class NotEnoughStock(Conflict):
    """{available} of {quantity} units of {sku} can be promised."""


class SourceIdTaken(Conflict):
    """{channel} has sent order {source_id} before; it is {order} here."""


class OutOfStep(Conflict):
    """{quantity} units of {sku} are not {stage} any more."""


class NothingToCancel(Conflict):
    """{quantity} units of {sku} cannot be cancelled, {left} are left before hand-over."""


class OrderClosed(Conflict):
    """The order is closed; nothing can be changed on it any more."""


class OrderChanged(Conflict):
    """The order was changed meanwhile: it is at version {version} now. Look again."""


class OrderStopped(Conflict):
    """A stop holds the order back: its goods may not leave now."""


class StopNotYours(Forbidden):
    """Resolving a {kind} stop needs the permission {permission}."""


class TendersDiffer(Invalid):
    """The tenders add up to {tendered} {currency}, the order to {total}."""


class PaidAtTheTill(Invalid):
    """Goods that are taken along are paid at the till; {provider} would answer too late."""


class BackdatingForbidden(Forbidden):
    """Only a channel import may say when an order was placed."""


class AddressFixed(Conflict):
    """The address cannot be changed: {reason}."""


class NothingToResource(Conflict):
    """All that is left of the order is worked on by its locations or gone."""


class NoOtherStock(Conflict):
    """No plan serves {sku} as well as the one there is; the order stays as it was."""


class NotReleasedThere(Conflict):
    """{location} has no work of this order that nobody has begun."""


class PickedAlready(Conflict):
    """{picked} units of {sku} are picked at {location} already; {left} are left to take back."""


class VendorWorks(Conflict):
    """{location} is a vendor: what it was sent as an order can be cancelled, not taken back."""


class NoMoneyProblem(Conflict):
    """No capture or refund of this order was refused or is unknown."""


class NoSuchReoptimisation(NotFound):
    """There is no reoptimisation {id}."""


class ReturnedAboveHandedOver(Conflict):
    """{quantity} units of {sku} cannot come back, {left} are left with the customer."""


class GivenBackAboveCharged(Conflict):
    """{minor} minor units of {kind} cannot be given back, {left} are left of it."""


class NoAppeasementBudget(Forbidden):
    """The policy gives {role} nothing to give away as goodwill."""


class AppeasementAboveBudget(Forbidden):
    """{minor} minor units of goodwill are more than the {left} left for {of}."""


class NotReturning(Conflict):
    """{quantity} units go out for {sku}, of which {left} come back."""


class FeeAboveCredit(Conflict):
    """Charges of {minor} minor units are more than the credit of {credit}."""


# What a credit is refused for.
CREDIT_REFUSALS = (
    NoSuchOrder,
    NoSuchLine,
    ReturnedAboveHandedOver,
    GivenBackAboveCharged,
    FeeAboveCredit,
)

# What an exchange is refused for besides what the wished lines and tenders are refused for.
EXCHANGE_REFUSALS = (*CREDIT_REFUSALS, NotReturning, NotTakenAlong, AddressNeeded, AddressFixed)
