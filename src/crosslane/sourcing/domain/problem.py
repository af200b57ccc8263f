"""What is asked of the planner: lines, the places that hold them, what carrying costs, settings.

All costs are whole thousandths of a minor unit (milli), weights grams, lengths millimetres,
distances metres. Problems are built by :func:`problem_of`, which brings them into one order, so
that equal questions are equal bytes.
"""

from bisect import bisect_left
from collections.abc import Iterable
from hashlib import sha256
from operator import attrgetter
from typing import Annotated, Literal, get_args

import msgspec

# A parcel that carries nothing: the customer collects the goods where they lie.
NO_CARRIAGE = -1
EXACT_PIECES_MAX = 12
PIECES_PER_LINE_MAX = 5
SEARCH_EFFORT_DEFAULT = 20
GOODWILL_MILLI_DEFAULT = 100_000_000

Term = Literal[
    "handling_parcel",
    "handling_unit",
    "carriage",
    "distance",
    "extra",
    "scarcity",
    "capacity",
    "late",
    "split",
    "overdue",
    "express",
    "markdown",
    "margin",
]
TERMS: frozenset[Term] = frozenset(get_args(Term))
# The margin takes one more look-up a batch, and counts only beside a goodwill that is not too high.
USUAL_TERMS: frozenset[Term] = TERMS - {"margin"}
Sender = Literal["store", "warehouse", "vendor"]
SENDERS: frozenset[Sender] = frozenset(get_args(Sender))


class Tariff(msgspec.Struct, frozen=True, array_like=True):
    """What carrying one parcel costs by weight.

    Args:
        weights: heaviest weight of each bracket in grams, rising.
        prices_milli: price of each bracket.
        per_kg_milli: added per kilogram, rounded down.
        length_max_mm: longest side of anything in the parcel; 0 for no limit.
        service: code of the delivery service it is the price of.
    """

    weights: tuple[int, ...]
    prices_milli: tuple[int, ...]
    per_kg_milli: int = 0
    length_max_mm: int = 0
    service: str = ""

    @property
    def weight_max_grams(self) -> int:
        """The heaviest parcel."""
        return self.weights[-1]

    def parcels(self, weight_grams: int) -> int:
        """Return how many parcels a weight needs: full ones and one for the rest."""
        return max(1, -(-weight_grams // self.weights[-1]))

    def takes(self, line: "Line") -> bool:
        """Whether a unit of a line is neither too heavy nor too long."""
        long = 0 < self.length_max_mm < line.length_mm
        return not long and line.weight_grams <= self.weights[-1]

    def price_milli(self, weight_grams: int) -> int:
        """Return what carrying a weight costs, in as many parcels as it needs."""
        full, rest = divmod(weight_grams, self.weights[-1])
        price = full * self.prices_milli[-1] + self.per_kg_milli * weight_grams // 1000
        if rest or not full:
            price += self.prices_milli[bisect_left(self.weights, rest)]
        return price


class Faster(msgspec.Struct, frozen=True, array_like=True):
    """A service that brings a place's parcels sooner than the one that was asked for.

    Args:
        tariff: number of its tariff.
        overdue_days: days after the wanted instant on which they arrive by it; 0 for in time.
    """

    tariff: int
    overdue_days: int = 0


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A location as the planner sees it for one destination.

    Args:
        code: its name; equal costs go to the earlier code.
        serves: methods it can serve for this destination.
        tariff: number of the tariff for its parcels to the destination; NO_CARRIAGE for none.
        distance_metres: to the destination.
        handling_parcel_milli: work of sending one parcel.
        handling_unit_milli: work of picking one unit.
        capacity_left: parcels it can still send on the day; None for no limit.
        capacity_milli: value of one parcel of that capacity to later orders; 0 where none is left.
        active: false when it is retired.
        open: false while it is closed for more than its usual hours.
        takes_hazardous: whether it may send dangerous goods; true where it sends nothing, or none
            are asked for.
        sends: false when places of its kind send no parcels of the channel.
        overdue_days: days after the wanted instant on which its parcels arrive, begun ones counted
            whole; 0 for in time, or when nobody wants them by an instant.
        faster: services by which they would arrive on fewer days after it.
        units_min: a vendor is not asked to send fewer units together; 0 for any.
        value_min_milli: nor units of less value to it; 0 for any.
    """

    code: str
    serves: frozenset[str]
    tariff: int = NO_CARRIAGE
    distance_metres: int = 0
    handling_parcel_milli: int = 0
    handling_unit_milli: int = 0
    capacity_left: int | None = None
    capacity_milli: int = 0
    active: bool = True
    open: bool = True
    takes_hazardous: bool = True
    sends: bool = True
    overdue_days: int = 0
    faster: tuple[Faster, ...] = ()
    units_min: int = 0
    value_min_milli: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it can send no parcel more on the day."""
        return self.capacity_left is not None and self.capacity_left <= 0


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """Units of a line's variant at a place.

    Args:
        place: code of the place.
        units: available to promise to this order.
        fenced_units: where none is available, those that lie there, kept for others by ring-fences
            and as safety stock.
        extra_milli: cost of taking one unit here (a vendor's margin), negative for a gain.
        scarcity_milli: value of one unit here to later orders.
        markdown_milli: what is saved by each unit that need not be marked down here.
        value_milli: what a vendor asks for a unit, towards the least that it takes on.
    """

    place: str
    units: int
    fenced_units: int = 0
    extra_milli: int = 0
    scarcity_milli: int = 0
    markdown_milli: int = 0
    value_milli: int = 0


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One line to be sourced.

    Args:
        key: name of the line in the order.
        sku: its variant; lines of one SKU share the units of a place.
        quantity: units wanted.
        candidates: where units lie.
        weight_grams: of one unit.
        length_mm: longest side of one unit.
        methods: how the fulfillment policy lets the variant reach a customer.
        barred: codes of places that may not serve this line (they rejected or lacked it before).
        margin_milli: what a unit that is left unserved does not earn: its price less its cost; 0
            when either is not known.
        hazardous: whether it is dangerous goods.
        only: code of the place that it was given to when open orders were decided together; "" for
            any place.
    """

    key: str
    sku: str
    quantity: int
    candidates: tuple[Candidate, ...] = ()
    weight_grams: int = 0
    length_mm: int = 0
    methods: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    margin_milli: int = 0
    hazardous: bool = False
    only: str = ""


class SourcingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which costs count and which liberties the planner has; a policy of the retailer.

    Args:
        terms: the cost terms that are switched on; a term left out costs nothing.
        distance_milli_per_km: cost of one kilometre per parcel; small, it prefers the nearer of
            two places that cost the same.
        late_milli: cost of a parcel from a place that has no capacity left on the day.
        split_milli: cost of each parcel of an order beyond its first: what the retailer would give
            for one more customer who gets everything at once.
        overdue_milli_per_day: cost of each day, begun ones counted whole, by which a parcel arrives
            after it was promised or wanted.
        goodwill_milli: cost of leaving a unit unserved besides the margin it would have earned. So
            high as it is by default, nothing is left that can be served.
        full_places_drop: a place without capacity is dropped instead of being late, unless what has
            to be in time is so on its next day.
        split_quantities: a line that no place holds whole may come from several.
        pieces_per_line_max: from how many places at most.
        search_effort: work spent on an order too large to prove, about milliseconds.
        senders: kinds of location that send parcels of the channel; a trade customer's forty
            cartons need not be gathered from shops.
    """

    terms: frozenset[Term] = USUAL_TERMS
    distance_milli_per_km: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10
    late_milli: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 300_000
    split_milli: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0
    overdue_milli_per_day: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 300_000
    goodwill_milli: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = GOODWILL_MILLI_DEFAULT
    full_places_drop: bool = False
    split_quantities: bool = True
    pieces_per_line_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = PIECES_PER_LINE_MAX
    search_effort: Annotated[int, msgspec.Meta(ge=0, le=1000)] = SEARCH_EFFORT_DEFAULT
    senders: frozenset[Sender] = SENDERS

    def unfilled_milli(self, line: Line) -> int:
        """Return what leaving one unit of a line unserved costs."""
        margin = line.margin_milli if "margin" in self.terms else 0
        return self.goodwill_milli + max(0, margin)


class SourcingProblem(msgspec.Struct, frozen=True, array_like=True):
    """One order's (or one destination's) question: which place serves which units of which line.

    Args:
        method: how the goods reach the customer: ship, ship_to_store, pickup, carry_out.
        currency: of all costs.
        lines: by key.
        places: by code.
        tariffs: named by their number.
        settings: see there.
        in_time: nothing may arrive after the wanted instant, whatever it costs.
    """

    method: str
    currency: str
    lines: tuple[Line, ...]
    places: tuple[Place, ...]
    tariffs: tuple[Tariff, ...] = ()
    settings: SourcingSettings = SourcingSettings()
    in_time: bool = False

    def unfilled_milli(self, line: Line) -> int:
        """Return what leaving one unit of a line unserved costs."""
        return self.settings.unfilled_milli(line)

    def encode(self) -> bytes:
        """Return the problem as bytes; equal problems are equal bytes."""
        return _ENCODER.encode(self)

    @property
    def digest(self) -> str:
        """A short fingerprint of the problem's bytes."""
        return digest_of(self.encode())


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def digest_of(encoded: bytes) -> str:
    """Return a short fingerprint of a problem's bytes."""
    return sha256(encoded).hexdigest()[:32]


def problem_of(
    method: str,
    currency: str,
    lines: Iterable[Line],
    places: Iterable[Place],
    tariffs: Iterable[Tariff] = (),
    settings: SourcingSettings | None = None,
) -> SourcingProblem:
    """Return a problem in canonical order: lines by key, places by code, candidates by place.

    Raises:
        ValueError: a key or code appears twice, a candidate names a place that is not there, or
            two lines of one SKU see different units.
    """
    by_code = sorted(places, key=attrgetter("code"))
    by_key = [_sorted(line) for line in sorted(lines, key=attrgetter("key"))]
    codes = {place.code for place in by_code}
    if len(codes) < len(by_code) or len({line.key for line in by_key}) < len(by_key):
        raise ValueError("a line or a place appears twice")
    seen: dict[str, Line] = {}
    for line in by_key:
        twin = seen.setdefault(line.sku, line)
        if (twin.candidates, twin.weight_grams) != (line.candidates, line.weight_grams):
            raise ValueError(f"lines {twin.key} and {line.key} see {line.sku} differently")
        named = {candidate.place for candidate in line.candidates}
        if len(named) < len(line.candidates) or not named <= codes:
            raise ValueError(f"line {line.key} names a place twice or one that is not there")
    return SourcingProblem(
        method,
        currency,
        tuple(by_key),
        tuple(by_code),
        tuple(tariffs),
        settings or SourcingSettings(),
    )


def _sorted(line: Line) -> Line:
    places = [candidate.place for candidate in line.candidates]
    if places == sorted(places):
        return line
    by_place = sorted(line.candidates, key=attrgetter("place"))
    return msgspec.structs.replace(line, candidates=tuple(by_place))
