"""What fulfillment refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class NoSuchFulfillmentOrder(NotFound):
    """There is no fulfillment order {id} at this location."""


class SuppliedByVendor(Conflict):
    """The fulfillment order {id} is a vendor's purchase order: the vendor's messages move it."""


class NoSuchFulfillmentLine(NotFound):
    """There is no line {line} on this fulfillment order."""


class NotInState(Conflict):
    """The fulfillment order is {state}; {verb} needs it to be {needed}."""


class TooManyPicked(Invalid):
    """{units} units of {sku} were reported, {left} are left to pick."""


class TooManyPacked(Invalid):
    """{units} units of {sku} are to be packed, {left} were picked and are not packed yet."""


class NothingInTransit(Conflict):
    """None of these parcels is on its way to the store."""


class NothingPicked(Conflict):
    """Nothing of this fulfillment order is picked and waits to be packed."""


class WrongPickupCode(Invalid):
    """This is not the pickup code of the order."""


class ProofMissing(Invalid):
    """Goods are handed out for the pickup code or a signature, and neither was given."""


class NothingPacked(Conflict):
    """Nothing of this fulfillment order is packed and could be given to a carrier."""


class HeldBack(Conflict):
    """A stop holds the order back: its goods may not be handed out now."""
