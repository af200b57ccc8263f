"""What must hold of transfers: no unit is lost sight of from the wish to the shelf."""

from crosslane.verify import Rule

COUNTERS = """
with told as (
    select line_id,
           coalesce(sum(units) filter (where deed = 'request'), 0) as requested,
           coalesce(sum(units) filter (where deed = 'withdraw'), 0) as withdrawn,
           coalesce(sum(units) filter (where deed = 'send'), 0) as sent,
           coalesce(sum(units) filter (where deed = 'receive'), 0) as received,
           coalesce(sum(units) filter (where deed = 'damage'), 0) as damaged,
           coalesce(sum(units) filter (where deed = 'write_off'), 0) as written_off
    from transfers_movement group by line_id
)
select 'transfer line:' || coalesce(l.id, t.line_id) as subject,
       format('it has %s, its journal adds up to %s',
              concat_ws('/', l.requested, l.withdrawn, l.sent, l.received, l.damaged,
                        l.written_off),
              concat_ws('/', t.requested, t.withdrawn, t.sent, t.received, t.damaged,
                        t.written_off)) as detail
from transfers_line l full join told t on t.line_id = l.id
where (l.requested, l.withdrawn, l.sent, l.received, l.damaged, l.written_off)
      is distinct from
      (t.requested, t.withdrawn, t.sent, t.received, t.damaged, t.written_off)
"""

PIECES = """
with held as (
    select line_id, sum(quantity) as sent, sum(arrived) as arrived, sum(written_off) as written_off,
           bool_or(quantity - arrived - written_off > 0) as lacking,
           bool_or(quantity - arrived - written_off < 0) as besides
    from transfers_piece group by line_id
)
select 'transfer line:' || l.id as subject,
       format('%s sent, %s arrived, %s written off; its pieces have %s, %s, %s', l.sent,
              l.received + l.damaged, l.written_off, coalesce(h.sent, 0), coalesce(h.arrived, 0),
              coalesce(h.written_off, 0)) as detail
from transfers_line l left join held h on h.line_id = l.id
where (l.sent, l.received + l.damaged, l.written_off)
      <> (coalesce(h.sent, 0), coalesce(h.arrived, 0), coalesce(h.written_off, 0))
   or h.lacking and h.besides
"""

STATES = """
with units as (
    select transfer_id,
           sum(greatest(requested - withdrawn - sent, 0)) as to_send,
           bool_or(sent > 0 or received + damaged > 0) as moved,
           bool_or(received + damaged > 0) as arrived,
           bool_or(sent <> received + damaged + written_off) as open
    from transfers_line group by transfer_id
), expected as (
    select transfer_id,
           case when not moved and to_send > 0 then 'requested'
                when not moved then 'cancelled'
                when to_send = 0 and not open then 'closed'
                when arrived then 'received'
                else 'sent' end as state
    from units
)
select 'transfer:' || t.id as subject, format('it is %s, its units say %s', t.state, e.state)
           as detail
from transfers_transfer t left join expected e on e.transfer_id = t.id
where t.state is distinct from e.state
"""

# What is to be sent is allocated at the source, and nothing else is allocated to transfers.
HELD = """
with wanted as (
    select id as line_id, greatest(requested - withdrawn - sent, 0) as units from transfers_line
), allocated as (
    select line_id, sum(quantity) as units from inventory_allocation
    where cause_kind = 'transfer' group by line_id
)
select 'transfer line:' || line_id as subject,
       format('%s units are to be sent, %s are allocated', coalesce(w.units, 0),
              coalesce(a.units, 0)) as detail
from wanted w full join allocated a using (line_id)
where coalesce(w.units, 0) <> coalesce(a.units, 0)
"""

# What left is off the shelf of the source, what came on that of the destination.
MOVED = """
with moved as (
    select m.cause_id as transfer_id, p.variant_id, p.location_id,
           -coalesce(sum(m.on_hand_delta) filter (where m.reason = 'ship'), 0) as left_units,
           coalesce(sum(m.on_hand_delta) filter (where m.reason = 'receive'), 0) as came_units
    from inventory_movement m join inventory_position p on p.id = m.position_id
    where m.cause_kind = 'transfer' and m.reason in ('ship', 'receive')
    group by 1, 2, 3
), told as (
    select l.transfer_id, l.variant_id, t.source_id as location_id, l.sent as left_units,
           0 as came_units
    from transfers_line l join transfers_transfer t on t.id = l.transfer_id
    union all
    select l.transfer_id, l.variant_id, t.destination_id, 0, l.received + l.damaged
    from transfers_line l join transfers_transfer t on t.id = l.transfer_id
)
select format('transfer:%s/%s', transfer_id, variant_id) as subject,
       format('%s units left and %s came, the shelf has %s and %s', coalesce(t.left_units, 0),
              coalesce(t.came_units, 0), coalesce(m.left_units, 0), coalesce(m.came_units, 0))
           as detail
from told t full join moved m using (transfer_id, variant_id, location_id)
where (coalesce(t.left_units, 0), coalesce(t.came_units, 0))
      <> (coalesce(m.left_units, 0), coalesce(m.came_units, 0))
"""

INCOMING = """
with told as (
    select l.incoming_id as id, t.number, t.owner_id, t.destination_id, l.variant_id,
           l.received + l.damaged as received,
           l.received + l.damaged
               + greatest(l.sent - l.received - l.damaged - l.written_off, 0) as quantity
    from transfers_line l join transfers_transfer t on t.id = l.transfer_id
    where l.incoming_id is not null or l.sent > 0 or l.received + l.damaged > 0
), coming as (
    select id, reference, owner_id, location_id, variant_id, received, quantity
    from inventory_incoming where source = 'transfer'
)
select 'incoming:' || coalesce(t.id::text, c.id::text, 'none') as subject,
       format('the transfer tells of %s units, %s of them arrived; told are %s and %s', t.quantity,
              t.received, c.quantity, c.received) as detail
from told t full join coming c on c.id = t.id
where (t.number, t.owner_id, t.destination_id, t.variant_id, t.received, t.quantity)
      is distinct from
      (c.reference, c.owner_id, c.location_id, c.variant_id, c.received, c.quantity)
"""

RULES = [
    Rule("transfers.counters", COUNTERS),
    Rule("transfers.pieces", PIECES),
    Rule("transfers.states", STATES),
    Rule("transfers.held", HELD),
    Rule("transfers.moved", MOVED),
    Rule("transfers.incoming", INCOMING),
]
