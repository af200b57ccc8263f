"""Finding transfers, and how clients see them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.kernel import BadOrderNumber, order_number, parse_order_number
from crosslane.locations import network
from crosslane.organization import book
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.transfers import storage
from crosslane.transfers.domain import Deed, Line, Purpose, State, Transfer
from crosslane.transfers.errors import ForeignTransfer, NoSuchTransfer

LETTER = "T"
HISTORY_MAX = 1_000


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a transfer.

    Args:
        requested: units asked for; 0 for an article that was sent or came besides.
        withdrawn: units of those that will not be sent.
        to_send: units held at the source and still to be sent.
        on_way: units on their way; below zero when more came than were sent.
        received: units that arrived in good order.
        damaged: units that arrived damaged.
        written_off: units given up on the way, below zero for a surplus.
    """

    id: UUID
    variant_id: UUID
    sku: str
    requested: int
    withdrawn: int
    to_send: int
    sent: int
    on_way: int
    received: int
    damaged: int
    written_off: int


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as clients see it.

    Args:
        source: code of the location that sends.
        destination: code of the location that receives.
        owner: code of the legal entity that owns the goods once they have left.
        expected_on: day from which they can be promised at the destination.
    """

    id: UUID
    number: str
    source: str
    destination: str
    owner: str
    state: State
    purpose: Purpose
    note: str
    expected_on: date
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None
    version: int
    lines: list[LineView]

    @property
    def to_send(self) -> int:
        """Units still to be sent."""
        return sum(line.to_send for line in self.lines)

    @property
    def on_way(self) -> int:
        """Units on their way."""
        return sum(max(0, line.on_way) for line in self.lines)

    @property
    def differs(self) -> bool:
        """Whether something is on its way or came besides, so that it can be written off."""
        return any(line.on_way for line in self.lines)


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal of a transfer.

    Args:
        units: how many; of a surplus written off below zero.
        code: why, "" where nothing is to be said.
        occurred_at: when it happened; ``at`` is when it was recorded.
    """

    at: datetime
    occurred_at: datetime
    deed: Deed
    sku: str
    units: int
    code: str
    actor: str


def number_of(sequence: int) -> str:
    """Return the number people see for the transfer with this sequence, such as ``T00001T-8``."""
    return LETTER + order_number(sequence)


async def open_transfer(tx: Tx, named: str) -> Transfer:
    """Lock a transfer by its number, as typed, or by its id.

    Raises:
        NoSuchTransfer: there is none, or the caller may not see it.
    """
    transfer_id = await _id_of(tx, named)
    found = await storage.lock_transfers(tx, [transfer_id]) if transfer_id else {}
    return _seen(tx.actor, found, transfer_id, named)


async def find_transfer(tx: Tx, named: str) -> Transfer:
    """Return a transfer by its number, as typed, or by its id, without locking it.

    Raises:
        NoSuchTransfer: there is none, or the caller may not see it.
    """
    transfer_id = await _id_of(tx, named)
    found = await storage.transfers_by_id(tx, [transfer_id]) if transfer_id else {}
    return _seen(tx.actor, found, transfer_id, named)


async def view(tx: Tx, transfer: Transfer) -> TransferView:
    """Return a transfer as clients see it."""
    return (await views(tx, [transfer]))[0]


async def views(tx: Tx, transfers: Sequence[Transfer]) -> list[TransferView]:
    """Return transfers as clients see them."""
    known = (await network(tx)).by_id
    owners = {entity.id: entity.code for entity in (await book(tx)).entities.values()}
    return [
        TransferView(
            id=one.id,
            number=one.number,
            source=known[one.source_id].code,
            destination=known[one.destination_id].code,
            owner=owners[one.owner_id],
            state=one.state,
            purpose=one.purpose,
            note=one.note,
            expected_on=one.expected_on,
            requested_by=one.requested_by,
            requested_at=one.requested_at,
            ended_at=one.ended_at,
            version=one.version,
            lines=[_line(line) for line in one.lines],
        )
        for one in transfers
    ]


async def list_history(
    tx: Tx, transfer: Transfer, *, after: UUID | None = None, limit: int = HISTORY_MAX
) -> list[tuple[UUID, Happened]]:
    """Return what has happened to a transfer, in the order of its telling, each with its id."""
    skus = {line.id: line.sku for line in transfer.lines}
    return [
        (
            one.id,
            Happened(
                at=one.at,
                occurred_at=one.occurred_at,
                deed=one.deed,
                sku=skus[one.line_id],
                units=one.units,
                code=one.code,
                actor=one.actor,
            ),
        )
        for one in await storage.list_movements(tx, transfer.id, after, limit)
    ]


async def require_at(tx: Tx, location_id: UUID) -> None:
    """Let only people of a location, or of none, say what happens there.

    Raises:
        ForeignTransfer: the caller belongs to another location.
    """
    if tx.actor.location_id not in (None, location_id):
        raise ForeignTransfer(location=(await network(tx)).by_id[location_id].code)


def _seen(
    actor: Actor, found: Mapping[UUID, Transfer], transfer_id: UUID | None, named: str
) -> Transfer:
    one = found.get(transfer_id) if transfer_id else None
    if one is None or actor.location_id not in (None, one.source_id, one.destination_id):
        raise NoSuchTransfer(named=named[:40])
    return one


async def _id_of(tx: Tx, named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        pass
    try:
        number = LETTER + parse_order_number(named.strip().upper().removeprefix(LETTER))
    except BadOrderNumber:
        return None
    return await storage.find_by_number(tx, number)


def _line(line: Line) -> LineView:
    return LineView(
        id=line.id,
        variant_id=line.variant_id,
        sku=line.sku,
        requested=line.requested,
        withdrawn=line.withdrawn,
        to_send=line.to_send,
        sent=line.sent,
        on_way=line.on_way,
        received=line.received,
        damaged=line.damaged,
        written_off=line.written_off,
    )
