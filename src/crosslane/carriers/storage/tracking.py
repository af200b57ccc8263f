"""The SQL of tracking events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from crosslane.carriers.domain.shipment import TrackingEvent
from crosslane.platform.database import Record, Tx, columns

JOURNAL = "carriers_tracking_event"
# A label and an event for it may be saved in the same moment: whoever comes second must see the
# first, so both take this lock on the tracking number.
LOCK_NUMBERS = """
select pg_advisory_xact_lock(hashtextextended($1 || ' ' || number, 0))
from (select number from unnest($2::text[]) as n(number) order by number) as sorted
"""


async def lock_numbers(tx: Tx, carrier: str, numbers: Iterable[str]) -> None:
    """Protect tracking numbers of a carrier until the transaction ends."""
    await tx.execute(LOCK_NUMBERS, carrier, sorted(set(numbers)))


INSERT_EVENTS = """
insert into carriers_tracking_event
    (occurred_at, carrier, event_id, tracking_number, status, place, recorded_at)
select occurred_at, $1, event_id, tracking_number, status, place, $7
from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[])
     as e(occurred_at, event_id, tracking_number, status, place)
on conflict do nothing
returning event_id, occurred_at
"""


async def insert_events(tx: Tx, carrier: str, events: Sequence[TrackingEvent]) -> list[Record]:
    """Store events; return id and time of those that are new."""
    given = columns(events, "occurred_at", "id", "tracking_number", "status", "place")
    return await tx.fetch(INSERT_EVENTS, carrier, *given, tx.now)


EVENTS_OF_NUMBER = """
select event_id as id, tracking_number, status, occurred_at, place from carriers_tracking_event
where carrier = $1 and tracking_number = $2 order by occurred_at, event_id limit $3
"""


async def list_events(tx: Tx, carrier: str, number: str, limit: int) -> list[TrackingEvent]:
    """Return what a carrier told of a parcel, in the order in which it happened."""
    rows = await tx.fetch(EVENTS_OF_NUMBER, carrier, number, limit)
    return [TrackingEvent(**row) for row in rows]


DELIVERED = """
select l.parcel_id, min(e.occurred_at) as at
from carriers_label l
join carriers_tracking_event e on (e.carrier, e.tracking_number) = (l.carrier, l.tracking_number)
where l.parcel_id = any($1::uuid[]) and l.state = 'created' and e.status = 'delivered'
group by l.parcel_id
"""


async def list_delivered(tx: Tx, parcel_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when parcels arrived, of those that are said to have arrived."""
    rows = await tx.fetch(DELIVERED, list(parcel_ids))
    return {row["parcel_id"]: row["at"] for row in rows}
