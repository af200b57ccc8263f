"""All SQL of payments.

Arrays come by way of "select": without knowing how long they are, PostgreSQL plans once and not
each time.
"""

from crosslane.payments.storage.accounts import (
    PERSONAL_COLUMNS,
    CashKey,
    NewAccount,
    delete_wrong,
    find_codes,
    forget_owners,
    insert_accounts,
    list_accounts,
    list_entries,
    list_of_customers,
    lock_accounts,
    lock_cash_days,
    lock_expired,
    lock_wrong,
    open_credits,
    save_cash_days,
    save_code,
    save_owner,
    save_wrong,
    write_accounts,
)
from crosslane.payments.storage.messages import delete_messages, insert_messages, list_unseen
from crosslane.payments.storage.payouts import Payout, insert_payouts, lock_payouts
from crosslane.payments.storage.settings import (
    list_credits,
    list_providers,
    lock_credits,
    upsert_credits,
    upsert_provider,
)
from crosslane.payments.storage.sums import MovedSum, sum_moved
from crosslane.payments.storage.tenders import (
    Errand,
    list_by_cause,
    list_errands,
    list_of_payments,
    list_operations,
    list_problems,
    list_tenders,
    lock_operations,
    lock_tenders,
)
from crosslane.payments.storage.writing import Changes, Movement, write

__all__ = [
    "PERSONAL_COLUMNS",
    "CashKey",
    "Changes",
    "Errand",
    "MovedSum",
    "Movement",
    "NewAccount",
    "Payout",
    "delete_messages",
    "delete_wrong",
    "find_codes",
    "forget_owners",
    "insert_accounts",
    "insert_messages",
    "insert_payouts",
    "list_accounts",
    "list_by_cause",
    "list_credits",
    "list_entries",
    "list_errands",
    "list_of_customers",
    "list_of_payments",
    "list_operations",
    "list_problems",
    "list_providers",
    "list_tenders",
    "list_unseen",
    "lock_accounts",
    "lock_cash_days",
    "lock_credits",
    "lock_expired",
    "lock_operations",
    "lock_payouts",
    "lock_tenders",
    "lock_wrong",
    "open_credits",
    "save_cash_days",
    "save_code",
    "save_owner",
    "save_wrong",
    "sum_moved",
    "upsert_credits",
    "upsert_provider",
    "write",
    "write_accounts",
]
