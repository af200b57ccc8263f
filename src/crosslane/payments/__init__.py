"""How orders are paid: tenders, what is asked of them, and what became of it.

Nouns: :class:`Tender` (one way of paying a part of an order, by a :class:`Method` and on
:class:`Terms`), :class:`Operation` (one :class:`Deed` asked of it: authorize, capture, refund,
void, settle), provider (who holds the card; Crosslane sees its token only), :class:`Credit` (what a
customer may buy on account), :class:`Account` (a gift card or store credit that holds stored
value, in which a tender may be paid and money given back).

Doors for orders, in the caller's transaction and for many orders at once: :func:`open_tenders` (or,
in a lane, :func:`tender_sheet` with ``take``, ``undo`` and ``write``), :func:`ask_again` (what
nobody could tell), :func:`capture`, :func:`refund`, :func:`void` (release what is not needed),
:func:`abandon` (the order is off: everything goes back, also what still arrives),
:func:`money_by_order`, and :func:`lock_money` for who waits for what is under way;
:func:`dispute_order` books what a channel says was taken back from an order of its own. For the
day's end :func:`sum_moved` adds up what moved. Each request names its cause and answers an
:class:`Asked` or a refusal; asked again for the same cause it answers what that did. After the
commit :func:`wait_until_decided` waits at most ten seconds.

Tenders on account, in cash, and those whose money a till or a marketplace has taken already are
decided in the transaction. A card is asked for by an effect afterwards; what becomes of it is
announced by the events, which every caller should act on rather than on an answer.

Money given back goes the way it came, or where :class:`RefundTo` says, within the policy
``payments.refunds``: :func:`quote_refunds` tells what :func:`refund` would answer,
:func:`cash_left` what a store may still give in cash, :func:`given_back` what went back.
:func:`pay_out` gives money without an order, once per cause. A gift card that came of it gets its
code by the command ``payments.replace_code``: :func:`new_code`, kept as :func:`hash_code`.

Spreading: captures empty the tenders in their sequence, releases go the other way, and so do
refunds, but stored value first.

Invariants: nothing is captured above what was authorized, nothing refunded above what was captured;
an amount whose answer is not known yet is set aside and used for nothing else. Whatever changes a
balance of stored value has its line in the journal; wishes never take more than is free of it. A
provider is never asked twice for a deed without first being asked whether it happened. Amounts of a
tender are sums of the journal and of open operations.

Events: PaymentAuthorized, PaymentDeclined, PaymentArrivedLate, PaymentCaptured, PaymentRefunded,
PaymentVoided, PaymentSettled, PaymentChargedBack, ChargebackWon, ChargebackLost, CaptureFailed,
RefundFailed, VoidFailed, PaymentUnresolved, PaidOut, StoredValueIssued, StoredValueToppedUp,
StoredValueTransferred, StoredValueExpired, StoredValueBlocked, StoredValueUnblocked.
Facts: ``payments.providers``. Effects: ``payments.call``.
Tables: payments_provider, payments_credit, payments_payment, payments_operation, payments_movement,
payments_message, payments_account, payments_account_entry, payments_cash_day, payments_payout.
"""

from crosslane.payments.domain import (
    REFUNDS,
    STORED_VALUE,
    Account,
    AccountKind,
    Credit,
    Deed,
    Method,
    NewTender,
    Operation,
    OperationState,
    Refunds,
    RefundTo,
    Share,
    State,
    StoredValue,
    Tender,
    Terms,
)
from crosslane.payments.errors import (
    DESTINATION_REFUSALS,
    TENDER_REFUSALS,
    BadDestination,
    BadProviderMessage,
    BadProviderSettings,
    BadSignature,
    BadTender,
    BadTenderAmount,
    CaptureAboveAuthorized,
    CardNumberRefused,
    CashDayUsedUp,
    CashRefundTooHigh,
    CodeGiven,
    CreditBlocked,
    CreditInUse,
    CreditLimitReached,
    NoCreditAccount,
    NoSuchCredit,
    NoSuchStoredValue,
    NotOnAccount,
    PaymentNotFound,
    PaymentUndecided,
    ProviderOff,
    RefundAboveCaptured,
    RefundNotTurned,
    SettlementAboveDue,
    StoredValueNotFound,
    StoredValueTooLow,
    UnknownProvider,
    VoidAboveAuthorized,
    WrongCurrency,
    WrongStoredCurrency,
)
from crosslane.payments.events import (
    CaptureFailed,
    ChargebackLost,
    ChargebackWon,
    PaidOut,
    PaymentArrivedLate,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentChargedBack,
    PaymentDeclined,
    PaymentEvent,
    PaymentRefunded,
    PaymentSettled,
    PaymentUnresolved,
    PaymentVoided,
    RefundFailed,
    StoredValueBlocked,
    StoredValueEvent,
    StoredValueExpired,
    StoredValueIssued,
    StoredValueToppedUp,
    StoredValueTransferred,
    StoredValueUnblocked,
    VoidFailed,
)
from crosslane.payments.provider import Dispute
from crosslane.payments.rest import ROUTES
from crosslane.payments.service import (
    CALL,
    Asked,
    CashLeft,
    Disputed,
    GivenBack,
    Means,
    MoneyRequest,
    Opened,
    OrderMoney,
    PaidOutMoney,
    PayOut,
    Planned,
    PutCredit,
    PutProvider,
    TenderMoney,
    TenderSheet,
    abandon,
    ask_again,
    capture,
    cash_left,
    credit_account,
    dispute_order,
    do_to_payment,
    given_back,
    list_providers,
    lock_money,
    means_of_orders,
    money_by_order,
    open_tenders,
    pay_out,
    put_credits,
    put_provider,
    quote_refunds,
    refund,
    tender_sheet,
    tidy,
    void,
    wait_until_decided,
)
from crosslane.payments.service.commands import COMMANDS
from crosslane.payments.service.loading import SoldGiftCard, record_gift_card
from crosslane.payments.service.moving import REPLACE_CODE, ReplaceCode, expire
from crosslane.payments.service.personal import ERASERS, EXPORTERS
from crosslane.payments.service.stored import (
    StoredWish,
    hash_code,
    new_code,
    open_gift_cards,
    store_credits,
    stored_values,
    stored_values_of,
)
from crosslane.payments.storage import PERSONAL_COLUMNS, MovedSum, sum_moved
from crosslane.platform.effects import Schedule

TIDY_SECONDS = 3600.0
EXPIRE_SECONDS = 900.0
EFFECTS = [CALL]
POLICIES = [REFUNDS, STORED_VALUE]
SCHEDULES = [
    Schedule("payments.tidy", TIDY_SECONDS, tidy),
    Schedule("payments.expire", EXPIRE_SECONDS, expire),
]

__all__ = [
    "COMMANDS",
    "DESTINATION_REFUSALS",
    "EFFECTS",
    "ERASERS",
    "EXPORTERS",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "REFUNDS",
    "REPLACE_CODE",
    "ROUTES",
    "SCHEDULES",
    "STORED_VALUE",
    "TENDER_REFUSALS",
    "Account",
    "AccountKind",
    "Asked",
    "BadDestination",
    "BadProviderMessage",
    "BadProviderSettings",
    "BadSignature",
    "BadTender",
    "BadTenderAmount",
    "CaptureAboveAuthorized",
    "CaptureFailed",
    "CardNumberRefused",
    "CashDayUsedUp",
    "CashLeft",
    "CashRefundTooHigh",
    "ChargebackLost",
    "ChargebackWon",
    "CodeGiven",
    "Credit",
    "CreditBlocked",
    "CreditInUse",
    "CreditLimitReached",
    "Deed",
    "Dispute",
    "Disputed",
    "GivenBack",
    "Means",
    "Method",
    "MoneyRequest",
    "MovedSum",
    "NewTender",
    "NoCreditAccount",
    "NoSuchCredit",
    "NoSuchStoredValue",
    "NotOnAccount",
    "Opened",
    "Operation",
    "OperationState",
    "OrderMoney",
    "PaidOut",
    "PaidOutMoney",
    "PayOut",
    "PaymentArrivedLate",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentChargedBack",
    "PaymentDeclined",
    "PaymentEvent",
    "PaymentNotFound",
    "PaymentRefunded",
    "PaymentSettled",
    "PaymentUndecided",
    "PaymentUnresolved",
    "PaymentVoided",
    "Planned",
    "ProviderOff",
    "PutCredit",
    "PutProvider",
    "RefundAboveCaptured",
    "RefundFailed",
    "RefundNotTurned",
    "RefundTo",
    "Refunds",
    "ReplaceCode",
    "SettlementAboveDue",
    "Share",
    "SoldGiftCard",
    "State",
    "StoredValue",
    "StoredValueBlocked",
    "StoredValueEvent",
    "StoredValueExpired",
    "StoredValueIssued",
    "StoredValueNotFound",
    "StoredValueTooLow",
    "StoredValueToppedUp",
    "StoredValueTransferred",
    "StoredValueUnblocked",
    "StoredWish",
    "Tender",
    "TenderMoney",
    "TenderSheet",
    "Terms",
    "UnknownProvider",
    "VoidAboveAuthorized",
    "VoidFailed",
    "WrongCurrency",
    "WrongStoredCurrency",
    "abandon",
    "ask_again",
    "capture",
    "cash_left",
    "credit_account",
    "dispute_order",
    "do_to_payment",
    "expire",
    "given_back",
    "hash_code",
    "list_providers",
    "lock_money",
    "means_of_orders",
    "money_by_order",
    "new_code",
    "open_gift_cards",
    "open_tenders",
    "pay_out",
    "put_credits",
    "put_provider",
    "quote_refunds",
    "record_gift_card",
    "refund",
    "store_credits",
    "stored_values",
    "stored_values_of",
    "sum_moved",
    "tender_sheet",
    "tidy",
    "void",
    "wait_until_decided",
]
