"""Why an order is served from where it is, and why its lines cost what they do."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import locations, orders, sourcing
from crosslane.apps.office.frame import PAGES, view
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.locations import Location, Network
from crosslane.orders import OrderView
from crosslane.platform.screens import Pin, page
from crosslane.platform.web import Caller
from crosslane.sourcing import Explanation, KeptReceipt

RECEIPTS_MAX = 50
CANDIDATES_SHOWN_MAX = 12
PINS_DROPPED_MAX = 40
METRES_PER_KM = 1000
# Costs as they are drawn: each part of a bar, and the terms that make it.
PARTS: tuple[tuple[str, ...], ...] = (
    ("carriage", "express"),
    ("handling_parcel", "handling_unit", "units"),
    ("distance",),
    ("late", "overdue"),
    ("scarcity", "capacity"),
    ("extra", "split"),
)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What serving something from a place costs, in minor units.

    Args:
        code: of the place; likewise its name.
        parts: as in PARTS, none below 0.
        saved_minor: what markdowns that are avoided take off.
        total_minor: all of it.
        units: available to promise there when it was decided.
        km: to the destination.
        chosen: units the plan takes from here.
    """

    code: str
    name: str
    parts: tuple[int, ...]
    saved_minor: int
    total_minor: int
    units: int = 0
    km: int = 0
    chosen: int = 0
    parcels: int = 0


class Dropped(msgspec.Struct, frozen=True):
    """Places that a rule took out; ``better`` is the place that replaces them, "" for none."""

    rule: str
    better: str
    names: tuple[str, ...]


class LineWhy(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line is served from where it is; the dearest candidate makes the longest bar."""

    key: str
    sku: str
    title: str
    quantity: int
    candidates: Sequence[Cost]
    left_out: int
    dropped: Sequence[Dropped]


class Worth(msgspec.Struct, frozen=True):
    """What a unit or a parcel of a place was worth to later orders; ``sku`` is "" for a parcel."""

    name: str
    sku: str
    minor: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, told.

    Args:
        kept: the decision.
        told: its explanation.
        parcels: what is sent from where at which cost.
        lines: all its lines.
        line: the one that is told in full.
        worths: prices that looked ahead.
        pins: places on the map, the destination first where it is known.
        links: from the destination to the places that serve.
    """

    kept: KeptReceipt
    told: Explanation
    currency: str
    parcels: Sequence[Cost]
    lines: Sequence[LineWhy]
    line: LineWhy
    worths: Sequence[Worth]
    pins: Sequence[Pin]
    links: Sequence[tuple[int, int]]

    @property
    def most(self) -> int:
        """The longest bar of the line."""
        return max((sum(cost.parts) for cost in self.line.candidates), default=0)

    @property
    def most_parcel(self) -> int:
        """The longest bar of the parcels."""
        return max((sum(cost.parts) for cost in self.parcels), default=0)


@page("/office/orders/{number}/why", permission="sourcing:read")
async def show_order_why(
    caller: Caller,
    request: Request,
    number: str,
    receipt: UUID | None = None,
    line: str = "",
) -> Response:
    """Tell why an order is served from where it is, and why its lines cost what they do."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        order = await orders.order_view(tx, number)
        kept = await sourcing.receipts_of_order(tx, order.id, limit=RECEIPTS_MAX)
        forgotten = order.recorded_at < sourcing.receipts_kept_since(tx)
        network = await locations.network(tx)
    kept = sorted(kept, key=lambda one: (one.at, one.id))
    shown = next((one for one in kept if one.id == receipt), kept[-1] if kept else None)
    why = None
    if shown is not None:
        # Dozens of variations are decided; others are answered meanwhile.
        told = await asyncio.to_thread(sourcing.explain, shown.receipt)
        why = why_of(order, shown, told, network, line)
    return PAGES.answer(
        viewer,
        "why.html",
        order=order,
        kept=kept,
        forgotten=forgotten,
        kept_days=sourcing.RECEIPT_DAYS,
        why=why,
        line_asked=line,
        parts=PARTS,
        prices=[(each, msgspec.json.decode(each.price_reasons)) for each in order.lines],
        names={at.code: at.name for at in network.by_id.values()},
    )


def why_of(
    order: OrderView, kept: KeptReceipt, told: Explanation, network: Network, line: str
) -> Why:
    """Return a decision as it is told; ``line`` is the key of the line in full."""
    titles = {each.sku: each.title for each in order.lines}
    places = network.by_code
    lines = [
        LineWhy(
            key=each.line,
            sku=each.sku,
            title=titles.get(each.sku, each.sku),
            quantity=each.quantity,
            candidates=[
                _cost(
                    one.place,
                    one.terms,
                    places,
                    units=one.units,
                    km=one.distance_metres // METRES_PER_KM,
                    chosen=one.chosen,
                )
                for one in _most_telling(each.candidates)
            ],
            left_out=max(0, len(each.candidates) - CANDIDATES_SHOWN_MAX),
            dropped=[
                Dropped(
                    rule.partition(":")[0],
                    _name(rule.partition(":")[2], places),
                    tuple(_name(code, places) for code in codes),
                )
                for rule, codes in each.dropped.items()
            ],
        )
        for each in told.lines
    ]
    chosen = next((each for each in lines if each.key == line), lines[0])
    pins, links = _pins(order, kept, told, network, chosen.key)
    return Why(
        kept=kept,
        told=told,
        currency=kept.receipt.problem.currency,
        parcels=[
            _cost(each.place, each.terms, places, parcels=each.parcels) for each in told.parcels
        ],
        lines=lines,
        line=chosen,
        worths=_worths(kept, chosen.sku, places),
        pins=pins,
        links=links,
    )


def _most_telling(candidates: Sequence[Any]) -> list[Any]:
    """Return the cheapest candidates, and whatever was chosen."""
    first = list(candidates[:CANDIDATES_SHOWN_MAX])
    return first + [one for one in candidates[CANDIDATES_SHOWN_MAX:] if one.chosen]


def _cost(
    code: str, terms: Mapping[str, int], places: Mapping[str, Location], **known: int
) -> Cost:
    parts = tuple(max(0, _minor(sum(terms.get(name, 0) for name in names))) for names in PARTS)
    return Cost(
        code=code,
        name=_name(code, places),
        parts=parts,
        saved_minor=max(0, -_minor(terms.get("markdown", 0))),
        total_minor=_minor(sum(terms.values())),
        **known,
    )


def _minor(milli: int) -> int:
    return round(milli / MILLI_PER_MINOR)


def _name(code: str, places: Mapping[str, Location]) -> str:
    return places[code].name if code in places else code


def _worths(kept: KeptReceipt, sku: str, places: Mapping[str, Location]) -> list[Worth]:
    """Return what looked ahead on the decision of an article."""
    problem = kept.receipt.problem
    terms = problem.settings.terms
    found: list[Worth] = []
    if "scarcity" in terms:
        found += [
            Worth(_name(each.place, places), sku, _minor(each.scarcity_milli))
            for line in problem.lines
            if line.sku == sku
            for each in line.candidates
            if each.scarcity_milli
        ]
    if "capacity" in terms:
        found += [
            Worth(_name(place.code, places), "", _minor(place.capacity_milli))
            for place in problem.places
            if place.capacity_milli
        ]
    return found[:CANDIDATES_SHOWN_MAX]


def _pins(
    order: OrderView, kept: KeptReceipt, told: Explanation, network: Network, key: str
) -> tuple[list[Pin], list[tuple[int, int]]]:
    """Return the places of a decision on a map, and lines to those that serve."""
    pins: list[Pin] = []
    to = order.ship_to
    home = locations.position_of(to.country, to.postcode) if to else None
    if home is not None and to is not None:
        pins.append(Pin(to.city, home.lat, home.lon, tone="bad", named=True))
    line = next(each for each in told.lines if each.line == key)
    serving = {given.place for given in kept.receipt.plan.assignments}
    candidates = [one.place for one in _most_telling(line.candidates)]
    dropped = [code for codes in line.dropped.values() for code in codes]
    links: list[tuple[int, int]] = []
    for code in dict.fromkeys([*sorted(serving), *candidates, *dropped[:PINS_DROPPED_MAX]]):
        place = network.by_code.get(code)
        if place is None:
            continue
        if code in serving and home is not None:
            links.append((0, len(pins)))
        tone = "accent" if code in serving else "info" if code in candidates else "neutral"
        pins.append(
            Pin(place.name, place.point.lat, place.point.lon, tone=tone, named=code in serving)
        )
    return pins, links


ROUTES = [show_order_why]
