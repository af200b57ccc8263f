"""Inventory: what lies where, what of it is promised, and why. No unit is promised twice.

Nouns: a position is variant × location × condition × owner, with on hand, allocated, held, safety
stock and a baseline (its latest count or snapshot). A movement is one entry of its journal. An
allocation is stock promised to a demand line, a :class:`Hold` a claim that ends by time.
ATP(variant, location, channel) = on hand − allocated − held now − safety stock − ring-fences of
other channels.

Doors take many requests and write set-based. Wishes are answered one by one with a result or a
refusal, and a refused one leaves nothing behind: :func:`allocate`, :func:`release_allocation`,
:func:`transfer_allocation`, :func:`hold`, :func:`extend`, :func:`confirm`, :func:`release_hold`.
Facts are always recorded, below zero if need be: :func:`ship`, :func:`receive`, :func:`adjust`,
:func:`regrade`, :func:`count`; :func:`report_supply` takes a source's message in. What is on its
way is told by :func:`report_incoming`, promised to those who wait by :func:`keep_promises`, and
held for those it was promised to by :func:`receive_incoming`.
:func:`survey` reads without locks, for planning; what it says is only promised by `allocate`, whose
refusals name what is left, and more of it by the clock when :func:`holds_run_out`. People look at
:func:`stock_figures` of a page of articles and at what needs them (:func:`list_troubled`);
:func:`explain_position` and :func:`prove` show that a figure is the sum of its journals.
:func:`counter_sales` adds up what customers took themselves, :func:`list_shipped` tells whose units
left for a line and what they had cost. Each door locks positions in the order of their keys; a
transaction that calls several locks all by :func:`protect` first.

Bins: where an article lies at a location is told by :class:`PutBins`, many at a time, and read by
:func:`bins_here` (for hands), :func:`bins_anywhere` and :func:`walk_bins` (in walking order). It is
no stock and moves none.

Time: a movement without ``occurred_at`` happens now. One that occurred at or before the position's
baseline was already counted and leaves on hand as it is, so use one time line, business time, for
counts, snapshots and facts of a location.

Invariants: a counter is the sum of its movements, held is the sum of active holds, what a demand
has is the sum of its movements; a decision never takes a position below zero. `crosslane verify`
adds all of it up anew.

Events: AvailabilityMoved, StockAdjusted, StockReceived, StockValued, StockShort, PromiseArrived,
IncomingChanged, IncomingFreed, SupplyReported. None per allocation: what a batch has moved is one
AvailabilityMoved.
Policies: inventory.safety_stock, inventory.ring_fence, inventory.vendor_supply.
Tables: inventory_position, inventory_movement (journal), inventory_allocation, inventory_hold,
inventory_cost, inventory_cost_change (journal), inventory_feed, inventory_feed_message,
inventory_feed_part (journal, months of it are forgotten), inventory_incoming,
inventory_promise, inventory_bin.
"""

from crosslane.inventory.domain.bins import Bin, bin_of
from crosslane.inventory.domain.demand import (
    Allocated,
    AllocationRequest,
    Release,
    Shipment,
    Shipped,
    Slice,
    Transfer,
)
from crosslane.inventory.domain.feeds import SupplyRow
from crosslane.inventory.domain.figures import Figures, Places, added_up
from crosslane.inventory.domain.holds import Confirmation, Extension, HoldRelease, HoldRequest
from crosslane.inventory.domain.incoming import (
    TRANSFERS,
    IncomingKey,
    IncomingLine,
    IncomingReport,
    Promised,
    PromisedSlice,
    Waiting,
)
from crosslane.inventory.domain.position import Cause, Condition
from crosslane.inventory.domain.reserves import RING_FENCE, SAFETY_STOCK, VENDOR_SUPPLY
from crosslane.inventory.domain.sheet import HeldBy, Hold
from crosslane.inventory.domain.supply import Adjustment, Count, Receipt, Recorded, Regrade
from crosslane.inventory.domain.survey import Arrival, Survey, VariantStock
from crosslane.inventory.errors import (
    BadBin,
    BundleHasNoStock,
    GroupRefused,
    HoldEnded,
    HoldExpired,
    HoldNotFound,
    HoldTooSmall,
    NotAllocated,
    OnATransfer,
    OutOfStock,
    PositionNotFound,
    StaleFence,
    TimeInFuture,
)
from crosslane.inventory.events import (
    AvailabilityMoved,
    AverageCost,
    IncomingChanged,
    IncomingFreed,
    LosingDemand,
    PromiseArrived,
    StockAdjusted,
    StockReceived,
    StockShort,
    StockValued,
    SupplyReported,
    ValuedMovements,
)
from crosslane.inventory.reactions import REACTIONS
from crosslane.inventory.rest import ROUTES
from crosslane.inventory.service.bins import (
    PUT_BINS,
    BinsLine,
    BinsStored,
    PutBins,
    bins_anywhere,
    bins_here,
    walk_bins,
)
from crosslane.inventory.service.corrections import (
    ADJUST,
    COUNT,
    RECEIVE,
    REGRADE,
    SET_SAFETY_STOCK,
    AdjustLine,
    AdjustStock,
    CountLine,
    CountStock,
    RegradeLine,
    RegradeStock,
    SafetyLine,
    SetSafetyStock,
    StockRecorded,
)
from crosslane.inventory.service.demand import (
    allocate,
    counter_sales,
    holds_run_out,
    list_losing,
    release_allocation,
    ship,
    survey,
    transfer_allocation,
)
from crosslane.inventory.service.feeds import (
    FORGET_PARTS,
    SupplyReport,
    refuse_future,
    report_supply,
)
from crosslane.inventory.service.holding import EXTEND, HOLD, RELEASE
from crosslane.inventory.service.holds import (
    FORGET_EVERY_SECONDS,
    confirm,
    extend,
    forget_ended,
    hold,
    holds_of,
    release_hold,
)
from crosslane.inventory.service.incoming import (
    Arrived,
    incoming_by_id,
    keep_promises,
    receive_incoming,
    report_incoming,
)
from crosslane.inventory.service.looking import (
    active_holds,
    incoming_at,
    list_troubled,
    positions_at,
    positions_by_id,
    prove,
    stock_figures,
    stocked_of,
)
from crosslane.inventory.service.reading import (
    Explained,
    explain_position,
    position,
    unit_costs,
)
from crosslane.inventory.service.reporting import (
    RECEIVE_INCOMING,
    REPORT_INCOMING,
    REPORT_SUPPLY,
    ArrivedLine,
    IncomingTaken,
    ReceiveIncoming,
)
from crosslane.inventory.service.sheets import protect
from crosslane.inventory.service.supply import adjust, count, receive, regrade
from crosslane.inventory.storage.explanations import (
    AllocationRow,
    MovementRow,
    PositionRow,
    list_allocations,
    list_movements,
    list_of_cause,
)
from crosslane.inventory.storage.feeds import (
    Feed,
    SupplyMessage,
    count_feeds_behind,
    find_message,
    list_feeds,
    list_messages,
)
from crosslane.inventory.storage.figures import Proof, TroubledRow
from crosslane.inventory.storage.incoming import list_incoming
from crosslane.inventory.storage.positions import Losing, Place
from crosslane.inventory.storage.shipped import ShippedLine, ShippedUnits, list_shipped
from crosslane.platform.effects import Schedule

POLICIES = [SAFETY_STOCK, RING_FENCE, VENDOR_SUPPLY]
COMMANDS = [
    ADJUST,
    COUNT,
    RECEIVE,
    REGRADE,
    SET_SAFETY_STOCK,
    PUT_BINS,
    HOLD,
    EXTEND,
    RELEASE,
    REPORT_SUPPLY,
    REPORT_INCOMING,
    RECEIVE_INCOMING,
]
SCHEDULES = [
    Schedule("inventory.forget_ended_holds", FORGET_EVERY_SECONDS, forget_ended),
    FORGET_PARTS,
]

__all__ = [
    "ADJUST",
    "COMMANDS",
    "COUNT",
    "POLICIES",
    "PUT_BINS",
    "REACTIONS",
    "RECEIVE",
    "RECEIVE_INCOMING",
    "REGRADE",
    "RING_FENCE",
    "ROUTES",
    "SAFETY_STOCK",
    "SCHEDULES",
    "SET_SAFETY_STOCK",
    "TRANSFERS",
    "VENDOR_SUPPLY",
    "AdjustLine",
    "AdjustStock",
    "Adjustment",
    "Allocated",
    "AllocationRequest",
    "AllocationRow",
    "Arrival",
    "Arrived",
    "ArrivedLine",
    "AvailabilityMoved",
    "AverageCost",
    "BadBin",
    "Bin",
    "BinsLine",
    "BinsStored",
    "BundleHasNoStock",
    "Cause",
    "Condition",
    "Confirmation",
    "Count",
    "CountLine",
    "CountStock",
    "Explained",
    "Extension",
    "Feed",
    "Figures",
    "GroupRefused",
    "HeldBy",
    "Hold",
    "HoldEnded",
    "HoldExpired",
    "HoldNotFound",
    "HoldRelease",
    "HoldRequest",
    "HoldTooSmall",
    "IncomingChanged",
    "IncomingFreed",
    "IncomingKey",
    "IncomingLine",
    "IncomingReport",
    "IncomingTaken",
    "Losing",
    "LosingDemand",
    "MovementRow",
    "NotAllocated",
    "OnATransfer",
    "OutOfStock",
    "Place",
    "Places",
    "PositionNotFound",
    "PositionRow",
    "PromiseArrived",
    "Promised",
    "PromisedSlice",
    "Proof",
    "PutBins",
    "Receipt",
    "ReceiveIncoming",
    "Recorded",
    "Regrade",
    "RegradeLine",
    "RegradeStock",
    "Release",
    "SafetyLine",
    "SetSafetyStock",
    "Shipment",
    "Shipped",
    "ShippedLine",
    "ShippedUnits",
    "Slice",
    "StaleFence",
    "StockAdjusted",
    "StockReceived",
    "StockRecorded",
    "StockShort",
    "StockValued",
    "SupplyMessage",
    "SupplyReport",
    "SupplyReported",
    "SupplyRow",
    "Survey",
    "TimeInFuture",
    "Transfer",
    "TroubledRow",
    "ValuedMovements",
    "VariantStock",
    "Waiting",
    "active_holds",
    "added_up",
    "adjust",
    "allocate",
    "bin_of",
    "bins_anywhere",
    "bins_here",
    "confirm",
    "count",
    "count_feeds_behind",
    "counter_sales",
    "explain_position",
    "extend",
    "find_message",
    "hold",
    "holds_of",
    "holds_run_out",
    "incoming_at",
    "incoming_by_id",
    "keep_promises",
    "list_allocations",
    "list_feeds",
    "list_incoming",
    "list_losing",
    "list_messages",
    "list_movements",
    "list_of_cause",
    "list_shipped",
    "list_troubled",
    "position",
    "positions_at",
    "positions_by_id",
    "protect",
    "prove",
    "receive",
    "receive_incoming",
    "refuse_future",
    "regrade",
    "release_allocation",
    "release_hold",
    "report_incoming",
    "report_supply",
    "ship",
    "stock_figures",
    "stocked_of",
    "survey",
    "transfer_allocation",
    "unit_costs",
    "walk_bins",
]
