"""Sourcing over arrays: thousands of decisions a second, for whoever must make many.

The planner of single orders (:func:`crosslane.sourcing.plan`) answers one question with a receipt.
Here the same costs lie in arrays, and the same exact method runs over them: to try a policy on a
retailer's days, to find out what stock is worth to later orders, to decide open orders anew.

Nouns: a :class:`Field` (locations, carriage, variants, slots), :class:`Demand` (who asks for what,
in the order of time), :class:`State` (what is left), :class:`Prices` (what it is worth later), an
:class:`Instance` (all of them from a file), a :class:`Forecast` (what is expected, corrected by
what was seen), an :class:`Estimate` (prices in the making), an :class:`Outcome` (what it came to).

Doors: :func:`replay` demand under prices, :func:`estimated` prices, :func:`forward_looking` and
:func:`myopic` to serve an instance by either, :func:`reoptimise` open orders all together (a
:class:`Joint` tells how near to the best), :func:`nearest_all` as the yardstick,
:func:`load_instance`, :func:`bridge` from the planner's problems of a tenant's orders,
:func:`decide_anew` for those that are served already, :func:`simulate_instance` under a change;
:data:`COMPILED` says whether numba runs the loops.

Invariants: nothing is taken that is not there; costs are whole milli; the decision on one order is
the cheapest there is under the prices; equal questions have equal answers.
"""

from crosslane.sourcing.fields.anew import Anew, Moved, decide_anew
from crosslane.sourcing.fields.bridge import ASIDE, Bridged, bridge
from crosslane.sourcing.fields.compiled import COMPILED
from crosslane.sourcing.fields.field import (
    EXPRESS,
    LINES_MAX,
    NO_LIMIT,
    STANDARD,
    WALK_IN,
    WEIGHT_PER_KG,
    Demand,
    Field,
    Prices,
    State,
    no_prices,
)
from crosslane.sourcing.fields.forecast import Forecast
from crosslane.sourcing.fields.instances import (
    MILLI_PER_UNIT,
    Instance,
    NoInstance,
    load_instance,
)
from crosslane.sourcing.fields.joint import Joint, reoptimise
from crosslane.sourcing.fields.nearest import nearest_all
from crosslane.sourcing.fields.packing import UNSERVED, Desk, decide, desk_for
from crosslane.sourcing.fields.pieces import (
    BROKEN,
    PIECES_MAX,
    Pieces,
    decide_pieces,
    room_for_pieces,
)
from crosslane.sourcing.fields.policy import Served, forward_looking, myopic
from crosslane.sourcing.fields.prices import Estimate, estimated, no_estimate
from crosslane.sourcing.fields.replaying import (
    Outcome,
    new_tally,
    outcome_of,
    replay,
    settle,
)
from crosslane.sourcing.fields.simulating import (
    WHOLE_PERCENT,
    FieldComparison,
    FieldOrder,
    FieldTrial,
    FieldWork,
    simulate_instance,
)

__all__ = [
    "ASIDE",
    "BROKEN",
    "COMPILED",
    "EXPRESS",
    "LINES_MAX",
    "MILLI_PER_UNIT",
    "NO_LIMIT",
    "PIECES_MAX",
    "STANDARD",
    "UNSERVED",
    "WALK_IN",
    "WEIGHT_PER_KG",
    "WHOLE_PERCENT",
    "Anew",
    "Bridged",
    "Demand",
    "Desk",
    "Estimate",
    "Field",
    "FieldComparison",
    "FieldOrder",
    "FieldTrial",
    "FieldWork",
    "Forecast",
    "Instance",
    "Joint",
    "Moved",
    "NoInstance",
    "Outcome",
    "Pieces",
    "Prices",
    "Served",
    "State",
    "bridge",
    "decide",
    "decide_anew",
    "decide_pieces",
    "desk_for",
    "estimated",
    "forward_looking",
    "load_instance",
    "myopic",
    "nearest_all",
    "new_tally",
    "no_estimate",
    "no_prices",
    "outcome_of",
    "reoptimise",
    "replay",
    "room_for_pieces",
    "settle",
    "simulate_instance",
]
