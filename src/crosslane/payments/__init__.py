"""How orders are paid: tenders, what is asked of them, and what became of it.

Nouns: :class:`Tender` (one way of paying a part of an order, by a :class:`Method` and on
:class:`Terms`), :class:`Operation` (one :class:`Deed` asked of it: authorize, capture, refund,
void, settle), provider (who holds the card; Crosslane sees its token only), :class:`Credit` (what a
customer may buy on account).

Doors for orders, in the caller's transaction and for many orders at once: :func:`open_tenders` (or,
in a lane, :func:`tender_sheet` with ``take``, ``undo`` and ``write``), :func:`ask_again` (what
nobody could tell), :func:`capture`, :func:`refund`, :func:`void` (release what is not needed),
:func:`abandon` (the order is off: everything goes back, also what still arrives),
:func:`money_by_order`. For the day's end :func:`sum_moved` adds up what moved. Each request names
its cause and answers an :class:`Asked` or a refusal; asked again for the same cause it answers what
that did. After the commit :func:`wait_until_decided` waits at most ten seconds.

Tenders on account, in cash, and those whose money a till or a marketplace has taken already are
decided in the transaction. A card is asked for by an effect afterwards; what becomes of it is
announced by the events, which every caller should act on rather than on an answer.

Spreading: captures empty the tenders in their sequence, refunds and releases go the other way.

Invariants: nothing is captured above what was authorized, nothing refunded above what was captured;
an amount whose answer is not known yet is set aside and used for nothing else. A provider is never
asked twice for a deed without first being asked whether it happened. Amounts of a tender are sums
of the journal and of open operations.

Events: PaymentAuthorized, PaymentDeclined, PaymentArrivedLate, PaymentCaptured, PaymentRefunded,
PaymentVoided, PaymentSettled, CaptureFailed, RefundFailed, VoidFailed, PaymentUnresolved.
Facts: ``payments.providers``. Effects: ``payments.call``.
Tables: payments_provider, payments_credit, payments_payment, payments_operation, payments_movement,
payments_message.
"""

from crosslane.payments.domain import (
    Credit,
    Deed,
    Method,
    NewTender,
    Operation,
    OperationState,
    State,
    Tender,
    Terms,
)
from crosslane.payments.errors import (
    TENDER_REFUSALS,
    BadProviderMessage,
    BadProviderSettings,
    BadSignature,
    BadTender,
    BadTenderAmount,
    CaptureAboveAuthorized,
    CardNumberRefused,
    CreditBlocked,
    CreditInUse,
    CreditLimitReached,
    NoCreditAccount,
    NoSuchCredit,
    NotOnAccount,
    PaymentNotFound,
    PaymentUndecided,
    ProviderOff,
    RefundAboveCaptured,
    SettlementAboveDue,
    UnknownProvider,
    VoidAboveAuthorized,
    WrongCurrency,
)
from crosslane.payments.events import (
    CaptureFailed,
    PaymentArrivedLate,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentEvent,
    PaymentRefunded,
    PaymentSettled,
    PaymentUnresolved,
    PaymentVoided,
    RefundFailed,
    VoidFailed,
)
from crosslane.payments.rest import ROUTES
from crosslane.payments.service import (
    CALL,
    Asked,
    MoneyRequest,
    Opened,
    OrderMoney,
    PutCredit,
    PutProvider,
    TenderMoney,
    TenderSheet,
    abandon,
    ask_again,
    capture,
    credit_account,
    do_to_payment,
    money_by_order,
    open_tenders,
    put_credits,
    put_provider,
    refund,
    tender_sheet,
    tidy,
    void,
    wait_until_decided,
)
from crosslane.payments.service.commands import COMMANDS
from crosslane.payments.storage import MovedSum, sum_moved
from crosslane.platform.effects import Schedule

TIDY_SECONDS = 3600.0
EFFECTS = [CALL]
SCHEDULES = [Schedule("payments.tidy", TIDY_SECONDS, tidy)]

__all__ = [
    "COMMANDS",
    "EFFECTS",
    "ROUTES",
    "SCHEDULES",
    "TENDER_REFUSALS",
    "Asked",
    "BadProviderMessage",
    "BadProviderSettings",
    "BadSignature",
    "BadTender",
    "BadTenderAmount",
    "CaptureAboveAuthorized",
    "CaptureFailed",
    "CardNumberRefused",
    "Credit",
    "CreditBlocked",
    "CreditInUse",
    "CreditLimitReached",
    "Deed",
    "Method",
    "MoneyRequest",
    "MovedSum",
    "NewTender",
    "NoCreditAccount",
    "NoSuchCredit",
    "NotOnAccount",
    "Opened",
    "Operation",
    "OperationState",
    "OrderMoney",
    "PaymentArrivedLate",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentDeclined",
    "PaymentEvent",
    "PaymentNotFound",
    "PaymentRefunded",
    "PaymentSettled",
    "PaymentUndecided",
    "PaymentUnresolved",
    "PaymentVoided",
    "ProviderOff",
    "PutCredit",
    "PutProvider",
    "RefundAboveCaptured",
    "RefundFailed",
    "SettlementAboveDue",
    "State",
    "Tender",
    "TenderMoney",
    "TenderSheet",
    "Terms",
    "UnknownProvider",
    "VoidAboveAuthorized",
    "VoidFailed",
    "WrongCurrency",
    "abandon",
    "ask_again",
    "capture",
    "credit_account",
    "do_to_payment",
    "money_by_order",
    "open_tenders",
    "put_credits",
    "put_provider",
    "refund",
    "sum_moved",
    "tender_sheet",
    "tidy",
    "void",
    "wait_until_decided",
]
