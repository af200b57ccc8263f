"""What payments refuses."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class PaymentNotFound(NotFound):
    """There is no payment {payment_id}."""


class BadTenderAmount(Invalid):
    """A tender is between 1 and {most} minor units, not {minor}."""


class BadTender(Invalid):
    """A tender of {method} does not go with {reason}."""


class CardNumberRefused(Invalid):
    """The token looks like a card number; Crosslane takes tokens of the provider only."""


class UnknownProvider(Invalid):
    """There is no payment provider {provider}."""


class ProviderOff(Conflict):
    """The payment provider {provider} is switched off."""


class NoCreditAccount(Invalid):
    """This customer may not buy on account in {currency}."""


class CreditBlocked(Conflict):
    """The account of this customer is blocked."""


class CreditLimitReached(Conflict):
    """The account allows {free_minor} more minor units of {currency}, not {minor}."""


class CaptureAboveAuthorized(Conflict):
    """{minor} minor units cannot be captured; {free_minor} are authorized and not used."""


class RefundAboveCaptured(Conflict):
    """{minor} minor units cannot be refunded; {free_minor} are captured and not given back."""


class VoidAboveAuthorized(Conflict):
    """{minor} minor units cannot be released; {free_minor} are authorized and not used."""


class SettlementAboveDue(Conflict):
    """{minor} minor units cannot be settled; {free_minor} are due."""


class NotOnAccount(Conflict):
    """Only a payment on account is settled later."""


class PaymentUndecided(Conflict):
    """The provider has not answered yet whether this payment is authorized."""


class WrongCurrency(Invalid):
    """The payment is in {currency}."""


class BadProviderSettings(Invalid):
    """A provider needs a known adapter and an http or https address without a query."""


class CreditInUse(Conflict):
    """The account is in another currency and money is open in it."""


class NoSuchCredit(NotFound):
    """The customer {customer_id} has no credit account."""


class BadSignature(Forbidden):
    """The message is not signed by the provider, or it is older than five minutes."""


class BadProviderMessage(Invalid):
    """The provider's message cannot be read."""


class NoSuchStoredValue(NotFound):
    """There is no gift card or store credit of this code."""


class StoredValueNotFound(NotFound):
    """There is no gift card or store credit {account_id}."""


class SameStoredValue(Conflict):
    """Stored value is not moved to itself, and a customer has one store credit of a currency."""


class NothingToMove(Conflict):
    """This gift card or store credit holds nothing that may be moved."""


class StoredValueBlocked(Conflict):
    """This gift card or store credit is blocked."""


class StoredValueExpired(Conflict):
    """This gift card or store credit was valid until {expires_at}."""


class StoredValueOfAnother(Conflict):
    """This store credit belongs to somebody else."""


class StoredValueTooLow(Conflict):
    """This gift card or store credit has {free_minor} minor units of {currency}, not {minor}."""


class StoredValueTooHigh(Conflict):
    """A gift card holds at most {most} minor units, not {minor}."""


class CodeGiven(Conflict):
    """This gift card or store credit has a code already, which ends in {code_end}."""


class WrongStoredCurrency(Conflict):
    """This gift card or store credit is in {currency}."""


class RefundNotTurned(Conflict):
    """Money paid by {method} is not given back as {to}; {free_minor} minor units may be."""


class CashRefundTooHigh(Conflict):
    """One refund gives at most {most} minor units in cash here, not {minor}."""


class CashDayUsedUp(Conflict):
    """This store gives back {free_minor} more minor units in cash that day, not {minor}."""


class BadDestination(Invalid):
    """Money given back as {method} needs {missing}."""


# What a new tender is refused for.
TENDER_REFUSALS = (
    BadTenderAmount,
    BadTender,
    CardNumberRefused,
    UnknownProvider,
    ProviderOff,
    NoCreditAccount,
    CreditBlocked,
    CreditLimitReached,
    StoredValueNotFound,
    StoredValueBlocked,
    StoredValueExpired,
    StoredValueOfAnother,
    StoredValueTooLow,
    WrongStoredCurrency,
)

# What money that goes another way than it came is refused for.
DESTINATION_REFUSALS = (
    BadDestination,
    RefundNotTurned,
    CashRefundTooHigh,
    CashDayUsedUp,
    StoredValueNotFound,
    WrongStoredCurrency,
)
