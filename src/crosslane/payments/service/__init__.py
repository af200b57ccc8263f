"""Use cases of payments."""

from crosslane.payments.service.asking import (
    Asked,
    MoneyRequest,
    abandon,
    ask_again,
    capture,
    do_to_payment,
    void,
)
from crosslane.payments.service.calls import CALL
from crosslane.payments.service.disputes import Disputed, dispute_order
from crosslane.payments.service.messages import Receipt, Received, receive, tidy
from crosslane.payments.service.payouts import PaidOutMoney, PayOut, pay_out
from crosslane.payments.service.reading import (
    CashLeft,
    GivenBack,
    Means,
    OrderMoney,
    TenderMoney,
    cash_left,
    given_back,
    list_problems,
    lock_money,
    means_of_orders,
    money_by_order,
    payment_history,
)
from crosslane.payments.service.refunding import Planned, quote_refunds, refund
from crosslane.payments.service.settings import (
    CreditsImported,
    ImportCredits,
    ProviderView,
    PutCredit,
    PutProvider,
    credit_account,
    import_credits,
    list_providers,
    put_credits,
    put_provider,
)
from crosslane.payments.service.tenders import Opened, TenderSheet, open_tenders, tender_sheet
from crosslane.payments.service.waiting import wait_until_decided

__all__ = [
    "CALL",
    "Asked",
    "CashLeft",
    "CreditsImported",
    "Disputed",
    "GivenBack",
    "ImportCredits",
    "Means",
    "MoneyRequest",
    "Opened",
    "OrderMoney",
    "PaidOutMoney",
    "PayOut",
    "Planned",
    "ProviderView",
    "PutCredit",
    "PutProvider",
    "Receipt",
    "Received",
    "TenderMoney",
    "TenderSheet",
    "abandon",
    "ask_again",
    "capture",
    "cash_left",
    "credit_account",
    "dispute_order",
    "do_to_payment",
    "given_back",
    "import_credits",
    "list_problems",
    "list_providers",
    "lock_money",
    "means_of_orders",
    "money_by_order",
    "open_tenders",
    "pay_out",
    "payment_history",
    "put_credits",
    "put_provider",
    "quote_refunds",
    "receive",
    "refund",
    "tender_sheet",
    "tidy",
    "void",
    "wait_until_decided",
]
