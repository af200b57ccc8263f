"""Orders: what customers were promised, where every unit of it is, and what is owed for it.

Nouns: :class:`Order` (head), :class:`OrderLine` (snapshot of article, price and tax), bucket (units
of a line in one place and stage), :class:`Charge` (money that is not goods), :class:`Stop` (what
holds an order back), amendment (a change after placing), attribution (who gets the credit).

Doors: the command ``orders.place`` takes orders of any channel; ``orders.cancel``,
``orders.add_lines``, ``orders.change_price``, ``orders.change_address``, ``orders.resource``
(decides anew where what nobody works on yet comes from), ``orders.recall`` (takes back what a
location has not picked yet), ``orders.raise_stop`` and
``orders.resolve_stop`` change them; ``orders.appease`` gives money back as goodwill;
``orders.retry_money`` asks once more for money that was refused or of which nobody knows;
``orders.reoptimise`` (by hand or, by policy, by the clock) decides orders that are not released yet
anew, all together.

Fulfillment calls :func:`release` (allocated units of orders that nothing holds back become work for
their location), :func:`move` (picked, packed, handed over, delivered, with the order's buckets as
arbiter between a pick and a cancellation) and :func:`fail`
(short or rejected: the location is barred for the line and other stock is found at once);
:func:`lock_stopped` tells what a stop keeps from leaving: one that is raised late recalls work that
is not packed yet. :func:`give_up_units` cancels units where they lie, such as those nobody
collected.

:func:`search` finds what somebody typed, page by page, :func:`list_newest` and
:func:`list_summaries` are for lists, :func:`list_titles` are for documents,
:func:`list_deliveries` tells when units reached their customer. :func:`find_ids` turns numbers into
ids, :func:`lock_orders` locks orders and returns them whole, and :func:`list_had_since` tells since
when customers have what they bought, :func:`sum_bought` what they bought in all,
:func:`list_sellers` who sold it.

Returns call :func:`credit`: units that came back, and money besides, lower what an order is worth,
and the refund follows by itself; :func:`quote_credits` tells the same figures beforehand,
:func:`given_for` which ways the money went.
:func:`exchange` sends other goods out for them, held back while the return travels or a person has
it, and settled net with its credit; :func:`prolong_exchanges` lets them wait longer,
:func:`end_exchanges` gives them up.

A sale of a till has happened (:class:`PreparedOrder`): neither stock nor what is on sale refuses
it.

Units that wait for stock are promised what is on its way as soon as anything of it is known, the
oldest order first, and the line says when the customer has it; when it arrives it is theirs.

A new order may wait, by policy: for others to be decided together with, or for its customer, who
may still change it (``OrderState.grace_until``). Both are stops that end by the clock, in time for
what was promised.

Three axes, never one status: progress is the buckets, money is what payments holds against
:func:`worth` and :func:`earned`, stops are typed. The word people see is derived.

Invariants: a line's quantity is always the sum of its buckets, and a bucket the sum of its
movements; what a line is worth is shared over its units so that parts always add up; what is
handed over and did not come back is what the customer pays; no more comes back than was handed
over, and what is credited for all units of a line is what was paid for them; the original is never
changed; parcels promised for a location's day have a claim on its capacity as long as units lie
there.

Events: OrderPlaced, OrderReady, StopRaised, StopResolved, MoneyProblemRaised, MoneyProblemResolved,
LinesBackordered, PromiseMoved, LinesResourced, LinesCancelled, UnitsRecalled, OrderAmended,
LinesHandedOver, ChargesDue, LinesCredited, OrderClosed. Policies: orders.intake,
orders.grace, orders.appeasement.
Tables: orders_order, orders_line, orders_charge, orders_credit (journal), orders_given,
orders_bucket, orders_movement (journal), orders_barred, orders_stop, orders_reoptimisation,
orders_money_problem, orders_amendment, orders_attribution, orders_search.
"""

from crosslane.orders.domain import (
    ENDS_BY_ITSELF,
    NOWHERE,
    Attribution,
    Charge,
    CreditLine,
    NewCharge,
    Order,
    OrderLine,
    OrderState,
    Stage,
    Stop,
    earned,
    plan_credit,
    returned_units,
    status,
    worth,
)
from crosslane.orders.domain.policy import (
    APPEASEMENT,
    GRACE,
    INTAKE,
    AppeasementBudget,
    Appeasements,
    Grace,
    Intake,
)
from crosslane.orders.domain.problems import MoneyProblem
from crosslane.orders.errors import (
    CREDIT_REFUSALS,
    EXCHANGE_REFUSALS,
    NoSuchOrder,
    OrderChanged,
    OutOfStep,
    ReturnedAboveHandedOver,
    SourceIdTaken,
)
from crosslane.orders.events import (
    CancelledUnits,
    ChargedSum,
    ChargesDue,
    CreditedUnits,
    HandedOverUnits,
    LinesBackordered,
    LinesCancelled,
    LinesCredited,
    LinesHandedOver,
    LinesResourced,
    MoneyProblemRaised,
    MoneyProblemResolved,
    MovedPromise,
    OrderAmended,
    OrderClosed,
    OrderEvent,
    OrderPlaced,
    OrderReady,
    OwnedCost,
    PromiseMoved,
    StopRaised,
    StopResolved,
    UnitsRecalled,
)
from crosslane.orders.reactions import EFFECTS, REACTIONS, SCHEDULES
from crosslane.orders.rest import PLACE_REFUSALS, ROUTES
from crosslane.orders.service.amending import (
    ADD_LINES,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    AddLines,
    ChangeAddress,
    ChangePrice,
)
from crosslane.orders.service.appeasing import APPEASE, Appease, Appeased
from crosslane.orders.service.cancelling import (
    CANCEL,
    Cancelled,
    CancelLine,
    CancelUnits,
    GivenUp,
    give_up_units,
)
from crosslane.orders.service.crediting import Credited, CreditRequest, credit, quote_credits
from crosslane.orders.service.ending import (
    ExchangeEnd,
    ExchangeWait,
    end_exchanges,
    prolong_exchanges,
)
from crosslane.orders.service.exchanging import (
    Exchanged,
    ExchangeLine,
    ExchangeRequest,
    exchange,
)
from crosslane.orders.service.moving import Step, move
from crosslane.orders.service.naming import find_ids
from crosslane.orders.service.placing import (
    PLACE,
    STOPS_MAX,
    AttributionWish,
    BuyerWish,
    LineWish,
    Offers,
    Placed,
    PlacedLine,
    PlaceOrder,
    PreparedOrder,
    StopWish,
    TenderWish,
    UnitsHeld,
)
from crosslane.orders.service.placing.resolving import require_placed_at
from crosslane.orders.service.problems import RETRY_MONEY, RetryMoney
from crosslane.orders.service.reading import (
    LineView,
    OrderSummary,
    OrderView,
    SearchPage,
    find_order,
    list_summaries,
    order_view,
    search,
)
from crosslane.orders.service.recalling import RECALL, Recall, Recalled, RecallLine
from crosslane.orders.service.releasing import Failure, Released, fail, release
from crosslane.orders.service.reoptimising import REOPTIMISE, Reoptimise
from crosslane.orders.service.retelling import requests_of, units_let_go
from crosslane.orders.service.seeking import RESOURCE, Resource, Resourced
from crosslane.orders.service.settling import RefundPart, given_for
from crosslane.orders.service.stops import (
    RAISE_STOP,
    RESOLVE_STOP,
    RaiseStop,
    ResolveStop,
    lock_stopped,
)
from crosslane.orders.storage import PERSONAL_COLUMNS
from crosslane.orders.storage.attributions import (
    CarriedOut,
    attribute,
    list_carried_out,
    list_saved,
)
from crosslane.orders.storage.lists import (
    list_deliveries,
    list_newest,
    list_with_money_problem,
)
from crosslane.orders.storage.returning import (
    BoughtBetween,
    list_had_since,
    list_sellers,
    sum_bought,
)
from crosslane.orders.storage.sales import SoldSum, sum_credits, sum_sales
from crosslane.orders.storage.states import (
    find_by_source,
    list_channels,
    list_heads,
    list_latest_of_customers,
    list_of_customers,
    list_states,
    lock_orders,
)
from crosslane.orders.storage.views import list_amenders, list_price_reasons, list_titles

COMMANDS = [
    PLACE,
    CANCEL,
    ADD_LINES,
    CHANGE_PRICE,
    CHANGE_ADDRESS,
    RESOURCE,
    RECALL,
    APPEASE,
    RAISE_STOP,
    RESOLVE_STOP,
    RETRY_MONEY,
    REOPTIMISE,
]
POLICIES = [INTAKE, GRACE, APPEASEMENT]

__all__ = [
    "ADD_LINES",
    "APPEASE",
    "APPEASEMENT",
    "CANCEL",
    "CHANGE_ADDRESS",
    "CHANGE_PRICE",
    "COMMANDS",
    "CREDIT_REFUSALS",
    "EFFECTS",
    "ENDS_BY_ITSELF",
    "EXCHANGE_REFUSALS",
    "GRACE",
    "INTAKE",
    "NOWHERE",
    "PERSONAL_COLUMNS",
    "PLACE",
    "PLACE_REFUSALS",
    "POLICIES",
    "RAISE_STOP",
    "REACTIONS",
    "RECALL",
    "REOPTIMISE",
    "RESOLVE_STOP",
    "RESOURCE",
    "RETRY_MONEY",
    "ROUTES",
    "SCHEDULES",
    "STOPS_MAX",
    "AddLines",
    "Appease",
    "Appeased",
    "AppeasementBudget",
    "Appeasements",
    "Attribution",
    "AttributionWish",
    "BoughtBetween",
    "BuyerWish",
    "CancelLine",
    "CancelUnits",
    "Cancelled",
    "CancelledUnits",
    "CarriedOut",
    "ChangeAddress",
    "ChangePrice",
    "Charge",
    "ChargedSum",
    "ChargesDue",
    "CreditLine",
    "CreditRequest",
    "Credited",
    "CreditedUnits",
    "ExchangeEnd",
    "ExchangeLine",
    "ExchangeRequest",
    "ExchangeWait",
    "Exchanged",
    "Failure",
    "GivenUp",
    "Grace",
    "HandedOverUnits",
    "Intake",
    "LineView",
    "LineWish",
    "LinesBackordered",
    "LinesCancelled",
    "LinesCredited",
    "LinesHandedOver",
    "LinesResourced",
    "MoneyProblem",
    "MoneyProblemRaised",
    "MoneyProblemResolved",
    "MovedPromise",
    "NewCharge",
    "NoSuchOrder",
    "Offers",
    "Order",
    "OrderAmended",
    "OrderChanged",
    "OrderClosed",
    "OrderEvent",
    "OrderLine",
    "OrderPlaced",
    "OrderReady",
    "OrderState",
    "OrderSummary",
    "OrderView",
    "OutOfStep",
    "OwnedCost",
    "PlaceOrder",
    "Placed",
    "PlacedLine",
    "PreparedOrder",
    "PromiseMoved",
    "RaiseStop",
    "Recall",
    "RecallLine",
    "Recalled",
    "RefundPart",
    "Released",
    "Reoptimise",
    "ResolveStop",
    "Resource",
    "Resourced",
    "RetryMoney",
    "ReturnedAboveHandedOver",
    "SearchPage",
    "SoldSum",
    "SourceIdTaken",
    "Stage",
    "Step",
    "Stop",
    "StopRaised",
    "StopResolved",
    "StopWish",
    "TenderWish",
    "UnitsHeld",
    "UnitsRecalled",
    "attribute",
    "credit",
    "earned",
    "end_exchanges",
    "exchange",
    "fail",
    "find_by_source",
    "find_ids",
    "find_order",
    "give_up_units",
    "given_for",
    "list_amenders",
    "list_carried_out",
    "list_channels",
    "list_deliveries",
    "list_had_since",
    "list_heads",
    "list_latest_of_customers",
    "list_newest",
    "list_of_customers",
    "list_price_reasons",
    "list_saved",
    "list_sellers",
    "list_states",
    "list_summaries",
    "list_titles",
    "list_with_money_problem",
    "lock_orders",
    "lock_stopped",
    "move",
    "order_view",
    "plan_credit",
    "prolong_exchanges",
    "quote_credits",
    "release",
    "requests_of",
    "require_placed_at",
    "returned_units",
    "search",
    "status",
    "sum_bought",
    "sum_credits",
    "sum_sales",
    "units_let_go",
    "worth",
]
