"""The SQL of labels and their documents."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.carriers.domain.shipment import Label, LabelRecord, LabelState, Shipment
from crosslane.platform.database import Record, Tx
from crosslane.platform.personal import Erased, PersonalColumn

DOCUMENT_RETENTION_DAYS = 90
# By parcel: fulfillment knows whose parcels they are and asks for it.
PERSONAL_COLUMNS = [
    PersonalColumn("carriers_label", "shipment", "owner", "both ends, until it is printed", "json"),
    PersonalColumn("carriers_label", "reason", "words", "what a carrier said of an address"),
    PersonalColumn(
        *("carriers_label_document", "content", "owner", "to print it again"),
        retention_days=DOCUMENT_RETENTION_DAYS,
    ),
]

INSERT_LABELS = """
insert into carriers_label
    (id, key, parcel_id, location_id, carrier, service, state, serial_no, shipment, requested_at)
select id, key, parcel_id, location_id, carrier, service, 'requested',
       nextval('carriers_tracking_serial'), shipment, $8
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[])
     as w(id, key, parcel_id, location_id, carrier, service, shipment)
on conflict (key) do nothing returning key, id
"""


async def insert_labels(tx: Tx, rows: Sequence[tuple[UUID, str, str, Shipment]]) -> dict[str, UUID]:
    """Store wanted labels as (id, key, carrier, shipment); return those whose keys are new."""
    shipments = [row[3] for row in rows]
    stored = await tx.fetch(
        INSERT_LABELS,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [shipment.parcel_id for shipment in shipments],
        [shipment.location_id for shipment in shipments],
        [row[2] for row in rows],
        [shipment.service for shipment in shipments],
        [msgspec.json.encode(shipment) for shipment in shipments],
        tx.now,
    )
    return {row["key"]: row["id"] for row in stored}


IDS_BY_KEY = "select key, id from carriers_label where key = any($1::text[])"


async def ids_by_key(tx: Tx, keys: Sequence[str]) -> dict[str, UUID]:
    """Return the labels that were asked for under keys."""
    return {row["key"]: row["id"] for row in await tx.fetch(IDS_BY_KEY, keys)}


LABELS_BY_ID = """
select id, parcel_id, location_id, carrier, service, state, tracking_number, tracking_url, reason,
       requested_at, created_at
from carriers_label where id = any($1::uuid[])
"""


async def labels_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, LabelRecord]:
    """Return labels by id; unknown ones are left out."""
    return {row["id"]: LabelRecord(**row) for row in await tx.fetch(LABELS_BY_ID, ids)}


LABELS_BY_PARCEL = """
select id, parcel_id, location_id, carrier, service, state, tracking_number, tracking_url, reason,
       requested_at, created_at
from carriers_label where parcel_id = any($1::uuid[]) order by requested_at, id
"""


async def labels_by_parcel(tx: Tx, parcel_ids: Sequence[UUID]) -> list[LabelRecord]:
    """Return every label of parcels, oldest first."""
    return [LabelRecord(**row) for row in await tx.fetch(LABELS_BY_PARCEL, parcel_ids)]


LABELS_BY_NUMBER = """
select id, parcel_id, tracking_number from carriers_label
where carrier = $1 and tracking_number = any($2::text[])
"""


async def labels_by_number(tx: Tx, carrier: str, numbers: Sequence[str]) -> dict[str, Record]:
    """Return id and parcel of the labels with these tracking numbers."""
    rows = await tx.fetch(LABELS_BY_NUMBER, carrier, numbers)
    return {row["tracking_number"]: row for row in rows}


LIST_LABELS = """
select id, parcel_id, location_id, carrier, service, state, tracking_number, tracking_url, reason,
       requested_at, created_at
from carriers_label
where (requested_at, id) < ($1, $2) and ($3::uuid is null or parcel_id = $3)
  and ($4::uuid is null or location_id = $4) and ($5::text is null or state = $5)
order by requested_at desc, id desc limit $6
"""


async def list_labels(
    tx: Tx,
    *,
    before: tuple[datetime, UUID],
    parcel_id: UUID | None,
    location_id: UUID | None,
    state: LabelState | None,
    limit: int,
) -> list[LabelRecord]:
    """Return labels, newest first."""
    rows = await tx.fetch(LIST_LABELS, *before, parcel_id, location_id, state, limit)
    return [LabelRecord(**row) for row in rows]


TO_BE_MADE = """
select l.id, l.carrier, l.service, l.state, l.serial_no, l.shipment, c.api_key
from carriers_label l join carriers_carrier c on c.code = l.carrier where l.id = any($1::uuid[])
"""


async def list_wishes(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Return what is needed to have labels made, the secrets too; unknown ones are left out."""
    return {row["id"]: row for row in await tx.fetch(TO_BE_MADE, ids)}


# A label and a report of its parcel may be saved in the same moment: whoever comes second must see
# the first, so both take the lock on the tracking number (see tracking.LOCK_NUMBERS).
LOCK_LABELS = """
select id, parcel_id, location_id, carrier, service, state, tracking_number, tracking_url, reason,
       requested_at, created_at
from carriers_label, (
    select count(pg_advisory_xact_lock(hashtextextended(code || ' ' || number, 0)))
    from (
        select code, number from unnest($2::text[], $3::text[]) as n(code, number)
        order by code, number
    ) as sorted
) as numbers
where id = any($1::uuid[]) order by id for update of carriers_label
"""


async def lock_labels(
    tx: Tx, ids: Iterable[UUID], numbers: Iterable[tuple[str, str]] = ()
) -> dict[UUID, LabelRecord]:
    """Return labels and protect them until the transaction ends; unknown ones are left out.

    Args:
        tx: open transaction.
        ids: which labels.
        numbers: carriers and tracking numbers to be protected too.
    """
    given = list(numbers)
    rows = await tx.fetch(
        LOCK_LABELS, list(ids), [code for code, _ in given], [number for _, number in given]
    )
    return {row["id"]: LabelRecord(**row) for row in rows}


SET_STATES = """
update carriers_label l set state = w.state, reason = w.reason
from unnest($1::uuid[], $2::text[], $3::text[]) as w(id, state, reason) where l.id = w.id
"""


async def set_states(tx: Tx, changes: Sequence[tuple[UUID, LabelState, str]]) -> None:
    """Store states of labels as (id, state, reason)."""
    await tx.execute(SET_STATES, *map(list, zip(*changes, strict=True)))


# Where the addresses were erased while the carrier was at work, its document is not kept.
SAVE_MADE = """
with made as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])
        as m(id, state, number, url, content, mime)
), kept as (
    insert into carriers_label_document (label_id, content, mime, created_at)
    select m.id, m.content, m.mime, $7 from made m join carriers_label l using (id)
    where l.shipment is not null
    on conflict (label_id) do nothing
), saved as (
    update carriers_label l
    set state = m.state, tracking_number = m.number, tracking_url = m.url, shipment = null,
        reason = '', created_at = $7
    from made m where l.id = m.id
    returning l.id, l.carrier, l.tracking_number
)
select s.id, e.status, e.occurred_at
from saved s cross join lateral (
    select t.status, t.occurred_at, t.event_id from carriers_tracking_event t
    where t.carrier = s.carrier and t.tracking_number = s.tracking_number
    order by t.occurred_at, t.event_id limit $8
) as e
order by e.occurred_at, e.event_id
"""


async def save_made(
    tx: Tx, labels: Sequence[tuple[UUID, LabelState, Label, str]], events_max: int
) -> list[Record]:
    """Store what carriers gave, and let go of the addresses that were needed for it.

    Args:
        tx: open transaction; the labels and their numbers are locked.
        labels: id, next state, what the carrier gave, and the link for customers.
        events_max: most reports to return of a label.

    Returns:
        Label, status and time of what carriers have reported of them already, in its order.
    """
    given = [label for _, _, label, _ in labels]
    return await tx.fetch(
        SAVE_MADE,
        [label_id for label_id, *_ in labels],
        [state for _, state, *_ in labels],
        [label.tracking_number for label in given],
        [url for *_, url in labels],
        [label.document for label in given],
        [label.mime for label in given],
        tx.now,
        events_max,
    )


FIND_DOCUMENT = "select content, mime from carriers_label_document where label_id = $1"


async def find_document(tx: Tx, label_id: UUID) -> Record | None:
    """Return bytes and media type of a label, or None when it is not kept."""
    return await tx.fetchrow(FIND_DOCUMENT, label_id)


ERASE = """
with gone as (
    delete from carriers_label_document where label_id in (
        select id from carriers_label where parcel_id = any($1::uuid[]))
    returning 1
), blank as (
    update carriers_label set shipment = null
    where parcel_id = any($1::uuid[]) and shipment is not null
    returning 1
)
select (select count(*) from gone) as documents, (select count(*) from blank) as shipments
"""


async def erase(tx: Tx, parcel_ids: Sequence[UUID]) -> list[Erased]:
    """Delete everything personal that is kept of parcels."""
    [row] = await tx.fetch(ERASE, list(parcel_ids))
    return [
        Erased("carriers_label.shipment", row["shipments"]),
        Erased("carriers_label_document.content", row["documents"]),
    ]


DELETE_OLD_DOCUMENTS = """
delete from carriers_label_document where label_id in (
    select label_id from carriers_label_document
    where created_at < clock_timestamp() - make_interval(days => $1) limit $2
)
"""


async def delete_old_documents(tx: Tx, older_than_days: int, limit: int) -> None:
    """Delete documents whose retention has ended."""
    await tx.execute(DELETE_OLD_DOCUMENTS, older_than_days, limit)
