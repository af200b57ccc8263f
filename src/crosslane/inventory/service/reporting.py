"""Commands by which systems say what lies somewhere, and what is on its way there."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.catalog import variants_by_id
from crosslane.inventory.domain.feeds import MESSAGE_ROWS_MAX, SupplyKind, SupplyRow
from crosslane.inventory.domain.incoming import (
    TRANSFERS,
    IncomingKey,
    IncomingLine,
    IncomingReport,
)
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.errors import OnATransfer
from crosslane.inventory.service.codes import codes_of
from crosslane.inventory.service.corrections import LINES_MAX, Code, Sku, Units, UnitsOrNone
from crosslane.inventory.service.feeds import SupplyReport, refuse_future, report_supply
from crosslane.inventory.service.incoming import (
    Arrived,
    incoming_by_id,
    receive_incoming,
    report_incoming,
)
from crosslane.inventory.storage.feeds import SupplyMessage
from crosslane.kernel import matching
from crosslane.locations import Network, network
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

MessageId = Annotated[str, Meta(min_length=1, max_length=120)]
Source = Annotated[str, matching("[a-z0-9][a-z0-9_.-]{0,39}")]

UNKNOWN_SHOWN_MAX = 250


class ReportSupply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Send a supply message.

    Args:
        source: who sends it; its message ids are its own.
        message: the source's id of the message; the same again changes nothing.
        kind: ``snapshot`` says what lies there, ``delta`` what came or went.
        location: code of the location it speaks of.
        as_of: instant at which it was true.
        rows: what it says.
        complete: a snapshot that names everything there is: what it leaves out is not there.
        condition: of which condition it speaks.
        owner: code of the legal entity whose stock it is; the location's own when left out.
    """

    source: Source
    message: MessageId
    kind: SupplyKind
    location: Code
    as_of: datetime
    rows: Annotated[tuple[SupplyRow, ...], Meta(max_length=MESSAGE_ROWS_MAX)]
    complete: bool = False
    condition: Condition = Condition.SELLABLE
    owner: Code | None = None


class MessageView(msgspec.Struct, frozen=True):
    """A supply message and how far it has been applied.

    Args:
        id: what its movements name as their cause.
        rows_in: rows it had.
        unknown: how many of them named a SKU nobody knows.
        unknown_skus: the first of those SKUs.
        parts: parts it was cut into, each applied by itself.
        parts_applied: how many of them are.
        rows_drifted: rows of a snapshot that differed from the books.
        rows_overtaken: rows that a newer count or snapshot had already seen.
        drift_units: units by which the books were corrected, without sign.
    """

    id: UUID
    source: str
    message: str
    kind: SupplyKind
    complete: bool
    location: str
    condition: Condition
    as_of: datetime
    received_at: datetime
    rows_in: int
    unknown: int
    unknown_skus: tuple[str, ...]
    parts: int
    parts_applied: int
    rows_drifted: int
    rows_overtaken: int
    drift_units: int


def view_of(message: SupplyMessage, known: Network) -> MessageView:
    """Return a message as clients see it."""
    header = message.header
    return MessageView(
        id=header.id,
        source=header.source,
        message=header.message,
        kind=header.kind,
        complete=header.complete,
        location=known.by_id[header.location_id].code,
        condition=header.condition,
        as_of=header.as_of,
        received_at=message.received_at,
        rows_in=message.rows_in,
        unknown=len(message.unknown_skus),
        unknown_skus=tuple(message.unknown_skus[:UNKNOWN_SHOWN_MAX]),
        parts=message.parts,
        parts_applied=message.parts_applied,
        rows_drifted=message.rows_drifted,
        rows_overtaken=message.rows_stale,
        drift_units=message.drift_units,
    )


async def _report(tx: Tx, commands: Sequence[Command[ReportSupply]]) -> list[MessageView]:
    body, actor = commands[0].body, commands[0].actor
    codes = await codes_of(tx, ())
    taken = await report_supply(
        tx,
        SupplyReport(
            source=body.source,
            message=body.message,
            kind=body.kind,
            location_id=codes.own_location(body.location, actor, pointer="/location"),
            as_of=body.as_of,
            rows=body.rows,
            complete=body.complete,
            condition=body.condition,
            owner_id=codes.owner(body.owner, pointer="/owner"),
        ),
    )
    return [view_of(taken, await network(tx))]


REPORT_SUPPLY = CommandKind(
    "inventory.report_supply", ReportSupply, MessageView, _report, batch_max=1
)


class IncomingRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods on their way.

    Args:
        reference: the source's name of the line, such as an order number and position.
        quantity: units in all, those received included; 0 cancels the line.
        available_on: day from which they can be promised out.
    """

    reference: MessageId
    sku: Sku
    location: Code
    quantity: UnitsOrNone
    available_on: date
    owner: Code | None = None


class ReportIncoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say what is on its way; of several reports of a line the one with the latest as_of stands."""

    source: Source
    message: MessageId
    as_of: datetime
    lines: Annotated[tuple[IncomingRow, ...], Meta(min_length=1, max_length=LINES_MAX)]


class IncomingView(msgspec.Struct, frozen=True):
    """A line of goods on their way.

    Args:
        received: units that have arrived.
        promised: units promised to demand and not arrived yet.
        free: units that can still be promised.
    """

    id: UUID
    source: str
    reference: str
    sku: str
    location: str
    quantity: int
    received: int
    promised: int
    free: int
    available_on: date
    as_of: datetime


class IncomingTaken(msgspec.Struct, frozen=True):
    """The lines as they stand now, in the order of the report."""

    lines: tuple[IncomingView, ...]


class ArrivedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units of an incoming line that arrived.

    Args:
        unit_cost_milli: cost of one unit, 1/1000 minor unit of the owner's book currency.
    """

    incoming_id: UUID
    quantity: Units
    unit_cost_milli: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class ReceiveIncoming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Record that goods arrived which were on their way."""

    lines: Annotated[tuple[ArrivedLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    occurred_at: datetime | None = None


async def incoming_views(tx: Tx, lines: Sequence[IncomingLine]) -> tuple[IncomingView, ...]:
    """Return incoming lines as clients see them."""
    variants = await variants_by_id(tx, list({line.key.variant_id for line in lines}))
    known = (await network(tx)).by_id
    return tuple(
        IncomingView(
            id=line.id,
            source=line.key.source,
            reference=line.key.reference,
            sku=variants[line.key.variant_id].sku,
            location=known[line.key.location_id].code,
            quantity=line.quantity,
            received=line.received,
            promised=line.promised,
            free=max(0, line.free),
            available_on=line.available_on,
            as_of=line.as_of,
        )
        for line in lines
    )


async def _report_incoming(
    tx: Tx, commands: Sequence[Command[ReportIncoming]]
) -> list[IncomingTaken]:
    body, actor = commands[0].body, commands[0].actor
    refuse_future(body.as_of, tx.now)
    if body.source == TRANSFERS:
        raise OnATransfer(pointer="/source", reference=body.lines[0].reference)
    codes = await codes_of(tx, [line.sku for line in body.lines])
    reports = []
    for place, line in enumerate(body.lines):
        at = f"/lines/{place}"
        key = IncomingKey(
            body.source,
            line.reference,
            codes.stocked(line.sku, pointer=f"{at}/sku"),
            codes.own_location(line.location, actor, pointer=f"{at}/location"),
        )
        reports.append(
            IncomingReport(
                key=key,
                quantity=line.quantity,
                available_on=line.available_on,
                as_of=body.as_of,
                message=body.message,
                owner_id=codes.owner(line.owner, pointer=f"{at}/owner"),
            )
        )
    taken = await report_incoming(tx, reports)
    return [IncomingTaken(await incoming_views(tx, taken))]


async def _receive_incoming(
    tx: Tx, commands: Sequence[Command[ReceiveIncoming]]
) -> list[IncomingTaken]:
    body, actor = commands[0].body, commands[0].actor
    refuse_future(body.occurred_at or tx.now, tx.now, pointer="/occurred_at")
    arrivals = [
        Arrived(
            incoming_id=line.incoming_id,
            quantity=line.quantity,
            unit_cost_milli=line.unit_cost_milli,
            occurred_at=body.occurred_at,
        )
        for line in body.lines
    ]
    for place, line in enumerate(await incoming_by_id(tx, [one.incoming_id for one in arrivals])):
        if line.key.source == TRANSFERS:
            raise OnATransfer(pointer=f"/lines/{place}", reference=line.key.reference)
    await receive_incoming(tx, arrivals, actor=actor)
    lines = await incoming_by_id(tx, [arrival.incoming_id for arrival in arrivals])
    return [IncomingTaken(await incoming_views(tx, lines))]


REPORT_INCOMING = CommandKind(
    "inventory.report_incoming", ReportIncoming, IncomingTaken, _report_incoming, batch_max=1
)
RECEIVE_INCOMING = CommandKind(
    "inventory.receive_incoming", ReceiveIncoming, IncomingTaken, _receive_incoming, batch_max=1
)
