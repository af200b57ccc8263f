"""What organization refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class BadCode(Invalid):
    """The code {code} is not valid: letters, digits, dot, dash and underscore, at most 40."""


class BadCountry(Invalid):
    """{country} is not an ISO 3166 country code such as GB."""


class BadCurrency(Invalid):
    """{currency} is not an ISO 4217 currency code such as GBP."""


class BadLocale(Invalid):
    """{locale} is not a known locale such as en-GB."""


class BadTimezone(Invalid):
    """{timezone} is not a known time zone such as Europe/London."""


class BadVatNumber(Invalid):
    """{number} is not a valid VAT number of {country}."""


class BadInvoiceSeries(Invalid):
    """The invoice prefix {prefix} is not valid: capitals, digits, dash and slash, at most 12."""


class UnknownEntity(NotFound):
    """There is no legal entity with the code {code}."""


class UnknownBrand(NotFound):
    """There is no brand with the code {code}."""


class UnknownMarket(NotFound):
    """There is no market with the code {code}."""


class UnknownChannel(NotFound):
    """There is no channel with the code {code}."""


class UnknownStaffMember(NotFound):
    """There is no member of staff with the number {code}."""


class AccountTaken(Conflict):
    """The sign-in account belongs to the member of staff {code}."""


class UnknownInvoiceSeries(NotFound):
    """The legal entity has no series of {kind} documents."""


class InvoiceSeriesInUse(Conflict):
    """Numbers of the {kind} series were already given out; its prefix cannot change any more."""


class BookCurrencyFixed(Conflict):
    """The book currency of {code} cannot change: its books are kept in {currency}."""


class ChannelFixed(Conflict):
    """The {field} of channel {code} cannot change: its orders name it. Open a new channel."""


class MarketFixed(Conflict):
    """The {field} of market {code} cannot change: its prices are set in it. Open a new market."""


class LocaleMissing(Invalid):
    """A market needs at least one locale."""


class MethodNotOffered(Invalid):
    """The default method {method} is not one of the channel's methods."""


class LocaleNotOfMarket(Invalid):
    """The locale {locale} is not one of market {market}."""


class UnknownPolicyKind(NotFound):
    """There is no policy kind {name}."""


class BadPolicyValue(Invalid):
    """The value does not fit the policy kind {name}: {reason}."""


class ScopeNotAllowed(Invalid):
    """A {name} policy cannot be set for a {type}; it may be set for {allowed}."""


class UnknownPolicyScope(NotFound):
    """There is no {type} with the code {code}."""


class UnknownPolicyVersion(NotFound):
    """There is no such version of a policy."""


class PolicySuperseded(Conflict):
    """A later version is in force in its place; undo that one first."""


class PolicyMoved(Conflict):
    """Somebody else has changed this in the meantime; look at what holds now and decide again."""


class ReasonMissing(Invalid):
    """Say why: a reason is needed."""
