"""Transfers: stock that one location sends to another, and no unit of it is lost sight of.

Nouns: a :class:`Transfer` (number, source, destination, purpose, lines), its lines and their
pieces: units that left together at one cost. A transfer is requested, sent, received and closed,
each in parts if need be, or cancelled before anything of it was sent; its state is what has become
of its units, and nobody sets it.

Doors: the commands REQUEST (a wish: what is asked for is held at the source, all of it or nothing),
SEND and RECEIVE (facts: never refused for what was asked for or sent; more, less, other articles
and damaged ones are recorded, in whatever order they are told), CANCEL (what has not been sent goes
back to its stock), CLOSE (the difference is a loss or a gain, with its reason);
:func:`list_transfers`, :func:`find_transfer`, :func:`transfers_by_id`, :func:`views`,
:func:`list_history`.

What is asked for is allocated at the source, behind all customers: when stock turns out not to be
there, transfers go without first. What has left is incoming at the destination under the transfer's
number, and can be promised as any other incoming goods. Goods change hands when they leave: on
their way they belong to the entity of the destination, at what they had cost.

Invariants: of each line, requested = withdrawn + sent + to send unless more was sent than asked
for, and sent = received + damaged + written off + on the way; what is to be sent is allocated; what
is on its way is incoming; the counters are sums of the journal.

Events: TransferRequested, TransferWithdrawn, TransferSent, TransferReceived, TransferClosed.
Policies: transfers.travel.
Tables: transfers_transfer, transfers_line, transfers_piece, transfers_movement (journal).
"""

from crosslane.transfers.domain import TRAVEL, Difference, Line, Piece, Purpose, State, Transfer
from crosslane.transfers.errors import (
    ForeignTransfer,
    LocationClosedDown,
    NoSuchTransfer,
    NothingOnItsWay,
    NothingToClose,
    NothingToSend,
    NotOurStock,
    RateNeeded,
    SameLocation,
)
from crosslane.transfers.events import (
    ArrivedUnits,
    SentUnits,
    TransferClosed,
    TransferEvent,
    TransferReceived,
    TransferRequested,
    TransferSent,
    TransferUnits,
    TransferWithdrawn,
)
from crosslane.transfers.reactions import REACTIONS
from crosslane.transfers.rest import ROUTES
from crosslane.transfers.service.ending import CANCEL, CLOSE
from crosslane.transfers.service.reading import (
    Happened,
    LineView,
    TransferView,
    find_transfer,
    list_history,
    view,
    views,
)
from crosslane.transfers.service.receiving import RECEIVE
from crosslane.transfers.service.requesting import REQUEST
from crosslane.transfers.service.saving import KIND
from crosslane.transfers.service.sending import SEND
from crosslane.transfers.service.wishes import (
    LINES_MAX,
    ArrivedArticle,
    ArticleUnits,
    CancelTransfer,
    CloseTransfer,
    ReceiveTransfer,
    RequestTransfer,
    SendTransfer,
)
from crosslane.transfers.storage import PERSONAL_COLUMNS, list_transfers, transfers_by_id

POLICIES = [TRAVEL]
COMMANDS = [REQUEST, SEND, RECEIVE, CANCEL, CLOSE]

__all__ = [
    "CANCEL",
    "CLOSE",
    "COMMANDS",
    "KIND",
    "LINES_MAX",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "REACTIONS",
    "RECEIVE",
    "REQUEST",
    "ROUTES",
    "SEND",
    "TRAVEL",
    "ArrivedArticle",
    "ArrivedUnits",
    "ArticleUnits",
    "CancelTransfer",
    "CloseTransfer",
    "Difference",
    "ForeignTransfer",
    "Happened",
    "Line",
    "LineView",
    "LocationClosedDown",
    "NoSuchTransfer",
    "NotOurStock",
    "NothingOnItsWay",
    "NothingToClose",
    "NothingToSend",
    "Piece",
    "Purpose",
    "RateNeeded",
    "ReceiveTransfer",
    "RequestTransfer",
    "SameLocation",
    "SendTransfer",
    "SentUnits",
    "State",
    "Transfer",
    "TransferClosed",
    "TransferEvent",
    "TransferReceived",
    "TransferRequested",
    "TransferSent",
    "TransferUnits",
    "TransferView",
    "TransferWithdrawn",
    "find_transfer",
    "list_history",
    "list_transfers",
    "transfers_by_id",
    "view",
    "views",
]
