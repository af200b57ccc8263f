"""Returns: goods that come back, anywhere, and what is given for them.

Nouns: :class:`Return` (head: of an order, blind, or a claim nothing comes back for),
:class:`ReturnLine`, :class:`ReturnUnit` (units that came to one place and share one fate),
disposition (what becomes of them), :class:`ReturnPolicy`.

A return is requested, authorized or declined, dispatched, received at any location that takes
returns, graded, settled and closed; it may be cancelled before anything has come, and is given up
when nothing does. What comes all the same is received, and held for a person. Over a counter all of
it happens at once.

Invariants: of an order line no more comes back than was handed over, whoever asks where; what a
line has received and was credited is the sum of its journal; units are graded once; goods wanted in
exchange are set aside at once and wait as long as the return does; money is given once, and a unit
that a claim had replaced is made good; the order's own snapshot of price and tax decides how much,
never today's.

A location that takes back what others had sold is credited by the policy returns.handling_credit,
once for each settlement and within its caps; a settlement for which nothing is given says why. What
somebody takes along instead of what came back is credited to the store as a saved sale.

What comes by post gets a label from the carrier that policy ``returns.labels`` names, under the
return's id as its parcel; it is given back when the goods will not come. A return whose parcel the
carrier has scanned is on its way.

Doors: the commands ``returns.request``, ``authorize``, ``decline``, ``cancel``, ``dispatch``,
``receive``, ``grade``, ``settle`` and ``clear`` take a return through its life,
``returns.take_back`` takes goods back over a counter at once; :func:`list_returnable` tells what of
an order may come back; :func:`find_return`, :func:`findings_of`, :func:`list_found`,
:func:`list_returns` (by id), :func:`returns_of_orders`, :func:`returns_of_customers`,
:func:`label_of`, :func:`posting_of` read, :func:`quote_return` and :func:`expected_of` tell what
one gives, :func:`given_for` which ways its money went.

Events: ReturnRequested, ReturnAuthorized, ReturnDeclined, ReturnCancelled, ReturnDispatched,
ReturnReceived, ReturnGraded, ReturnHeld, ReturnCleared, ReturnSettled, BlindUnitsCredited,
ReturnExpired, ReturnClosed, HandlingCredited. Policies: returns.policy, returns.abuse,
returns.handling_credit, returns.labels.
Tables: returns_return, returns_line, returns_unit, returns_event (journal), returns_credit,
returns_charge, returns_trait, returns_finding.
"""

from crosslane.returns.domain import (
    NOT_THEIR_FAULT,
    POLICY,
    Disposition,
    ExchangeWish,
    ItemState,
    Reason,
    Return,
    ReturnLine,
    ReturnPolicy,
    ReturnUnit,
)
from crosslane.returns.domain import Reason as ReturnReason
from crosslane.returns.domain.abuse import Finding, Past, Trait, weigh
from crosslane.returns.domain.abuse_policy import ABUSE, Abuse
from crosslane.returns.domain.fairness import HANDLING, HandlingPolicy
from crosslane.returns.domain.labelling import LABELS, Labels
from crosslane.returns.errors import NoReturnsHere, NoSuchReturn, NotInState, ReturnedAboveLeft
from crosslane.returns.events import (
    BlindCharge,
    BlindUnits,
    BlindUnitsCredited,
    GradedUnits,
    HandlingCredited,
    ReceivedUnits,
    ReturnAuthorized,
    ReturnCancelled,
    ReturnCleared,
    ReturnClosed,
    ReturnDeclined,
    ReturnDispatched,
    ReturnEvent,
    ReturnExpired,
    ReturnGraded,
    ReturnHeld,
    ReturnReceived,
    ReturnRequested,
    ReturnSettled,
    SettledLine,
)
from crosslane.returns.reactions import REACTIONS, SCHEDULES
from crosslane.returns.rest import COMMANDS, ROUTES
from crosslane.returns.service.authorizing import AUTHORIZE, CANCEL, DECLINE, DISPATCH
from crosslane.returns.service.closing import CLEAR, SETTLE
from crosslane.returns.service.desk import TAKE_BACK
from crosslane.returns.service.labelling import ERASERS, Posting, label_of, posting_of
from crosslane.returns.service.quoting import Quoted, QuotedLine, expected_of, quote_return
from crosslane.returns.service.reading import (
    find_return,
    findings_of,
    given_for,
    list_found,
    returns_of_customers,
    returns_of_orders,
)
from crosslane.returns.service.receiving import GRADE, RECEIVE
from crosslane.returns.service.requesting import REQUEST
from crosslane.returns.service.returnable import Returnable, ReturnableLine, list_returnable
from crosslane.returns.service.wishes import (
    Authorize,
    Cancel,
    Clear,
    Decline,
    DeskCharge,
    DeskLine,
    Dispatch,
    Grade,
    GradeLine,
    Instead,
    Receive,
    ReceiveLine,
    RefundWish,
    RequestLine,
    RequestReturn,
    Settle,
    TakeBack,
    TakenBack,
    TakenLine,
)
from crosslane.returns.storage import PERSONAL_COLUMNS
from crosslane.returns.storage.blind import sum_blind
from crosslane.returns.storage.views import count_held, find_by_source
from crosslane.returns.storage.writing import list_returns

POLICIES = [POLICY, ABUSE, HANDLING, LABELS]

__all__ = [
    "ABUSE",
    "AUTHORIZE",
    "CANCEL",
    "CLEAR",
    "COMMANDS",
    "DECLINE",
    "DISPATCH",
    "ERASERS",
    "GRADE",
    "HANDLING",
    "LABELS",
    "NOT_THEIR_FAULT",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "POLICY",
    "REACTIONS",
    "RECEIVE",
    "REQUEST",
    "ROUTES",
    "SCHEDULES",
    "SETTLE",
    "TAKE_BACK",
    "Abuse",
    "Authorize",
    "BlindCharge",
    "BlindUnits",
    "BlindUnitsCredited",
    "Cancel",
    "Clear",
    "Decline",
    "DeskCharge",
    "DeskLine",
    "Dispatch",
    "Disposition",
    "ExchangeWish",
    "Finding",
    "Grade",
    "GradeLine",
    "GradedUnits",
    "HandlingCredited",
    "HandlingPolicy",
    "Instead",
    "ItemState",
    "Labels",
    "NoReturnsHere",
    "NoSuchReturn",
    "NotInState",
    "Past",
    "Posting",
    "Quoted",
    "QuotedLine",
    "Reason",
    "Receive",
    "ReceiveLine",
    "ReceivedUnits",
    "RefundWish",
    "RequestLine",
    "RequestReturn",
    "Return",
    "ReturnAuthorized",
    "ReturnCancelled",
    "ReturnCleared",
    "ReturnClosed",
    "ReturnDeclined",
    "ReturnDispatched",
    "ReturnEvent",
    "ReturnExpired",
    "ReturnGraded",
    "ReturnHeld",
    "ReturnLine",
    "ReturnPolicy",
    "ReturnReason",
    "ReturnReceived",
    "ReturnRequested",
    "ReturnSettled",
    "ReturnUnit",
    "Returnable",
    "ReturnableLine",
    "ReturnedAboveLeft",
    "Settle",
    "SettledLine",
    "TakeBack",
    "TakenBack",
    "TakenLine",
    "Trait",
    "count_held",
    "expected_of",
    "find_by_source",
    "find_return",
    "findings_of",
    "given_for",
    "label_of",
    "list_found",
    "list_returnable",
    "list_returns",
    "posting_of",
    "quote_return",
    "returns_of_customers",
    "returns_of_orders",
    "sum_blind",
    "weigh",
]
