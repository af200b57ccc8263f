"""Tracking: what carriers report, kept once whatever comes twice, late or in disorder."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from crosslane.carriers.domain.rates import RateBook
from crosslane.carriers.domain.shipment import TRACKING_EVENTS_MAX, LabelRecord, TrackingEvent
from crosslane.carriers.errors import CarrierUnknown
from crosslane.carriers.events import TrackingRecorded
from crosslane.carriers.port import PORTS, CarrierSettings
from crosslane.carriers.service.rates import rate_book
from crosslane.carriers.storage import labels as label_storage
from crosslane.carriers.storage import tracking as storage
from crosslane.kernel import Refusal
from crosslane.platform import log, upkeep
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.lane import Command, CommandKind

MESSAGES_AT_ONCE_MAX = 32
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


async def record_tracking(tx: Tx, carrier: str, events: Sequence[TrackingEvent]) -> TrackingResult:
    """Record what a carrier reports; TrackingRecorded tells of each event of a known parcel.

    An event of a number that is not known yet is kept and told once its label is.
    """
    (result,) = await _record_reports(tx, carrier, [_Report(tx, events)])
    return result


class _Report(Struct, frozen=True):
    """What a carrier told at once, and whose doing it is that we know."""

    cause: log.Cause
    events: Sequence[TrackingEvent]


async def _record_reports(tx: Tx, carrier: str, reports: Sequence[_Report]) -> list[TrackingResult]:
    """Record reports of a carrier; what several of them tell is the first one's."""
    numbers = sorted({event.tracking_number for one in reports for event in one.events})
    if not numbers:
        return [TrackingResult(0, 0, 0) for _ in reports]
    await storage.lock_numbers(tx, carrier, numbers)
    told: dict[tuple[str, datetime], tuple[int, TrackingEvent]] = {}
    for place, one in enumerate(reports):
        for event in one.events:
            told.setdefault((event.id, event.occurred_at), (place, event))
    fresh = {
        (row["event_id"], row["occurred_at"])
        for row in await storage.insert_events(tx, carrier, [event for _, event in told.values()])
    }
    labels = await label_storage.labels_by_number(tx, carrier, numbers)
    new = [placed for key, placed in told.items() if key in fresh]
    known = [(place, event) for place, event in new if event.tracking_number in labels]
    known.sort(key=lambda placed: placed[1].occurred_at)
    recorded = [
        TrackingRecorded(
            label_id=labels[event.tracking_number]["id"],
            parcel_id=labels[event.tracking_number]["parcel_id"],
            status=event.status,
            occurred_at=event.occurred_at,
        )
        for _, event in known
    ]
    await log.append(tx, recorded, [reports[place].cause for place, _ in known])
    news, heard = Counter(place for place, _ in new), Counter(place for place, _ in known)
    return [
        TrackingResult(
            recorded=news[place],
            repeated=len(one.events) - news[place],
            unknown=news[place] - heard[place],
        )
        for place, one in enumerate(reports)
    ]


async def tracking_events(tx: Tx, label: LabelRecord) -> list[TrackingEvent]:
    """Return what was reported of a label's parcel, in the order in which it happened."""
    if not label.tracking_number:
        return []
    return await storage.list_events(tx, label.carrier, label.tracking_number, TRACKING_EVENTS_MAX)


async def delivered_parcels(tx: Tx, parcel_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when parcels arrived, in business time, of those whose carrier has said so already."""
    return await storage.list_delivered(tx, parcel_ids)


async def _record(
    tx: Tx, commands: Sequence[Command[RecordTracking]]
) -> list[TrackingResult | Refusal]:
    """Read messages of carriers and record what they tell.

    Returns:
        For each what it brought, or why it was refused: there is no such carrier
        (CarrierUnknown), or it cannot be understood (BadTrackingMessage).
    """
    book = await rate_book(tx)
    outcomes: dict[int, TrackingResult | Refusal] = {}
    reports: dict[str, dict[int, _Report]] = defaultdict(dict)
    for place, command in enumerate(commands):
        try:
            events = _read(book, command.body)
        except Refusal as refusal:
            outcomes[place] = refusal
        else:
            reports[command.body.carrier][place] = _Report(command, events)
    # In one order for everybody, as each carrier's numbers are locked.
    for carrier, told in sorted(reports.items()):
        results = await _record_reports(tx, carrier, list(told.values()))
        outcomes |= zip(told, results, strict=True)
    return [outcomes[place] for place in range(len(commands))]


def _read(book: RateBook, wanted: RecordTracking) -> Sequence[TrackingEvent]:
    carrier = book.carriers.get(wanted.carrier)
    if carrier is None:
        raise CarrierUnknown(code=wanted.carrier)
    port = PORTS[carrier.port](CarrierSettings(carrier.code))
    return port.read_events({}, wanted.message)


RECORD_TRACKING = CommandKind(
    "carriers.record_tracking", RecordTracking, TrackingResult, _record, MESSAGES_AT_ONCE_MAX
)


async def _forget_tracking(tx: Tx) -> bool:
    return await upkeep.forget_partition(tx, storage.JOURNAL, TRACKING_DAYS)


FORGET_TRACKING = Schedule("carriers.forget_tracking", FORGET_SECONDS, _forget_tracking)
