"""Receipts: a decision with everything that it was decided on.

A receipt keeps the whole problem, so that anybody can decide it again, byte for byte, tell what
became of every candidate, or try what another rule, network or price would have done. What can be
found out from the problem is not kept beside it: which rule dropped a place, what a candidate would
have cost.
"""

import zlib
from collections.abc import Iterable

import msgspec

from crosslane.sourcing.domain.nearest import nearest
from crosslane.sourcing.domain.order import undominated
from crosslane.sourcing.domain.planning import SourcingPlan, packing_of, plan_of
from crosslane.sourcing.domain.problem import SourcingProblem, digest_of
from crosslane.sourcing.domain.rules import DroppedPlaces, refused
from crosslane.sourcing.domain.sites import Sites

RECEIPT_VERSION = 4
# More effort makes a receipt a tenth smaller and takes half as long again.
COMPRESSION_LEVEL = 1


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """One decision.

    Args:
        version: of this form.
        problem: as it was asked.
        plan: the decision.
        nearest_milli: what sending it from the nearest places would have cost (see ``nearest``);
            None when no distance is known.
        before_milli: what the decision cost that this one replaced when open orders were decided
            together; None for a decision by itself.
    """

    version: int
    problem: SourcingProblem
    plan: SourcingPlan
    nearest_milli: int | None
    before_milli: int | None = None

    def encode(self) -> bytes:
        """Return the receipt as bytes; equal receipts are equal bytes."""
        return self.filed()[1]

    def filed(self) -> tuple[str, bytes]:
        """Return the fingerprint of the problem and the receipt as bytes, at the cost of one."""
        asked = self.problem.encode()
        raw = msgspec.Raw(asked)
        parts = (self.version, raw, self.plan, self.nearest_milli, self.before_milli)
        return digest_of(asked), zlib.compress(_ENCODER.encode(parts), COMPRESSION_LEVEL)

    @property
    def digest(self) -> str:
        """A fingerprint of the problem."""
        return self.problem.digest

    @property
    def dropped(self) -> tuple[DroppedPlaces, ...]:
        """What was out of question, and why; worked out each time."""
        return dropped_from(self.problem)


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Receipt)


def decode_receipt(stored: bytes) -> Receipt:
    """Return the receipt that was encoded."""
    return _DECODER.decode(zlib.decompress(stored))


class LineThen(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a line: what was wanted."""

    key: str
    sku: str
    quantity: int


class PlaceThen(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a place."""

    code: str


class ProblemThen(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a problem: what was wanted, and who could have served it."""

    method: str
    currency: str
    lines: tuple[LineThen, ...]
    places: tuple[PlaceThen, ...]


class _ReceiptThen(msgspec.Struct, frozen=True, array_like=True):
    version: int
    problem: ProblemThen


_DECODER_THEN = msgspec.msgpack.Decoder(_ReceiptThen)


def wanted_in(stored: bytes) -> ProblemThen:
    """Return what was wanted by an encoded receipt; its candidates and costs are passed over."""
    return _DECODER_THEN.decode(zlib.decompress(stored)).problem


def decide(problem: SourcingProblem) -> Receipt:
    """Plan a problem and keep how it was decided."""
    sites = Sites(problem)
    order = sites.order()
    found = plan_of(problem, order, packing_of(order, problem.settings.search_effort))
    yardstick = nearest(order, sites)
    return Receipt(RECEIPT_VERSION, problem, found, yardstick.cost_milli if yardstick else None)


def replay(receipt: Receipt) -> Receipt:
    """Decide the problem of a receipt again; the result is the same, byte for byte."""
    return msgspec.structs.replace(
        decide(receipt.problem), version=receipt.version, before_milli=receipt.before_milli
    )


def dropped_from(problem: SourcingProblem) -> tuple[DroppedPlaces, ...]:
    """Return the places that cannot be part of a best plan, by rule and line."""
    sites = Sites(problem)
    dropped = [*refused(problem), *_dominated(sites), *_too_few(problem, sites)]
    return tuple(sorted(dropped, key=lambda group: (group.rule, group.line)))


def _dominated(sites: Sites) -> Iterable[DroppedPlaces]:
    dropped: dict[str, list[str]] = {}
    for site, better in undominated(sites)[1]:
        dropped.setdefault(better, []).append(site.code)
    for better, codes in dropped.items():
        yield DroppedPlaces(f"dominated:{better}", "", tuple(sorted(codes)))


def _too_few(problem: SourcingProblem, sites: Sites) -> Iterable[DroppedPlaces]:
    """Yield the places that hold a part of a line which others hold whole."""
    for line in problem.lines:
        misses = sites.passed[line.key].keys() - sites.serving(line.sku)
        if misses:
            yield DroppedPlaces("holds_too_few", line.key, tuple(sorted(misses)))
