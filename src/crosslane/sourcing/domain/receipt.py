"""Receipts: a decision with everything needed to make it again.

A receipt keeps the condensed problem: the candidates that could be part of the best plan or, should
one of its places fail, of the next, or that the nearest places would have used; and of the others
only names and the rule that dropped them.
Planning the condensed problem gives the same plan, byte for byte; so a receipt is checked by
replaying it and explained by varying it.
"""

from collections import defaultdict

import msgspec

from crosslane.sourcing.domain.nearest import Nearest, nearest
from crosslane.sourcing.domain.order import Order, order_of, undominated
from crosslane.sourcing.domain.planning import SourcingPlan, packing_of, plan_of
from crosslane.sourcing.domain.problem import SourcingProblem
from crosslane.sourcing.domain.rules import Dropped, Passed, sift

RECEIPT_VERSION = 1
# Places that hold a part of a line are kept as well, the cheapest of them: with a little more
# stock they would have been chosen, which an explanation should tell.
NEAR_MISSES_MAX = 12


class DroppedPlaces(msgspec.Struct, frozen=True, array_like=True):
    """Places that one rule took out.

    Args:
        rule: its name; ``dominated:<place>`` names the better place, ``holds_too_few`` says that
            others hold the whole line.
        line: key of the line it was for, "" for the whole order.
        places: codes, rising.
    """

    rule: str
    line: str
    places: tuple[str, ...]


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
    kept |= _used_by(yardstick, order)
    return Receipt(
        RECEIPT_VERSION,
        problem.digest,
        _condensed(problem, kept),
        _grouped([*dropped, *order.dominated, *too_few]),
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


def _used_by(yardstick: Nearest | None, order: Order) -> set[tuple[str, str]]:
    """Return the candidates of the nearest places as (SKU, place)."""
    chosen = yardstick.pieces if yardstick else {}
    return {(order.pieces[piece].sku, code) for code, pieces in chosen.items() for piece in pieces}


def _kept(
    problem: SourcingProblem, order: Order, passed: Passed, found: SourcingPlan
) -> tuple[set[tuple[str, str]], list[Dropped]]:
    """Return the candidates worth keeping as (SKU, place), and those that nothing keeps."""
    used = {parcel.place for parcel in found.parcels}
    # What only a used place makes needless would be needed if that place failed.
    next_best, _ = undominated([*(s for s in order.sites if s.code not in used), *order.needless])
    sites = [*order.sites, *next_best]
    kept = {(order.pieces[piece].sku, site.code) for site in sites for piece in site.costs}
    whole = {
        (order.pieces[piece].sku, site.code)
        for site in (*order.sites, *order.needless)
        for piece in site.costs
    }
    handling = {place.code: place.handling_parcel_milli for place in problem.places}
    too_few: list[Dropped] = []
    for line in problem.lines:
        misses = [code for code in passed[line.key] if (line.sku, code) not in whole]
        misses.sort(key=lambda code: (handling[code], code))
        too_few += [Dropped(line.key, code, "holds_too_few") for code in misses]
        kept |= {(line.sku, code) for code in misses[:NEAR_MISSES_MAX]}
    return kept, too_few


def _condensed(problem: SourcingProblem, kept: set[tuple[str, str]]) -> SourcingProblem:
    """Return the problem with only the kept candidates, and the places and tariffs they need."""
    lines = tuple(
        msgspec.structs.replace(
            line, candidates=tuple(c for c in line.candidates if (line.sku, c.place) in kept)
        )
        for line in problem.lines
    )
    needed = {candidate.place for line in lines for candidate in line.candidates}
    places = [place for place in problem.places if place.code in needed]
    used = sorted({place.tariff for place in places if place.tariff >= 0})
    numbers = {old: new for new, old in enumerate(used)}
    return SourcingProblem(
        problem.method,
        problem.currency,
        lines,
        tuple(
            msgspec.structs.replace(place, tariff=numbers.get(place.tariff, place.tariff))
            for place in places
        ),
        tuple(problem.tariffs[old] for old in used),
        problem.settings,
    )


def _grouped(dropped: list[Dropped]) -> tuple[DroppedPlaces, ...]:
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in dropped:
        groups[entry.rule, entry.line].add(entry.place)
    return tuple(
        DroppedPlaces(rule, line, tuple(sorted(places)))
        for (rule, line), places in sorted(groups.items())
    )
