"""Receipts: a decision with everything needed to make it again.

A receipt keeps the condensed problem: the candidates that could be part of the best plan or, should
one of its places fail, of the next, or that the nearest places would have used; and of the others
only names and the rule that dropped them.
Planning the condensed problem gives the same plan, byte for byte; so a receipt is checked by
replaying it and explained by varying it.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from crosslane.sourcing.domain.nearest import Nearest, nearest
from crosslane.sourcing.domain.order import Order, Site, order_of, undominated
from crosslane.sourcing.domain.planning import SourcingPlan, packing_of, plan_of
from crosslane.sourcing.domain.problem import (
    NO_CARRIAGE,
    Faster,
    Line,
    Place,
    SourcingProblem,
)
from crosslane.sourcing.domain.rules import DroppedPlaces, Passed, sift

RECEIPT_VERSION = 2
# Places that hold a part of a line are kept as well, the cheapest of them: with a little more
# stock they would have been chosen, which an explanation should tell.
NEAR_MISSES_MAX = 12


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """One decision.

    Args:
        version: of this form.
        digest: fingerprint of the problem as it was asked.
        problem: condensed.
        dropped: what was left out of it, and why.
        plan: the decision.
        nearest_milli: what sending it from the nearest places would have cost (see ``nearest``);
            None when no distance is known.
    """

    version: int
    digest: str
    problem: SourcingProblem
    dropped: tuple[DroppedPlaces, ...]
    plan: SourcingPlan
    nearest_milli: int | None

    def encode(self) -> bytes:
        """Return the receipt as bytes; equal receipts are equal bytes."""
        return _ENCODER.encode(self)


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Receipt)


def decode_receipt(stored: bytes) -> Receipt:
    """Return the receipt that was encoded."""
    return _DECODER.decode(stored)


def decide(problem: SourcingProblem) -> Receipt:
    """Plan a problem and keep how it was decided."""
    passed, dropped = sift(problem)
    order = order_of(problem, passed)
    found = plan_of(problem, order, packing_of(order, problem.settings.search_effort))
    yardstick = nearest(problem, order)
    kept, too_few = _kept(problem, order, passed, found)
    for sku, places in _used_by(yardstick, order).items():
        kept[sku] |= places
    dropped += [*_dominated(order), *too_few]
    return Receipt(
        RECEIPT_VERSION,
        problem.digest,
        _condensed(problem, kept),
        tuple(sorted(dropped, key=lambda group: (group.rule, group.line))),
        found,
        yardstick.cost_milli if yardstick else None,
    )


def replay(receipt: Receipt) -> Receipt:
    """Decide the condensed problem of a receipt again; the result is the same, byte for byte."""
    problem = receipt.problem
    order = order_of(problem, sift(problem)[0])
    yardstick = nearest(problem, order)
    return msgspec.structs.replace(
        receipt,
        plan=plan_of(problem, order, packing_of(order, problem.settings.search_effort)),
        nearest_milli=yardstick.cost_milli if yardstick else None,
    )


# Codes of places by SKU.
Holders = dict[str, set[str]]


def _used_by(yardstick: Nearest | None, order: Order) -> Holders:
    """Return the candidates of the nearest places."""
    used: Holders = defaultdict(set)
    for code, pieces in (yardstick.pieces if yardstick else {}).items():
        for piece in pieces:
            used[order.pieces[piece].sku].add(code)
    return used


def _holding(order: Order, sites: Iterable[Site]) -> Holders:
    """Return the places that can serve a piece of each SKU."""
    codes: list[set[str]] = [set() for _ in order.pieces]
    for site in sites:
        for piece in site.costs:
            codes[piece].add(site.code)
    holding: Holders = {}
    for piece, holders in zip(order.pieces, codes, strict=True):
        holding.setdefault(piece.sku, set()).update(holders)
    return holding


def _kept(
    problem: SourcingProblem, order: Order, passed: Passed, found: SourcingPlan
) -> tuple[Holders, list[DroppedPlaces]]:
    """Return the candidates worth keeping, and those that nothing keeps."""
    used = {parcel.place for parcel in found.parcels}
    needless = [site for site, _ in order.needless]
    # What only a used place makes needless would be needed if that place failed.
    next_best, _ = undominated([*(s for s in order.sites if s.code not in used), *needless])
    kept = defaultdict(set, _holding(order, [*order.sites, *next_best]))
    whole = _holding(order, [*order.sites, *needless])
    handling = {place.code: place.handling_parcel_milli for place in problem.places}
    too_few: list[DroppedPlaces] = []
    for line in problem.lines:
        misses = passed[line.key].keys() - whole.get(line.sku, ())
        if misses:
            too_few.append(DroppedPlaces("holds_too_few", line.key, tuple(sorted(misses))))
            cheapest = sorted(misses, key=lambda code: (handling[code], code))
            kept[line.sku].update(cheapest[:NEAR_MISSES_MAX])
    return kept, too_few


def _dominated(order: Order) -> list[DroppedPlaces]:
    dropped: dict[str, list[str]] = defaultdict(list)
    for site, better in order.needless:
        dropped[better].append(site.code)
    return [
        DroppedPlaces(f"dominated:{better}", "", tuple(sorted(codes)))
        for better, codes in dropped.items()
    ]


def _condensed(problem: SourcingProblem, kept: Holders) -> SourcingProblem:
    """Return the problem with only the kept candidates, and the places and tariffs they need."""
    lines: list[Line] = []
    needed: set[str] = set()
    for line in problem.lines:
        codes = kept[line.sku]
        needed |= codes
        left = tuple([each for each in line.candidates if each.place in codes])
        lines.append(msgspec.structs.replace(line, candidates=left))
    places = [place for place in problem.places if place.code in needed]
    used = sorted({number for place in places for number in _tariffs(place)})
    numbers = {old: new for new, old in enumerate(used)}
    return SourcingProblem(
        problem.method,
        problem.currency,
        tuple(lines),
        tuple(
            [
                msgspec.structs.replace(
                    place,
                    tariff=numbers.get(place.tariff, place.tariff),
                    faster=tuple([Faster(numbers[f.tariff], f.overdue_days) for f in place.faster]),
                )
                for place in places
            ]
        ),
        tuple(problem.tariffs[old] for old in used),
        problem.settings,
        problem.in_time,
    )


def _tariffs(place: Place) -> Iterable[int]:
    if place.tariff != NO_CARRIAGE:
        yield place.tariff
    yield from (faster.tariff for faster in place.faster)
