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
}
BANK = "bank"


class MovedMoney(msgspec.Struct, frozen=True):
    """Money of one tender that moved.

    Args:
        payment_id: the tender.
        method: card, on_account, cash or marketplace.
        deed: capture, refund or settle.
        minor: minor units.
        location_id: store whose till took it, None elsewhere.
    """

    payment_id: UUID
    method: str
    deed: str
    minor: int
    currency: str
    location_id: UUID | None


def money_entry(cause: Cause, seller: Seller, money: MovedMoney) -> Entry | None:
    """Return what money that moved does to the books."""
    account = TENDER_ACCOUNTS[money.method]
    debit, credit = {
        "capture": (account, CLEARING),
        "refund": (CLEARING, account),
        "settle": (BANK, account),
    }[money.deed]
    postings = [
        posting(
            seller,
            name,
            money.currency,
            minor,
            line_id=money.payment_id,
            location_id=money.location_id if name == account else None,
        )
        for name, minor in ((debit, money.minor), (credit, -money.minor))
    ]
    return entry_of(cause, seller.timezone, postings)
