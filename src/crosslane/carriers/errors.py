"""Every refusal of the carriers module."""

from crosslane.kernel import Conflict, Invalid, NotFound


class CarrierUnknown(NotFound):
    """There is no carrier {code}."""


class ServiceUnknown(NotFound):
    """There is no carrier service {service}."""


class LabelUnknown(NotFound):
    """There is no label {id}."""


class LabelNotPrinted(NotFound):
    """Label {id} has no document: it is {state}, or its document is past its retention."""


class BadCarrierCode(Invalid):
    """The code {code} must be 1 to 32 letters, digits, dots, dashes or underscores."""


class PortUnknown(Invalid):
    """There is no label port {port}; known are: {known}."""


class BadDistricts(Invalid):
    """The districts {districts} must be * or numbers and ranges such as 1-9,15."""


class ZoneUndefined(Invalid):
    """The zone {zone} is used but not defined."""


class DefinedTwice(Invalid):
    """{what} is defined twice."""


class ServiceTaken(Conflict):
    """The service {service} belongs to carrier {carrier}."""


class DayOutOfRange(Invalid):
    """The day must lie in the years {first} to {last}."""


class BracketsUnordered(Invalid):
    """Weight brackets must rise; {weight_grams} g comes after a heavier one."""


class AddressUnprintable(Invalid):
    """The label cannot show the {script} characters of {field}; give them in Latin letters."""


class LabelTextTooLong(Invalid):
    """The {field} has more text than a label can hold; shorten it."""


class ParcelTooHeavy(Invalid):
    """A parcel of {weight_grams} g is over the {weight_max_grams} g that {service} carries."""


class BadTrackingNumber(Invalid):
    """The tracking number {number} is not valid; check for a mistyped character."""


class BadTrackingMessage(Invalid):
    """The tracking message of {carrier} cannot be read: {reason}."""
