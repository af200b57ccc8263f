"""What telling has learnt, and the files that were made of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from crosslane.platform.database import Record, Tx, columns

ARTICLES = ("article:", "stock:", "product:")
"""How names begin that hold for every order of a channel."""

LIST_OF_SUBJECTS = """
select subject, name, value from channels_known
where channel = $1 and subject = any($2::text[]) and subject <> ''
"""
LIST_OF_ARTICLES = """
select name, value from channels_known
where channel = $1 and subject = '' and name = any($2::text[])
"""


async def list_known(
    tx: Tx, channel: str, subjects: Sequence[str], skus: Sequence[str]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return what was learnt of subjects, and what a channel calls articles.

    Args:
        tx: open transaction.
        channel: code of the channel.
        subjects: what is spoken of.
        skus: of the articles.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in await tx.fetch(LIST_OF_SUBJECTS, channel, list(subjects)):
        found[row["subject"]][row["name"]] = row["value"]
    names = [prefix + sku for sku in skus for prefix in ARTICLES]
    rows = await tx.fetch(LIST_OF_ARTICLES, channel, names) if names else []
    return found, {row["name"]: row["value"] for row in rows}


SAVE_KNOWN = """
insert into channels_known (channel, subject, name, value)
select $1, subject, name, value from unnest($2::text[], $3::text[], $4::text[])
     as w(subject, name, value)
order by subject, name
on conflict (channel, subject, name) do update set value = excluded.value
"""


async def save_known(tx: Tx, channel: str, learnt: Mapping[tuple[str, str], str]) -> None:
    """Keep what was learnt, by subject and name."""
    if learnt:
        await tx.execute(
            SAVE_KNOWN,
            channel,
            [subject for subject, _ in learnt],
            [name for _, name in learnt],
            list(learnt.values()),
        )


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was handed over, or that a channel may fetch.

    Args:
        number: 1 for the first of its channel; a later one has a higher number.
        name: of the file.
        media_type: of its body.
        body: empty once it is erased.
        created_at: when it was made.
    """

    number: int
    name: str
    media_type: str
    body: bytes
    created_at: datetime


INSERT_DOCUMENTS = """
insert into channels_document (channel, number, name, media_type, body, created_at)
select $1, number, name, media_type, body, $2
from unnest($3::bigint[], $4::text[], $5::text[], $6::bytea[]) as w(number, name, media_type, body)
on conflict (channel, name) do update set name = excluded.name
returning name, number
"""


async def insert_documents(tx: Tx, channel: str, documents: Sequence[Kept]) -> dict[str, int]:
    """Keep files; one whose name is known stays as it was handed over first.

    Args:
        tx: open transaction.
        channel: code of the channel.
        documents: each with a name of its own.

    Returns:
        The numbers they are kept under, by name.
    """
    if not documents:
        return {}
    values = columns(documents, "number", "name", "media_type", "body")
    rows = await tx.fetch(INSERT_DOCUMENTS, channel, tx.now, *values)
    return {row["name"]: row["number"] for row in rows}


LIST_DOCUMENTS = """
select number, name, media_type, octet_length(body) as bytes, created_at from channels_document
where channel = $1 and number > $2 order by number limit $3
"""


async def list_documents(tx: Tx, channel: str, after: int, limit: int) -> list[Record]:
    """Return the files of a channel after one of them, in their order, without their bodies."""
    return await tx.fetch(LIST_DOCUMENTS, channel, after, limit)


# How long a body is, is known without reading it.
READ_DOCUMENTS = """
with next as (
    select number, octet_length(body) as bytes from channels_document
    where channel = $1 and number > $2 order by number limit $3 + 1
), told as (
    select number, row_number() over (order by number) as no,
           sum(bytes) over (order by number) as bytes
    from next
), chosen as (
    select number from told where no = 1 or no <= $3 and bytes <= $4
)
select d.number, d.name, d.media_type, d.body, d.created_at,
       (select count(*) from next) > (select count(*) from chosen) as more
from chosen join channels_document d on d.channel = $1 and d.number = chosen.number
order by d.number
"""


async def read_documents(
    tx: Tx, channel: str, after: int, limit: int, bytes_max: int
) -> tuple[list[Kept], bool]:
    """Return the files of a channel after one of them, in their order, as they are kept.

    Args:
        tx: open transaction.
        channel: code of the channel.
        after: number of that one.
        limit: most files.
        bytes_max: most bytes of them all; one that is longer comes alone.

    Returns:
        The files, and whether there are others after them.
    """
    rows = [dict(row) for row in await tx.fetch(READ_DOCUMENTS, channel, after, limit, bytes_max)]
    more = [row.pop("more") for row in rows]
    return [Kept(**row) for row in rows], any(more)


FIND_DOCUMENT = """
select number, name, media_type, body, created_at from channels_document
where channel = $1 and number = $2
"""


async def find_document(tx: Tx, channel: str, number: int) -> Kept | None:
    """Return a file of a channel, or None."""
    row = await tx.fetchrow(FIND_DOCUMENT, channel, number)
    return Kept(**dict(row)) if row else None
