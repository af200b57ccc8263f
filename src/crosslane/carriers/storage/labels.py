"""The SQL of labels and their documents."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
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
on conflict (key) do nothing
"""


async def insert_labels(tx: Tx, rows: Sequence[tuple[UUID, str, str, Shipment]]) -> None:
    """Store wanted labels as (id, key, carrier, shipment); a key that is known changes nothing."""
    shipments = [row[3] for row in rows]
    await tx.execute(
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
select l.carrier, l.service, l.state, l.serial_no, l.shipment, c.api_key
from carriers_label l join carriers_carrier c on c.code = l.carrier where l.id = $1
"""


async def find_wish(tx: Tx, label_id: UUID) -> Record | None:
    """Return what is needed to have a label made, the secret too; None when it is unknown."""
    return await tx.fetchrow(TO_BE_MADE, label_id)


LOCK_LABELS = """
select id, parcel_id, location_id, carrier, service, state, tracking_number, tracking_url, reason,
       requested_at, created_at
from carriers_label where id = any($1::uuid[]) order by id for update
"""


async def lock_labels(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, LabelRecord]:
    """Return labels and protect them until the transaction ends; unknown ones are left out."""
    rows = await tx.fetch(LOCK_LABELS, sorted(set(ids)))
    return {row["id"]: LabelRecord(**row) for row in rows}


SET_STATE = """
update carriers_label set state = $2, reason = $3 where id = any($1::uuid[])
"""


async def set_state(tx: Tx, ids: Sequence[UUID], state: LabelState, reason: str = "") -> None:
    """Store the state of labels and its reason."""
    await tx.execute(SET_STATE, ids, state, reason)


SET_CREATED = """
with kept as (
    insert into carriers_label_document (label_id, content, mime, created_at)
    select id, $5, $6, $7 from carriers_label where id = $1 and shipment is not null
    on conflict (label_id) do nothing
)
update carriers_label
set state = $2, tracking_number = $3, tracking_url = $4, shipment = null, reason = '',
    created_at = $7
where id = $1
"""


async def set_created(tx: Tx, label_id: UUID, state: LabelState, label: Label, url: str) -> None:
    """Store what the carrier gave, and let go of the addresses that were needed for it.

    Where the addresses were erased while the carrier was at work, its document is not kept.
    """
    given: tuple[Any, ...] = (label.tracking_number, url, label.document, label.mime, tx.now)
    await tx.execute(SET_CREATED, label_id, state, *given)


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
