"""Blanking what was received of a person."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased

Patterns = tuple[str, str]

# Rows are protected in the order of their ids, as by everybody else. What is blanked is looked for
# after that, so that it includes what was saved meanwhile by whoever had them.
# A record that could be read is searched in its canonical form, where no name hides behind escapes.
LOCK_NAMED = """
select m.id from channels_message m where m.id in (
    select m.id from channels_message m where m.order_id = any($1::uuid[])
    union
    select m.id from channels_message m
    where m.canonical is not null and (m.canonical::text ~* $2 or m.canonical::text ~* $3)
    union
    select m.id from channels_message m
    join channels_raw r on r.batch_id = m.batch_id and r.place = m.place
        and r.received_at = m.received_at
    where m.canonical is null
      and (concat(r.head, r.body, r.tail) ~* $4 or concat(r.head, r.body, r.tail) ~* $5)
) order by m.id for update
"""
# A request to forget somebody is answered by that. A record that was read anew says more by now.
BLANK = """
with records as materialized (
    select distinct batch_id, place, received_at from channels_message
    where id = any($1::uuid[])
), named as (
    select id from channels_message where id = any($1::uuid[])
    union
    select m.id from channels_message m join records n using (batch_id, place)
    where m.order_id = any($2::uuid[]) or m.canonical::text ~* $3 or m.canonical::text ~* $4
), raw as (
    update channels_raw r set head = '', body = '', tail = '' from records n
    where r.batch_id = n.batch_id and r.place = n.place and r.received_at = n.received_at
)
update channels_message m set canonical = null,
    state = case when m.state in ('received', 'parked') then 'quarantined'
                 when m.code = 'erasure-requested' then 'kept' else m.state end,
    code = case when m.state in ('received', 'parked') then 'erased'
                when m.code = 'erasure-requested' then 'forgotten' else m.code end
from named n where m.id = n.id
"""


LOCK_TOLD = """
select o.id from channels_outgoing o where o.id in (
    select id from channels_outgoing where order_id = any($1::uuid[])
    union
    select id from channels_outgoing
    where concat(message::text, said::text) ~* $2 or concat(message::text, said::text) ~* $3
) order by o.id for update
"""
# A document may hold what several channels' orders say; it goes as a whole.
BLANK_TOLD = """
with files as (
    update channels_document d set body = '' from channels_outgoing o
    where o.id = any($1::uuid[]) and (d.channel, d.number) = (o.channel, o.document)
)
update channels_outgoing o set message = null, said = '[]',
    state = case when o.state = 'waiting' then 'erased' else o.state end
where o.id = any($1::uuid[])
"""


async def blank(
    tx: Tx, order_ids: Sequence[UUID], json: Patterns | None, text: Patterns | None
) -> list[Erased]:
    """Blank messages of orders and those that name a person.

    Args:
        tx: open transaction.
        order_ids: orders of the person.
        json: finds the person's words in JSON, None for no words.
        text: finds them in plain text.
    """
    nothing = ("(?!)", "(?!)")
    ids, in_json = list(order_ids), json or nothing
    rows = await tx.fetch(LOCK_NAMED, ids, *in_json, *(text or nothing))
    tag = await tx.execute(BLANK, [row["id"] for row in rows], ids, *in_json)
    received = int(tag.rpartition(" ")[2])
    told = [row["id"] for row in await tx.fetch(LOCK_TOLD, ids, *in_json)]
    await tx.execute(BLANK_TOLD, told)
    erased = ("channels_raw.head", "channels_raw.body", "channels_raw.tail")
    also = ("channels_outgoing.message", "channels_outgoing.said", "channels_document.body")
    return [
        *(Erased(name, received) for name in (*erased, "channels_message.canonical")),
        *(Erased(name, len(told)) for name in also),
    ]
