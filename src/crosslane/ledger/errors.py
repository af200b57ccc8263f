"""What the ledger refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class UnbalancedEntry(Invalid):
    """The postings in {currency} sum to {minor} minor units; an entry sums to zero."""


class EmptyEntry(Invalid):
    """An entry needs at least two postings and at most {most}."""


class BadPostingAmount(Invalid):
    """A posting moves between 1 and {most} minor units, not {minor}."""


class UnknownAccount(Invalid):
    """The chart has no account {account}."""


class ClosedAccount(Conflict):
    """The account {account} is closed for postings."""


class RateMissing(Conflict):
    """No exchange rate from {currency} to {book_currency} is known for {day}."""


class RateFixed(Conflict):
    """The rate from {currency} to {book_currency} of {day} has been set and stays so."""


class BadRate(Invalid):
    """A rate is a positive number with at most nine decimals, not {rate}."""


class RateToItself(Invalid):
    """The {currency} is always worth one {currency}; rates are between two currencies."""


class EntryNotFound(NotFound):
    """There is no entry {entry_id}."""


class AccountKindFixed(Conflict):
    """The account {account} has been made as {kind} and stays so."""


class AccountNumberTaken(Conflict):
    """Another account has the number {number}."""


class BadPeriod(Invalid):
    """The period ends before it begins."""


class BadGrouping(Invalid):
    """Balances are grouped by {known}, not by {unknown}."""
