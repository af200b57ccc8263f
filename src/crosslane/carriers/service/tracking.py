"""Tracking: what carriers report, kept once whatever comes twice, late or in disorder."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from crosslane.carriers.domain.shipment import TRACKING_EVENTS_MAX, LabelRecord, TrackingEvent
from crosslane.carriers.errors import CarrierUnknown
from crosslane.carriers.events import TrackingRecorded
from crosslane.carriers.port import PORTS, CarrierSettings
from crosslane.carriers.service.rates import rate_book
from crosslane.carriers.storage import labels as label_storage
from crosslane.carriers.storage import tracking as storage
from crosslane.platform import log, upkeep
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.lane import Command, CommandKind

# Longer than anybody looks into where a parcel was; what it led to is in the books for ever.
TRACKING_DAYS = 400
FORGET_SECONDS = 86_400.0


class RecordTracking(Struct, frozen=True):
    """A tracking message as it arrived.

    Args:
        carrier: code of the carrier that sent it.
        message: its body.
    """

    carrier: str
    message: bytes


class TrackingResult(Struct, frozen=True):
    """What a message brought: new events, known ones, and those of parcels we do not know yet."""

    recorded: int
    repeated: int
    unknown: int


async def record_message(tx: Tx, wanted: RecordTracking) -> TrackingResult:
    """Read a carrier's message and record what it tells.

    Raises:
        CarrierUnknown: there is no such carrier.
        BadTrackingMessage: it cannot be understood.
    """
    carrier = (await rate_book(tx)).carriers.get(wanted.carrier)
    if carrier is None:
        raise CarrierUnknown(code=wanted.carrier)
    port = PORTS[carrier.port](CarrierSettings(carrier.code))
    return await record_tracking(tx, carrier.code, port.read_events({}, wanted.message))


async def record_tracking(tx: Tx, carrier: str, events: Sequence[TrackingEvent]) -> TrackingResult:
    """Record what a carrier reports; TrackingRecorded tells of each event of a known parcel.

    An event of a number that is not known yet is kept and told once its label is.
    """
    numbers = sorted({event.tracking_number for event in events})
    if not numbers:
        return TrackingResult(0, 0, 0)
    await storage.lock_numbers(tx, carrier, numbers)
    once = list({(event.id, event.occurred_at): event for event in events}.values())
    fresh = {
        (row["event_id"], row["occurred_at"])
        for row in await storage.insert_events(tx, carrier, once)
    }
    labels = await label_storage.labels_by_number(tx, carrier, numbers)
    new = [event for event in once if (event.id, event.occurred_at) in fresh]
    known = [event for event in new if event.tracking_number in labels]
    told = [
        TrackingRecorded(
            label_id=labels[event.tracking_number]["id"],
            parcel_id=labels[event.tracking_number]["parcel_id"],
            status=event.status,
            occurred_at=event.occurred_at,
        )
        for event in sorted(known, key=lambda event: event.occurred_at)
    ]
    await log.append(tx, told)
    return TrackingResult(
        recorded=len(new), repeated=len(events) - len(new), unknown=len(new) - len(known)
    )


async def tracking_events(tx: Tx, label: LabelRecord) -> list[TrackingEvent]:
    """Return what was reported of a label's parcel, in the order in which it happened."""
    if not label.tracking_number:
        return []
    return await storage.list_events(tx, label.carrier, label.tracking_number, TRACKING_EVENTS_MAX)


async def delivered_parcels(tx: Tx, parcel_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when parcels arrived, in business time, of those whose carrier has said so already."""
    return await storage.list_delivered(tx, parcel_ids)


async def _record(tx: Tx, commands: Sequence[Command[RecordTracking]]) -> list[TrackingResult]:
    return [await record_message(tx, command.body) for command in commands]


RECORD_TRACKING = CommandKind(
    "carriers.record_tracking", RecordTracking, TrackingResult, _record, batch_max=1
)


async def _forget_tracking(tx: Tx) -> bool:
    return await upkeep.forget_partition(tx, storage.JOURNAL, TRACKING_DAYS)


FORGET_TRACKING = Schedule("carriers.forget_tracking", FORGET_SECONDS, _forget_tracking)
