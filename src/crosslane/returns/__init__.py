"""Returns: goods that come back, anywhere, and what is given for them.

Nouns: :class:`Return` (head: of an order, blind, or a claim nothing comes back for),
:class:`ReturnLine`, :class:`ReturnUnit` (units that came to one place and share one fate),
disposition (what becomes of them), :class:`ReturnPolicy`.

A return is requested, authorized or declined, dispatched, received at any location that takes
returns, graded, settled and closed; it may be cancelled before anything has come, and is given up
when nothing does. Over a counter all of it happens at once.

Invariants: of an order line no more comes back than was handed over, whoever asks where; what a
line has received and was credited is the sum of its journal; units are graded once; money is given
once; the order's own snapshot of price and tax decides how much, never today's.

A location that takes back what others had sold is credited by the policy returns.handling_credit,
once for each settlement and within its caps; a settlement for which nothing is given says why.

What comes by post gets a label from the carrier that policy ``returns.labels`` names, under the
return's id as its parcel; it is given back when the goods will not come.

Doors: the command ``returns.take_back`` takes goods back over a counter; :func:`find_return`,
:func:`list_returns` (by id), :func:`returns_of_orders`, :func:`label_of`, :func:`destination_of`.

Events: ReturnRequested, ReturnAuthorized, ReturnDeclined, ReturnCancelled, ReturnDispatched,
ReturnReceived, ReturnGraded, ReturnHeld, ReturnCleared, ReturnSettled, BlindUnitsCredited,
ReturnExpired, ReturnClosed, HandlingCredited. Policies: returns.policy, returns.abuse,
returns.handling_credit, returns.labels.
Tables: returns_return, returns_line, returns_unit, returns_event (journal), returns_credit,
returns_charge, returns_trait, returns_finding.
"""

from crosslane.returns.domain import (
    POLICY,
    Return,
    ReturnLine,
    ReturnPolicy,
    ReturnUnit,
)
from crosslane.returns.domain.abuse import Finding, Past, Trait, weigh
from crosslane.returns.domain.abuse_policy import ABUSE, Abuse
from crosslane.returns.domain.fairness import HANDLING, HandlingPolicy
from crosslane.returns.domain.labelling import LABELS, Labels
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
from crosslane.returns.reactions import REACTIONS
from crosslane.returns.rest import COMMANDS, ROUTES
from crosslane.returns.service.desk import TAKE_BACK
from crosslane.returns.service.labelling import ERASERS, destination_of, label_of
from crosslane.returns.service.reading import find_return, returns_of_orders
from crosslane.returns.service.wishes import (
    DeskCharge,
    DeskLine,
    RefundWish,
    TakeBack,
    TakenBack,
    TakenLine,
)
from crosslane.returns.storage import PERSONAL_COLUMNS
from crosslane.returns.storage.blind import sum_blind
from crosslane.returns.storage.writing import list_returns

POLICIES = [POLICY, ABUSE, HANDLING, LABELS]

__all__ = [
    "ABUSE",
    "COMMANDS",
    "ERASERS",
    "HANDLING",
    "LABELS",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "POLICY",
    "REACTIONS",
    "ROUTES",
    "TAKE_BACK",
    "Abuse",
    "BlindCharge",
    "BlindUnits",
    "BlindUnitsCredited",
    "DeskCharge",
    "DeskLine",
    "Finding",
    "GradedUnits",
    "HandlingCredited",
    "HandlingPolicy",
    "Labels",
    "Past",
    "ReceivedUnits",
    "RefundWish",
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
    "ReturnReceived",
    "ReturnRequested",
    "ReturnSettled",
    "ReturnUnit",
    "SettledLine",
    "TakeBack",
    "TakenBack",
    "TakenLine",
    "Trait",
    "destination_of",
    "find_return",
    "label_of",
    "list_returns",
    "returns_of_orders",
    "sum_blind",
    "weigh",
]
