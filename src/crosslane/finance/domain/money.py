"""What money that moves does to the books.

Money that is taken debits where it lies and credits ``clearing``, which a sale debits. So the
clearing account of an order ends at zero when it is paid and handed over, and shows prepaid orders
as a liability until then.
"""

from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import CLEARING, Cause, Seller, entry_of, posting
from crosslane.ledger import Entry

TENDER_ACCOUNTS = {
    "card": "receivable_card",
    "on_account": "receivable_on_account",
    "cash": "cash",
    "marketplace": "receivable_marketplace",
    "stored_value": "stored_value",
}
# Where money lies, by the way it came or went; stored value that is given away is no tender.
METHOD_ACCOUNTS = TENDER_ACCOUNTS | {"goodwill": "appeasements"}
BANK = "bank"
STORED_VALUE = TENDER_ACCOUNTS["stored_value"]
BREAKAGE = "breakage"
UNCLAIMED = "unclaimed_property"
CHARGEBACKS = "chargebacks"
MONEY_ACCOUNTS = frozenset(
    {CLEARING, BANK, BREAKAGE, UNCLAIMED, CHARGEBACKS, *TENDER_ACCOUNTS.values()}
)


class MovedMoney(msgspec.Struct, frozen=True):
    """Money that moved.

    Args:
        line_id: the tender, payout, gift card or store credit.
        method: card, on_account, cash, marketplace, stored_value or goodwill: the way it came or
            went.
        deed: capture, refund, settle, issue, income, escheat, chargeback or chargeback_won.
        minor: minor units.
        location_id: store whose till took or gave it, None elsewhere.
        till_id: legal entity of that store, whose cash it is; the seller where None.
        issuer_id: legal entity that owes what is on a gift card or store credit.
    """

    line_id: UUID
    method: str
    deed: str
    minor: int
    currency: str
    location_id: UUID | None
    till_id: UUID | None = None
    issuer_id: UUID | None = None


def accounts_of(deed: str, method: str) -> tuple[str, str]:
    """Return the accounts that money of a way of paying debits and credits when it moves."""
    account = METHOD_ACCOUNTS[method]
    return {
        "capture": (account, CLEARING),
        "refund": (CLEARING, account),
        "settle": (BANK, account),
        "issue": (account, STORED_VALUE),
        "income": (STORED_VALUE, BREAKAGE),
        "escheat": (STORED_VALUE, UNCLAIMED),
        "chargeback": (CHARGEBACKS, account),
        "chargeback_won": (account, CHARGEBACKS),
    }[deed]


def money_entry(cause: Cause, seller: Seller, money: MovedMoney) -> Entry | None:
    """Return what money that moved does to the books.

    Cash is the till's, stored value its issuer's, everything else the seller's; the ledger adds
    what they owe each other.
    """
    debit, credit = accounts_of(money.deed, money.method)
    holders = {"cash": money.till_id, STORED_VALUE: money.issuer_id}
    postings = [
        posting(
            seller,
            name,
            money.currency,
            minor,
            entity_id=holders.get(name),
            line_id=money.line_id,
            location_id=money.location_id if name == METHOD_ACCOUNTS[money.method] else None,
        )
        for name, minor in ((debit, money.minor), (credit, -money.minor))
    ]
    return entry_of(cause, seller.timezone, postings)


def transfer_entry(
    cause: Cause, giver: Seller, taker: Seller, account_id: UUID, currency: str, minor: int
) -> Entry | None:
    """Return what stored value that moved to another account does to the books.

    Args:
        cause: the event.
        giver: who owed it, by its channel; entity_id is the issuer.
        taker: who owes it now, likewise.
        account_id: the account it came from.
        currency: ISO 4217.
        minor: minor units.
    """
    postings = [
        posting(seller, STORED_VALUE, currency, signed, line_id=account_id)
        for seller, signed in ((giver, minor), (taker, -minor))
    ]
    return entry_of(cause, giver.timezone, postings)
