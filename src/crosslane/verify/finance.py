"""What must hold between events, orders, payments and the books.

Reactions lag behind the log, so rules about entries look only at events that finance has read past
and not set aside.
"""

from crosslane.verify import Rule

_HANDLED = """
    from platform_log l
    join platform_cursor c
        on c.reaction = 'finance.post' and (l.epoch, l.txid, l.id) <= (c.epoch, c.txid, c.id)
    where l.kind in ({kinds})
      and not exists (
          select from platform_backlog b where b.reaction = c.reaction and b.log_id = l.id)
"""
_SALES = _HANDLED.format(kinds="'orders.LinesHandedOver', 'orders.ChargesDue'")
_MONEY = _HANDLED.format(
    kinds="'payments.PaymentCaptured', 'payments.PaymentRefunded', 'payments.PaymentSettled', "
    "'payments.PaymentChargedBack', 'payments.ChargebackWon'",
)
_VALUE_KINDS = (
    "'payments.PaidOut', 'payments.StoredValueIssued', 'payments.StoredValueToppedUp', "
    "'payments.StoredValueTransferred', 'payments.StoredValueExpired'"
)
_VALUE = _HANDLED.format(kinds=_VALUE_KINDS)
_SUPPLIES = _HANDLED.format(kinds="'vendors.VendorShipped', 'vendors.InvoiceAccepted'")

# A vendor's own goods cost us nothing of our inventory; what they cost is told by the vendor.
SALES_POSTED = f"""
with told as (
    select l.id, l.kind, l.subject || '#' || l.subject_no as cause_id, x.net, x.tax, x.cost
    from (select l.id, l.kind, l.subject, l.subject_no, l.body {_SALES}) l
    cross join lateral (
        select coalesce(sum((u ->> 'net_minor')::bigint), 0) as net,
               coalesce(sum((u ->> 'tax_minor')::bigint), 0) as tax,
               coalesce(sum((
                   select sum((k ->> 'cost_minor')::bigint)
                   from jsonb_array_elements(u -> 'costs') k
                   where (k ->> 'owner_id')::uuid = any(array(
                       select id from organization_entity)))), 0) as cost
        from jsonb_array_elements(
            coalesce(l.body -> 'units', '[]') || coalesce(l.body -> 'charges', '[]')) u
    ) x
), posted as (
    select e.cause_kind, e.cause_id,
           sum(p.minor) filter (where p.account = 'clearing') as gross,
           sum(p.minor) filter (where p.account = 'tax_payable') as tax,
           sum(p.minor) filter (where p.account in
               ('revenue', 'appeasements', 'shipping_income', 'service_income', 'rounding')) as net,
           sum(p.minor) filter (where p.account = 'cost_of_goods') as cost
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind in ('orders.LinesHandedOver', 'orders.ChargesDue') group by 1, 2
)
select 'event:' || t.id as subject,
       format('it tells %s net, %s tax and %s cost; posted are %s, %s and %s', t.net, t.tax, t.cost,
              coalesce(-p.net, 0), coalesce(-p.tax, 0), coalesce(p.cost, 0)) as detail
from told t left join posted p on p.cause_kind = t.kind and p.cause_id = t.cause_id
where t.net <> coalesce(-p.net, 0) or t.tax <> coalesce(-p.tax, 0)
   or t.cost <> coalesce(p.cost, 0) or t.net + t.tax <> coalesce(p.gross, 0)
"""  # noqa: S608

MONEY_POSTED = f"""
with told as (
    select l.id, l.kind, l.body ->> 'operation_id' as operation_id {_MONEY}
), moved as (
    select t.id, t.kind, t.operation_id, m.minor, m.deed,
           coalesce(nullif(m.to_method, ''), y.method) as method
    from told t
    left join payments_movement m on m.operation_id = t.operation_id::uuid
    left join payments_payment y on y.id = m.payment_id
), posted as (
    select e.cause_kind, e.cause_id, p.account, sum(p.minor) as minor
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind like 'payments.%' group by 1, 2, 3
)
select 'event:' || m.id as subject,
       format('%s of %s minor units by %s is posted as %s', m.deed, m.minor, m.method,
              coalesce(p.minor, 0)) as detail
from moved m
left join posted p
    on p.cause_kind = m.kind and p.cause_id = m.operation_id
   and p.account = case when m.method in ('cash', 'stored_value') then m.method
                        else 'receivable_' || m.method end
where m.minor is null
   or coalesce(p.minor, 0)
      <> case when m.deed in ('capture', 'chargeback_won') then m.minor else -m.minor end
"""  # noqa: S608

# Payouts and stored value: what their journals say lies on the account of its way of paying.
VALUE_POSTED = f"""
with told as (
    select l.id, l.kind, coalesce(l.body ->> 'payout_id', l.body ->> 'entry_id') as cause_id
    {_VALUE}
), moved as (
    select t.id, t.kind, t.cause_id,
           case when o.method in ('cash', 'stored_value') then o.method
                when o.method is not null then 'receivable_' || o.method
                else 'stored_value' end as account,
           coalesce(-o.minor, case e.deed when 'transferred' then 0 else -e.minor end) as minor
    from told t
    left join payments_payout o on o.id = t.cause_id::uuid
    left join payments_account_entry e on e.id = t.cause_id::uuid
), posted as (
    select e.cause_kind, e.cause_id, p.account, sum(p.minor) as minor
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind like 'payments.%' group by 1, 2, 3
)
select 'event:' || m.id as subject,
       format('%s of %s minor units on %s is posted as %s', m.kind, m.minor, m.account,
              coalesce(p.minor, 0)) as detail
from moved m
left join posted p
    on p.cause_kind = m.kind and p.cause_id = m.cause_id and p.account = m.account
where m.minor is null or coalesce(p.minor, 0) <> m.minor
"""  # noqa: S608

# What each entity owes on gift cards and store credit is what they hold, once all is read.
LIABILITY = f"""
with unread as (
    select from platform_log l
    left join platform_cursor c on c.reaction = 'finance.post'
    where l.kind in ('payments.PaymentCaptured', 'payments.PaymentRefunded', {_VALUE_KINDS})
      and (c.reaction is null or (l.epoch, l.txid, l.id) > (c.epoch, c.txid, c.id)
           or exists (select from platform_backlog b
                      where b.reaction = c.reaction and b.log_id = l.id))
), owed as (
    select p.entity_id, p.currency, -sum(p.minor) as minor
    from ledger_posting p join ledger_entry e on e.id = p.entry_id
    where p.account = 'stored_value' and e.cause_kind like 'payments.%' group by 1, 2
), held as (
    select entity_id, currency, sum(balance_minor) as minor from payments_account group by 1, 2
)
select 'entity:' || entity_id as subject,
       format('it owes %s %s by the books, gift cards and store credit hold %s',
              coalesce(o.minor, 0), currency, coalesce(h.minor, 0)) as detail
from owed o full join held h using (entity_id, currency)
where not exists (select from unread) and coalesce(o.minor, 0) <> coalesce(h.minor, 0)
"""  # noqa: S608

SUPPLIES_POSTED = f"""
with told as (
    select l.id, l.kind, l.subject || '#' || l.subject_no as cause_id,
           case l.kind when 'vendors.VendorShipped'
                then -coalesce((select sum((u ->> 'cost_minor')::bigint)
                                from jsonb_array_elements(l.body -> 'owed') u), 0)
                else (l.body ->> 'accrued_minor')::bigint end as accrued,
           case l.kind when 'vendors.VendorShipped' then 0
                else -((l.body ->> 'net_minor')::bigint + (l.body ->> 'freight_minor')::bigint
                       + (l.body ->> 'tax_minor')::bigint) end as payable
    from (select l.id, l.kind, l.subject, l.subject_no, l.body {_SUPPLIES}) l
), posted as (
    select e.cause_kind, e.cause_id,
           sum(p.minor) filter (where p.account = 'received_not_invoiced') as accrued,
           sum(p.minor) filter (where p.account = 'payables') as payable,
           sum(p.minor) filter (where p.account = 'inventory') as inventory
    from ledger_entry e join ledger_posting p on p.entry_id = e.id
    where e.cause_kind like 'vendors.%' group by 1, 2
)
select 'event:' || t.id as subject,
       format('%s are accrued and %s payable, posted are %s and %s', t.accrued, t.payable,
              coalesce(p.accrued, 0), coalesce(p.payable, 0)) as detail
from told t left join posted p on p.cause_kind = t.kind and p.cause_id = t.cause_id
where t.accrued <> coalesce(p.accrued, 0) or t.payable <> coalesce(p.payable, 0)
   or p.inventory is not null
"""  # noqa: S608

# The log tells of every unit that left, with the share of its line that has become due.
GOODS_TOLD = """
with told as (
    select (u ->> 'line_id')::uuid as line_id, sum((u ->> 'quantity')::bigint) as units,
           sum((u ->> 'net_minor')::bigint) as net, sum((u ->> 'tax_minor')::bigint) as tax
    from platform_log l cross join jsonb_array_elements(l.body -> 'units') u
    where l.kind = 'orders.LinesHandedOver' group by 1
), handed as (
    select l.id as line_id, sum(b.quantity) as units,
           round(l.net_minor::numeric * sum(b.quantity) / l.quantity) as net,
           round(l.tax_minor::numeric * sum(b.quantity) / l.quantity) as tax
    from orders_line l join orders_bucket b on b.line_id = l.id
    where b.stage in ('handed_over', 'delivered') group by l.id
)
select 'order line:' || line_id as subject,
       format('%s units handed over for %s + %s, told %s for %s + %s', coalesce(h.units, 0),
              coalesce(h.net, 0), coalesce(h.tax, 0), coalesce(t.units, 0), coalesce(t.net, 0),
              coalesce(t.tax, 0)) as detail
from handed h full join told t using (line_id)
where (coalesce(h.units, 0), coalesce(h.net, 0), coalesce(h.tax, 0))
      <> (coalesce(t.units, 0), coalesce(t.net, 0), coalesce(t.tax, 0))
"""

CHARGES_TOLD = """
with told as (
    select (u ->> 'charge_id')::uuid as charge_id, count(*) as times,
           sum((u ->> 'net_minor')::bigint) as net, sum((u ->> 'tax_minor')::bigint) as tax
    from platform_log l cross join jsonb_array_elements(l.body -> 'charges') u
    where l.kind in ('orders.LinesHandedOver', 'orders.ChargesDue', 'orders.LinesCredited')
    group by 1
), due as (
    select c.id as charge_id, c.net_minor as net, c.tax_minor as tax
    from orders_charge c
    where not c.cancelled and exists (
        select from orders_movement m
        where m.order_id = c.order_id and m.to_stage = 'handed_over')
)
select 'charge:' || charge_id as subject,
       format('due are %s + %s, told %s times are %s + %s', coalesce(d.net, 0), coalesce(d.tax, 0),
              coalesce(t.times, 0), coalesce(t.net, 0), coalesce(t.tax, 0)) as detail
from due d full join told t using (charge_id)
where d.charge_id is null or coalesce(t.times, 0) <> 1 or d.net <> t.net or d.tax <> t.tax
"""

# The inventory account is units times average: three steps, of which the first two always hold.
STOCK_VALUED = """
select format('stock:%s/%s', variant_id, owner_id) as subject,
       format('%s units at an average of %s are posted at %s', units, average_milli, posted_minor)
           as detail
from finance_stock
where posted_minor <> round(coalesce(average_milli, 0)::numeric * units / 1000)
"""

# Entries by hand are a person's own affair.
STOCK_ACCOUNT = """
with account as (
    select p.entity_id as owner_id, sum(p.minor) as minor
    from ledger_posting p join ledger_entry e on e.id = p.entry_id
    where p.account = 'inventory'
      and e.cause_kind in ('inventory.StockValued', 'orders.LinesHandedOver',
                           'transfers.TransferSent')
    group by 1
), held as (
    select owner_id, sum(posted_minor) as minor from finance_stock group by 1
)
select 'entity:' || owner_id as subject,
       format('the inventory account has %s, stock is valued at %s', coalesce(a.minor, 0),
              coalesce(h.minor, 0)) as detail
from account a full join held h using (owner_id)
where coalesce(a.minor, 0) <> coalesce(h.minor, 0)
"""

# Units by the events are the units that lie there and those in parcels to our stores, as soon as
# every event has been read. What transfers have on their way stands in an account of its own.
STOCK_UNITS = """
with unread as (
    select from platform_log l
    left join platform_cursor c
        on c.reaction = 'finance.post'
    where l.kind in ('inventory.StockValued', 'orders.LinesHandedOver', 'transfers.TransferSent')
      and (c.reaction is null or (l.epoch, l.txid, l.id) > (c.epoch, c.txid, c.id)
           or exists (select from platform_backlog b
                      where b.reaction = c.reaction and b.log_id = l.id))
), lying as (
    select variant_id, owner_id, sum(units) as units from (
        select variant_id, owner_id, on_hand as units from inventory_position
        union all
        select l.variant_id, t.owner_id, t.quantity
        from fulfillment_transfer t
        join fulfillment_parcel p on p.id = t.parcel_id and p.state = 'shipped'
        join fulfillment_line l on l.id = t.fulfillment_line_id
    ) everywhere
    where owner_id in (select id from organization_entity) group by 1, 2
), costs as (
    select c.variant_id, c.owner_id, c.average_milli
    from inventory_cost c join organization_entity e on e.id = c.owner_id
)
select format('stock:%s/%s', variant_id, owner_id) as subject,
       format('the books have %s units at %s, there are %s at %s', coalesce(s.units, 0),
              s.average_milli, coalesce(y.units, 0), c.average_milli) as detail
from finance_stock s
full join lying y using (variant_id, owner_id)
full join costs c using (variant_id, owner_id)
where not exists (select from unread)
  and (coalesce(s.units, 0) <> coalesce(y.units, 0)
       or s.average_milli is distinct from c.average_milli)
"""

TRANSIT_ACCOUNT = """
with account as (
    select p.entity_id as owner_id, sum(p.minor) as minor
    from ledger_posting p join ledger_entry e on e.id = p.entry_id
    where p.account = 'stock_in_transit'
      and (e.cause_kind like 'transfers.%' or e.cause_kind = 'inventory.StockValued')
    group by 1
), kept as (
    select owner_id, sum(posted_minor) as minor from finance_transit group by 1
)
select 'entity:' || owner_id as subject,
       format('goods on their way are posted at %s, transfers hold %s', coalesce(a.minor, 0),
              coalesce(k.minor, 0)) as detail
from account a full join kept k using (owner_id)
where coalesce(a.minor, 0) <> coalesce(k.minor, 0)
"""

# What transfers have on their way, piece by piece at its cost, once every event has been read.
TRANSIT_VALUED = """
with unread as (
    select from platform_log l
    left join platform_cursor c on c.reaction = 'finance.post'
    where l.kind in ('inventory.StockValued', 'transfers.TransferSent',
                     'transfers.TransferReceived', 'transfers.TransferClosed')
      and (c.reaction is null or (l.epoch, l.txid, l.id) > (c.epoch, c.txid, c.id)
           or exists (select from platform_backlog b
                      where b.reaction = c.reaction and b.log_id = l.id))
), worth as (
    select l.transfer_id,
           sum(round(p.cost_milli::numeric * (p.quantity - p.arrived - p.written_off) / 1000))
               as minor
    from transfers_line l join transfers_piece p on p.line_id = l.id group by 1
)
select 'transfer:' || transfer_id as subject,
       format('what is on its way is worth %s and posted at %s', coalesce(w.minor, 0),
              coalesce(t.posted_minor, 0)) as detail
from worth w full join finance_transit t using (transfer_id)
where not exists (select from unread) and coalesce(w.minor, 0) <> coalesce(t.posted_minor, 0)
"""

# Entries of events are of events that were told, each of its own.
ENTRIES_HAVE_EVENTS = """
with told as (
    select kind, case when kind like 'payments.%'
                      then coalesce(body ->> 'operation_id', body ->> 'payout_id',
                                    body ->> 'entry_id')
                      else subject || '#' || subject_no end as cause_id
    from platform_log where kind in (select cause_kind from ledger_entry)
)
select 'entry:' || e.id as subject,
       format('it was posted for %s %s, which was not told', e.cause_kind, e.cause_id) as detail
from ledger_entry e
left join told t on (t.kind, t.cause_id) = (e.cause_kind, e.cause_id)
where e.cause_kind ~ '^[a-z]+[.][A-Z]' and t.kind is null
"""

# What is sold, charged and given back is posted in the channel of its order.
POSTED_IN_ITS_CHANNEL = """
select distinct 'entry:' || e.id as subject,
       format('posting %s is of channel %s, its order %s of %s', p.position, p.channel_id, o.number,
              o.channel_id) as detail
from platform_log l
join orders_order o on o.id = (l.body ->> 'order_id')::uuid
join ledger_entry e
    on (e.cause_kind, e.cause_id) = (l.kind, l.subject || '#' || l.subject_no)
join ledger_posting p on p.entry_id = e.id
where l.kind in ('orders.LinesHandedOver', 'orders.ChargesDue', 'orders.LinesCredited')
  and p.channel_id <> o.channel_id
"""

CLOSES = """
select 'close:' || c.id as subject,
       format('it says a difference of %s, its rows have %s', c.difference_minor, x.total) as detail
from finance_close c
cross join lateral (
    select coalesce(sum(abs((r ->> 'ledger_minor')::bigint - (r ->> 'order_book_minor')::bigint)),
                    0) as total
    from jsonb_array_elements(c.rows) r
) x
where x.total <> c.difference_minor or (c.difference_minor > 0 and c.reason = '')
"""

CLOSES_NUMBERED = """
select format('closes:%s/%s', channel_id, day) as subject,
       format('%s closes, the last is version %s', count(*), max(version)) as detail
from finance_close group by channel_id, day having count(*) <> max(version)
"""

RULES = [
    Rule("finance.sales_posted", SALES_POSTED),
    Rule("finance.money_posted", MONEY_POSTED),
    Rule("finance.value_posted", VALUE_POSTED),
    Rule("finance.liability", LIABILITY),
    Rule("finance.supplies_posted", SUPPLIES_POSTED),
    Rule("finance.goods_told", GOODS_TOLD),
    Rule("finance.charges_told", CHARGES_TOLD),
    Rule("finance.stock_valued", STOCK_VALUED),
    Rule("finance.stock_account", STOCK_ACCOUNT),
    Rule("finance.stock_units", STOCK_UNITS),
    Rule("finance.transit_account", TRANSIT_ACCOUNT),
    Rule("finance.transit_valued", TRANSIT_VALUED),
    Rule("finance.entries_have_events", ENTRIES_HAVE_EVENTS),
    Rule("finance.posted_in_its_channel", POSTED_IN_ITS_CHANNEL),
    Rule("finance.closes", CLOSES),
    Rule("finance.closes_numbered", CLOSES_NUMBERED),
]
