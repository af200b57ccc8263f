"""Use cases of payments."""

from crosslane.payments.service.calls import CALL, Receipt, Received, receive, tidy
from crosslane.payments.service.settings import (
    ProviderView,
    PutCredit,
    PutProvider,
    credit_account,
    list_providers,
    put_credits,
    put_provider,
)
from crosslane.payments.service.tenders import (
    Asked,
    MoneyRequest,
    Opened,
    OrderMoney,
    TenderMoney,
    TenderSheet,
    abandon,
    capture,
    do_to_payment,
    money_by_order,
    open_tenders,
    refund,
    tender_sheet,
    void,
)
from crosslane.payments.service.waiting import wait_until_decided

__all__ = [
    "CALL",
    "Asked",
    "MoneyRequest",
    "Opened",
    "OrderMoney",
    "ProviderView",
    "PutCredit",
    "PutProvider",
    "Receipt",
    "Received",
    "TenderMoney",
    "TenderSheet",
    "abandon",
    "capture",
    "credit_account",
    "do_to_payment",
    "list_providers",
    "money_by_order",
    "open_tenders",
    "put_credits",
    "put_provider",
    "receive",
    "refund",
    "tender_sheet",
    "tidy",
    "void",
    "wait_until_decided",
]
