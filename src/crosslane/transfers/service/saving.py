"""Saving what a step did: counters, journal, what the destination may count with, news."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from crosslane import inventory
from crosslane.inventory import IncomingKey, IncomingReport
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.transfers import storage
from crosslane.transfers.domain import Deed, Line, Transfer, state_of
from crosslane.transfers.events import TransferEvent, TransferUnits, TransferWithdrawn
from crosslane.transfers.storage import Movement

SOURCE = inventory.TRANSFERS
KIND = "transfer"
NOT_THERE = "not_there"

Told = TypeVar("Told", bound=TransferEvent)


class Journal:
    """The entries that a step adds to the journal of a transfer.

    Args:
        tx: open transaction, whose actor did it.
        occurred_at: when it happened.
    """

    def __init__(self, tx: Tx, occurred_at: datetime | None) -> None:
        self.occurred_at = occurred_at or tx.now
        self.movements: list[Movement] = []
        self._tx = tx

    def note(self, transfer: Transfer, line: Line, deed: Deed, units: int, code: str = "") -> None:
        """Add what happened to units of a line; nothing of none."""
        if units:
            self.movements.append(
                Movement(
                    id=new_id(),
                    transfer_id=transfer.id,
                    line_id=line.id,
                    at=self._tx.now,
                    occurred_at=self.occurred_at,
                    deed=deed,
                    units=units,
                    code=code,
                    actor=str(self._tx.actor),
                    trace=self._tx.trace,
                )
            )


def advance(transfer: Transfer, now: datetime) -> None:
    """Let a transfer stand as its units say."""
    transfer.changed_at = max(now, transfer.changed_at)
    transfer.version += 1
    transfer.state = state_of(transfer)
    ended = transfer.state in ("closed", "cancelled")
    transfer.ended_at = (transfer.ended_at or transfer.changed_at) if ended else None


async def save(
    tx: Tx, transfers: Sequence[Transfer], journal: Journal, told: Sequence[TransferEvent]
) -> None:
    """Store advanced transfers and tell of them."""
    await storage.save_transfers(tx, transfers)
    await storage.insert_movements(tx, journal.movements)
    await log.append(tx, told)


async def announce(tx: Tx, transfer: Transfer) -> None:
    """Tell the destination what it may count with; the transfer has advanced."""
    lines = [line for line in transfer.lines if line.incoming_id or line.sent or line.arrived]
    reports = [
        IncomingReport(
            key=IncomingKey(SOURCE, transfer.number, line.variant_id, transfer.destination_id),
            quantity=line.announced,
            available_on=transfer.expected_on,
            as_of=transfer.changed_at,
            message=f"{transfer.version:09}",
            owner_id=transfer.owner_id,
        )
        for line in lines
    ]
    for line, known in zip(lines, await inventory.report_incoming(tx, reports), strict=True):
        line.incoming_id = known.id


async def give_up(
    tx: Tx,
    given_up: Sequence[tuple[Transfer, Sequence[tuple[Line, int]]]],
    journal: Journal,
    *,
    short: bool = False,
) -> list[TransferEvent]:
    """Give units that lines have withdrawn back to the stock of their source.

    Args:
        tx: open transaction.
        given_up: transfers with their lines and the units each has withdrawn.
        journal: takes them.
        short: they turned out not to be there.

    Returns:
        What is to be told of it.
    """
    parts = [(one, line, units) for one, lines in given_up for line, units in lines if units]
    if not parts:
        return []
    await inventory.release_allocation(
        tx,
        [
            inventory.Release(
                variant_id=line.variant_id,
                location_id=one.source_id,
                quantity=units,
                cause=cause_of(one, line.id),
                at_most=True,
            )
            for one, line, units in parts
        ],
    )
    for one, line, units in parts:
        journal.note(one, line, "withdraw", units, NOT_THERE if short else "")
    return [
        event_of(
            TransferWithdrawn,
            one,
            journal.occurred_at,
            units=units,
            short=short,
            cancelled=state_of(one) == "cancelled",
        )
        for one, lines in given_up
        if (units := units_of(lines))
    ]


def cause_of(transfer: Transfer, line_id: UUID) -> inventory.Cause:
    """Return what stock moves for."""
    return inventory.Cause(KIND, transfer.id, line_id)


def units_of(parts: Sequence[tuple[Line, int]]) -> list[TransferUnits]:
    """Return units of lines as events tell them."""
    return [TransferUnits(line.id, line.variant_id, units) for line, units in parts if units]


def event_of(kind: type[Told], transfer: Transfer, at: datetime, **more: Any) -> Told:
    """Return an event of a transfer; ``more`` are the fields of its own."""
    return kind(
        transfer_id=transfer.id,
        number=transfer.number,
        source_id=transfer.source_id,
        destination_id=transfer.destination_id,
        owner_id=transfer.owner_id,
        occurred_at=at,
        **more,
    )
