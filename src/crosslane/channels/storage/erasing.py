"""Blanking what was received of a person."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased

Patterns = tuple[str, str]

# A request to forget somebody is answered by that.
# A record that could be read is searched in its canonical form, where no name hides behind escapes.
BLANK = """
with named as (
    select m.id, m.batch_id, m.place, m.received_at from channels_message m
    where m.order_id = any($1::uuid[])
    union
    select m.id, m.batch_id, m.place, m.received_at from channels_message m
    where m.canonical is not null and (m.canonical::text ~* $2 or m.canonical::text ~* $3)
    union
    select m.id, m.batch_id, m.place, m.received_at from channels_message m
    join channels_raw r on r.batch_id = m.batch_id and r.place = m.place
        and r.received_at = m.received_at
    where m.canonical is null
      and (concat(r.head, r.body, r.tail) ~* $4 or concat(r.head, r.body, r.tail) ~* $5)
), raw as (
    update channels_raw r set head = '', body = '', tail = '' from named n
    where r.batch_id = n.batch_id and r.place = n.place and r.received_at = n.received_at
)
update channels_message m set canonical = null,
    state = case when m.state in ('received', 'parked') then 'quarantined'
                 when m.code = 'erasure-requested' then 'kept' else m.state end,
    code = case when m.state in ('received', 'parked') then 'erased'
                when m.code = 'erasure-requested' then 'forgotten' else m.code end
from named n where m.id = n.id
"""


# A document may hold what several channels' orders say; it goes as a whole.
BLANK_TOLD = """
with named as (
    select o.id, o.channel, o.document from channels_outgoing o
    where o.order_id = any($1::uuid[])
    union
    select o.id, o.channel, o.document from channels_outgoing o
    where concat(o.message::text, o.said::text) ~* $2 or concat(o.message::text, o.said::text) ~* $3
), files as (
    update channels_document d set body = '' from named n
    where (d.channel, d.number) = (n.channel, n.document)
)
update channels_outgoing o set message = null, said = '[]',
    state = case when o.state = 'waiting' then 'erased' else o.state end
from named n where o.id = n.id
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
    tag = await tx.execute(BLANK, list(order_ids), *(json or nothing), *(text or nothing))
    rows = int(tag.rpartition(" ")[2])
    erased = ("channels_raw.head", "channels_raw.body", "channels_raw.tail")
    tag = await tx.execute(BLANK_TOLD, list(order_ids), *(json or nothing))
    told = int(tag.rpartition(" ")[2])
    also = ("channels_outgoing.message", "channels_outgoing.said", "channels_document.body")
    return [
        *(Erased(name, rows) for name in (*erased, "channels_message.canonical")),
        *(Erased(name, told) for name in also),
    ]
