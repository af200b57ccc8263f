"""What customers refuses. No message or detail repeats what a person gave: refusals are stored."""

from crosslane.kernel import Conflict, Invalid, NotFound
from crosslane.organization import BadCountry


class BadEmail(Invalid):
    """This is not an e-mail address that can receive messages."""


class BadPhone(Invalid):
    """This is not a telephone number; write it with + and the code of its country."""


class BadAccountNumber(Invalid):
    """An account number is 1 to 40 letters, digits, dots, dashes, slashes and underscores."""


class BadChannelIdentity(Invalid):
    """An identifier of a channel is 1 to 100 printable characters."""


class NameMissing(Invalid):
    """A name of a person or an organization is needed."""


class AddressIncomplete(Invalid):
    """An address in {country} needs its {field}."""


class AddressTextInvalid(Invalid):
    """The {field} has characters that cannot be printed, or more than {most} of them."""


class TooManyAddressLines(Invalid):
    """An address has at most {most} lines besides name, town and postcode."""


class BadPostcode(Invalid):
    """This is not a postcode of {country}, which looks like {example}."""


class PostcodeElsewhere(Invalid):
    """This postcode does not belong to the region {region} of {country}."""


class UnknownRegion(Invalid):
    """This is not a {kind} of {country}."""


class IdentityMissing(Invalid):
    """Say who it is: an account number, an e-mail address, a telephone number or a name."""


class RowInvalid(Invalid):
    """The row is not a customer: {reason}."""


class OtherKindOfCustomer(Conflict):
    """The customer is known as one of the other kind: a person stays one, an organization too."""


class IdentityTaken(Conflict):
    """This {kind} belongs to another customer; merge the two if they are one."""


class LastIdentity(Conflict):
    """A trade account cannot lose its account number."""


class UnknownCustomer(NotFound):
    """There is no such customer."""


class CustomerErased(Conflict):
    """This customer was erased."""


class MergeWithItself(Invalid):
    """A customer cannot be merged with itself."""


class UnknownIdentity(NotFound):
    """The customer has no such identity."""


class UnknownAddress(NotFound):
    """The customer has no such address."""


class TooManyOfCustomer(Conflict):
    """A customer has at most {most} {things}."""


class BadPurpose(Invalid):
    """{purpose} is not a purpose of consent: small letters, digits and dashes, at most 40."""


class PaymentTermsOutOfRange(Invalid):
    """Payment terms are 0 to {most} days, not {days}."""


# What an address is refused for, and what is said of who somebody is.
ADDRESS_REFUSALS = (
    BadCountry,
    AddressTextInvalid,
    TooManyAddressLines,
    NameMissing,
    AddressIncomplete,
    UnknownRegion,
    BadPostcode,
    PostcodeElsewhere,
    BadPhone,
    BadEmail,
)
IDENTITY_REFUSALS = (IdentityMissing, BadAccountNumber, BadEmail, BadPhone)
