"""Goods on their way: lines with a date, and what of them is promised to backordered demand.

The latest report of a line stands: the one with the later ``as_of``, of one instant the greater
message. A promise takes from the line that arrives first. When goods arrive, their promises turn
into holds, the earliest promise first, so that nobody who came later can have them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause

TRANSFERS = "transfer"
"""The source of what our own locations send each other; nobody else may speak for it."""


class IncomingKey(NamedTuple):
    """What tells one line from another: the source's reference, the variant and the location."""

    source: str
    reference: str
    variant_id: UUID
    location_id: UUID


class IncomingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of a line: how many units in all, and from when they can be had.

    Args:
        key: which line.
        quantity: units ordered or announced, those received already included; 0 cancels it.
        available_on: day from which they can be promised out.
        as_of: instant at which this was true.
        message: orders reports of one instant.
        owner_id: whose stock it will be; None for the location's own.
    """

    key: IncomingKey
    quantity: int
    available_on: date
    as_of: datetime
    message: str
    owner_id: UUID | None = None


class IncomingLine(msgspec.Struct):
    """One protected line.

    Args:
        received: units that have arrived; may pass ``quantity``.
        promised: units promised to demand and not arrived yet.
    """

    id: UUID
    key: IncomingKey
    owner_id: UUID
    quantity: int
    available_on: date
    as_of: datetime
    message: str
    received: int = 0
    promised: int = 0

    @property
    def free(self) -> int:
        """Units that can still be promised; below zero when fewer will come than are promised."""
        return self.quantity - self.received - self.promised


class Promise(msgspec.Struct, frozen=True):
    """Units of one line promised to one demand line."""

    incoming_id: UUID
    cause: Cause
    quantity: int
    promised_for: datetime


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """All that a demand line waits for now.

    Args:
        quantity: units, 0 when it waits no more.
        cause: the demand; its ``line`` names the order line.
        location_ids: only what arrives there can serve it.
        promised_for: orders those who wait; the earliest is served first.
    """

    variant_id: UUID
    quantity: int
    cause: Cause
    location_ids: frozenset[UUID]
    promised_for: datetime


class PromisedSlice(msgspec.Struct, frozen=True):
    """Units promised from one line."""

    incoming_id: UUID
    location_id: UUID
    available_on: date
    quantity: int


class Promised(msgspec.Struct, frozen=True):
    """What was promised, the earliest arrival first."""

    slices: tuple[PromisedSlice, ...]


class IncomingSheet:
    """Protected incoming lines and their promises, changed in memory."""

    def __init__(self, lines: Iterable[IncomingLine], promises: Iterable[Promise] = ()) -> None:
        self.lines = {line.id: line for line in lines}
        self.promises = {(p.cause.line, p.incoming_id): p for p in promises}
        self.touched: set[UUID] = set()
        self.changed: set[tuple[UUID, UUID]] = set()

    def of(self, variant_id: UUID) -> list[IncomingLine]:
        """Return the lines of a variant, the earliest arrival first."""
        lines = (line for line in self.lines.values() if line.key.variant_id == variant_id)
        return sorted(lines, key=lambda line: (line.available_on, line.id))

    def add_promised(
        self, line: IncomingLine, cause: Cause, delta: int, promised_for: datetime
    ) -> None:
        """Promise units of a line to a demand line, or take them back."""
        key = (cause.line, line.id)
        had = self.promises[key].quantity if key in self.promises else 0
        line.promised += delta
        self.promises[key] = Promise(line.id, cause, had + delta, promised_for)
        self.touched.add(line.id)
        self.changed.add(key)

    def waiting(self, incoming_id: UUID) -> list[Promise]:
        """Return the promises of a line, the earliest first."""
        found = [p for p in self.promises.values() if p.incoming_id == incoming_id and p.quantity]
        return sorted(found, key=_earliest)

    def losing(self, line: IncomingLine) -> list[Promise]:
        """Return promises, cut to size, that a line can no longer keep, the latest first."""
        short = -line.free
        lost: list[Promise] = []
        for promise in reversed(self.waiting(line.id)):
            units = min(short, promise.quantity)
            if units <= 0:
                break
            lost.append(msgspec.structs.replace(promise, quantity=units))
            short -= units
        return lost


def keep_promises(sheet: IncomingSheet, waiting: Sequence[Waiting]) -> list[Promised]:
    """Promise anew, to all of these together, as much as is on its way of what they wait for.

    All give up what they have, then the earliest chooses first: so nobody keeps units that will not
    come, a date that another arrival betters, or more than it waits for.
    """
    for one in waiting:
        for line in sheet.of(one.variant_id):
            had = sheet.promises.get((one.cause.line, line.id))
            if had and had.quantity:
                sheet.add_promised(line, had.cause, -had.quantity, had.promised_for)
    found: dict[UUID, Promised] = {}
    for one in sorted(waiting, key=lambda one: (one.promised_for, one.cause.line)):
        left, slices = one.quantity, list[PromisedSlice]()
        for line in sheet.of(one.variant_id):
            units = min(left, line.free)
            if units > 0 and line.key.location_id in one.location_ids:
                sheet.add_promised(line, one.cause, units, one.promised_for)
                slices.append(_slice(line, units))
                left -= units
        found[one.cause.line] = Promised(tuple(slices))
    return [found[one.cause.line] for one in waiting]


def report(line: IncomingLine, said: IncomingReport) -> bool:
    """Let a report stand when it is newer than what is known; return whether it changed a thing."""
    if (said.as_of, said.message) < (line.as_of, line.message):
        return False
    changed = (line.quantity, line.available_on) != (said.quantity, said.available_on)
    line.quantity, line.available_on = said.quantity, said.available_on
    line.as_of, line.message = said.as_of, said.message
    return changed


def _earliest(promised: Promise) -> tuple[datetime, UUID]:
    return promised.promised_for, promised.cause.line


def _slice(line: IncomingLine, units: int) -> PromisedSlice:
    return PromisedSlice(line.id, line.key.location_id, line.available_on, units)
