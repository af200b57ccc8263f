"""Receipts: a decision with everything that it was decided on.

A receipt keeps the whole problem, so that anybody can decide it again, byte for byte, tell what
became of every candidate, or try what another rule, network or price would have done. What can be
found out from the problem is not kept beside it: which rule dropped a place, what a candidate would
have cost.

A receipt is of one of two forms. By rows it can keep any problem; by columns (see :mod:`columns`) a
plain one, at a fraction of the work.
"""

import zlib
from collections.abc import Iterable
from typing import Self

import msgspec

from crosslane.sourcing.domain.columns import (
    COMPRESSION_LEVEL,
    Columns,
    Packed,
    columns_of,
    is_dense,
    unpacked,
    unpressed,
)
from crosslane.sourcing.domain.nearest import nearest
from crosslane.sourcing.domain.order import undominated
from crosslane.sourcing.domain.planning import (
    Assignment,
    PlannedParcel,
    SourcingPlan,
    Unfilled,
    packing_of,
    plan_of,
)
from crosslane.sourcing.domain.problem import SourcingProblem, digest_of
from crosslane.sourcing.domain.rules import DroppedPlaces, refused
from crosslane.sourcing.domain.sites import Sites

ROWS_VERSION = 4
COLUMNS_VERSION = 5
# More would not fit beside the rest of its row, on a page of PostgreSQL's.
PLAIN_BYTES_MAX = 1_800


class _BriefPlan(msgspec.Struct, frozen=True, array_like=True):
    """A plan without the names of its parts."""

    assignments: tuple[tuple[str, str, int], ...]
    unfilled: tuple[tuple[str, int, str], ...]
    parcels: tuple[tuple[str, int, int, int, tuple[str, ...]], ...]
    rest: tuple[int, int, str, int]

    @classmethod
    def of(cls, plan: SourcingPlan) -> Self:
        """Return a plan in brief."""
        return cls(
            tuple([(given.line, given.place, given.quantity) for given in plan.assignments]),
            tuple([(left.line, left.quantity, left.reason) for left in plan.unfilled]),
            tuple(
                [
                    (sent.place, sent.weight_grams, sent.parcels, sent.cost_milli, sent.services)
                    for sent in plan.parcels
                ]
            ),
            (plan.cost_milli, plan.bound_milli, plan.method, plan.split_milli),
        )

    def plan(self) -> SourcingPlan:
        """Return the plan."""
        return SourcingPlan(
            tuple([Assignment(*given) for given in self.assignments]),
            tuple([Unfilled(*left) for left in self.unfilled]),
            tuple([PlannedParcel(*sent) for sent in self.parcels]),
            *self.rest,
        )


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """One decision.

    Args:
        version: of its form.
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
        told = self.plan, self.nearest_milli, self.before_milli
        if self.version == COLUMNS_VERSION:
            standing, columns = columns_of(self.problem)
            packed = Packed.of(standing, densely=is_dense(columns.units))
            return _filed_by_columns(packed, columns, *told)
        asked = self.problem.encode()
        parts = (self.version, msgspec.Raw(asked), *told)
        return digest_of(asked), zlib.compress(_ENCODER.encode(parts), COMPRESSION_LEVEL)

    @property
    def digest(self) -> str:
        """A fingerprint of the problem."""
        return self.filed()[0] if self.version == COLUMNS_VERSION else self.problem.digest

    @property
    def whole(self) -> Self:
        """The same, as of :class:`Glimpsed`."""
        return self

    @property
    def dropped(self) -> tuple[DroppedPlaces, ...]:
        """What was out of question, and why; worked out each time."""
        return dropped_from(self.problem)


class Glimpsed(msgspec.Struct, frozen=True):
    """A decision that was made at a glance.

    Args:
        packed: what the places are for every order.
        columns: what is the order's own of the problem.
        plan: the decision.
        nearest_milli: as of a receipt; likewise what it replaced.
        before_milli: see there.
    """

    packed: Packed
    columns: Columns
    plan: SourcingPlan
    nearest_milli: int | None
    before_milli: int | None = None

    @property
    def whole(self) -> Receipt:
        """The same, with the problem as it is asked."""
        problem = self.columns.problem(unpacked(self.packed.kept))
        told = self.plan, self.nearest_milli, self.before_milli
        return Receipt(COLUMNS_VERSION, problem, *told)

    def filed(self) -> tuple[str, bytes]:
        """Return fingerprint and bytes of the receipt, as the receipt itself would."""
        told = self.plan, self.nearest_milli, self.before_milli
        return _filed_by_columns(self.packed, self.columns, *told)


class _Versioned(msgspec.Struct, frozen=True, array_like=True):
    version: int


class _ByColumns(msgspec.Struct, frozen=True, array_like=True):
    version: int
    places: bytes
    columns: Columns
    plan: _BriefPlan
    nearest_milli: int | None
    before_milli: int | None = None


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Receipt)
_DECODER_OF_VERSION = msgspec.msgpack.Decoder(_Versioned)
_DECODER_BY_COLUMNS = msgspec.msgpack.Decoder(_ByColumns)


def _filed_by_columns(
    packed: Packed,
    columns: Columns,
    plan: SourcingPlan,
    nearest_milli: int | None,
    before_milli: int | None,
) -> tuple[str, bytes]:
    """Return fingerprint and bytes of a receipt; a short one is not worth pressing again."""
    own = columns.encode()
    brief = _BriefPlan.of(plan)
    parts = (COLUMNS_VERSION, packed.kept, msgspec.Raw(own), brief, nearest_milli, before_milli)
    told = _ENCODER.encode(parts)
    if len(told) > PLAIN_BYTES_MAX:
        told = zlib.compress(told, COMPRESSION_LEVEL)
    return digest_of(packed.raw + own), told


def decode_receipt(stored: bytes) -> Receipt:
    """Return the receipt that was encoded, of whichever form."""
    told = unpressed(stored)
    if _DECODER_OF_VERSION.decode(told).version != COLUMNS_VERSION:
        return _DECODER.decode(told)
    kept = _DECODER_BY_COLUMNS.decode(told)
    problem = kept.columns.problem(unpacked(kept.places))
    return Receipt(kept.version, problem, kept.plan.plan(), kept.nearest_milli, kept.before_milli)


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
    told = unpressed(stored)
    if _DECODER_OF_VERSION.decode(told).version != COLUMNS_VERSION:
        return _DECODER_THEN.decode(told).problem
    kept = _DECODER_BY_COLUMNS.decode(told)
    asked = kept.columns
    lines = tuple(LineThen(line.key, line.sku, line.quantity) for line in asked.lines)
    places = tuple(map(PlaceThen, unpacked(kept.places).codes))
    return ProblemThen(asked.method, asked.currency, lines, places)


def decide(problem: SourcingProblem) -> Receipt:
    """Plan a problem and keep how it was decided."""
    sites = Sites(problem)
    order = sites.order()
    found = plan_of(problem, order, packing_of(order, problem.settings.search_effort))
    yardstick = nearest(order, sites)
    return Receipt(ROWS_VERSION, problem, found, yardstick.cost_milli if yardstick else None)


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
