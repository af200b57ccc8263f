-- Every number of the demo's report, read from the journals of one tenant in one transaction.
-- A line "-- name: <statement>" begins a statement; statements.py cuts the file at these lines.

-- name: fates
-- What became of the raw lines, as told by the replay: $1 numbers of lines, $2 fates, $3 reasons.
with told as (
    select * from unnest($1::integer[], $2::text[], $3::text[]) as t(number, fate, reason)
)
select fate, reason, count(*) as lines, count(*) - count(distinct number) as repeated
from told group by fate, reason order by fate, lines desc, reason;

-- name: channels
-- Orders by channel, beside what was handed in: $1 channels, $2 orders handed in, $3 refused.
with handed_in as (
    select * from unnest($1::text[], $2::integer[], $3::integer[])
        as t(channel, orders_in, orders_rejected)
), placed as (
    select o.channel, o.currency, count(distinct o.id) as orders,
           count(l.id) filter (where not l.is_bundle) as lines,
           coalesce(sum(l.quantity) filter (where not l.is_bundle), 0)::bigint as units,
           coalesce(sum(l.gross_minor) filter (where l.parent_line_id is null), 0)::bigint
               as goods_gross_minor
    from orders_order o left join orders_line l on l.order_id = o.id and l.amendment_no = 0
    group by 1, 2
)
select coalesce(p.channel, h.channel) as channel, coalesce(p.currency, '') as currency,
       coalesce(h.orders_in, 0) as orders_in, coalesce(p.orders, 0) as orders_placed,
       coalesce(h.orders_rejected, 0) as orders_rejected, coalesce(p.lines, 0) as lines,
       coalesce(p.units, 0) as units, coalesce(p.goods_gross_minor, 0) as goods_gross_minor
from placed p full join handed_in h using (channel) order by orders_placed desc, 1;

-- name: totals
-- Orders and lines of the tenant. A component stands for its bundle, as in a stock line.
select (select count(*) from orders_order) as orders_placed,
       (select count(*) from orders_line where amendment_no = 0 and parent_line_id is null)
           as lines_placed,
       (select count(distinct cause_line) from inventory_movement
        where reason = 'adjust' and cause_kind = 'adjustment') as lines_adjusted,
       (select count(*) from orders_order o
        where not exists (
            select from orders_line l join orders_bucket b on b.line_id = l.id
            where l.order_id = o.id and b.stage <> 'cancelled')
       ) as orders_cancelled,
       (select count(*) from orders_order where closed_at is null) as orders_open;

-- name: stock
-- Promises against the stock of their moment, by running sums over each position's journal in the
-- order of its movements. A decision that leaves more allocated than lies there has oversold the
-- difference, at most its own units. What facts (a count, a till sale, a loss) take away from
-- under promises is lost, not oversold.
with moved as (
    select position_id, movement_no, at, reason, on_hand_delta, allocated_delta,
           sum(on_hand_delta) over so_far as on_hand,
           sum(allocated_delta) over so_far as allocated
    from inventory_movement
    window so_far as (partition by position_id order by movement_no, at)
), judged as (
    select reason in ('allocate', 'confirm') and allocated_delta > 0 as promises,
           reason = 'transfer' as passes_on,
           allocated_delta,
           greatest(0, allocated - greatest(0, on_hand)) as lacking,
           greatest(0, allocated - allocated_delta - greatest(0, on_hand - on_hand_delta))
               as lacking_before
    from moved
)
select coalesce(sum(least(allocated_delta, lacking)) filter (where promises), 0)::bigint
           as units_oversold,
       coalesce(sum(lacking - lacking_before)
           filter (where not (promises or passes_on) and lacking > lacking_before), 0)::bigint
           as units_lost_to_facts
from judged;

-- name: stock_outs
-- Units that no location could supply when they were wanted, and those that still wait.
select count(distinct m.line_id) filter (where m.to_stage = 'backordered') as lines_short,
       coalesce(sum(m.quantity) filter (where m.to_stage = 'backordered'), 0)::bigint
           as units_short,
       (select coalesce(sum(quantity), 0)::bigint from orders_bucket where stage = 'backordered')
           as units_waiting
from orders_movement m;

-- name: touched
-- An order is touched when a person's command other than accept, pick, pack, hand over, count and
-- take back changed it: audited under the person's name, and told in the log under the same request.
with by_hand as (
    select distinct actor, trace from platform_audit
    where actor like 'staff:%' and action not like 'returns.%' and action not in (
        'fulfillment.accept', 'fulfillment.pick', 'fulfillment.pack', 'fulfillment.collect',
        'inventory.count')
), touched as (
    select distinct (l.body ->> 'order_id')::uuid as id
    from platform_log l join by_hand using (actor, trace)
    where l.subject like 'order:%' or l.subject like 'fulfillment:%'
)
select count(t.id) as orders_touched,
       round(1 - count(t.id)::numeric / greatest(count(*), 1), 4) as touchless_share
from orders_order o left join touched t on t.id = o.id;

-- name: promises
-- What was promised as the order was placed, against when goods reached their customer: delivered,
-- or ready where they are collected. A line is kept when all its units that were not cancelled
-- came in time.
with wanted as (
    select l.id as line_id, l.method, l.first_promised_at as promised_at,
           l.quantity - coalesce(c.units, 0) as units
    from orders_line l
    left join (
        select line_id, sum(quantity) as units from orders_movement
        where to_stage = 'cancelled' group by line_id
    ) c on c.line_id = l.id
    where l.amendment_no = 0 and not l.is_bundle and l.method <> 'carry_out'
      and l.quantity > coalesce(c.units, 0)
), arrived as (
    select (u ->> 'line_id')::uuid as line_id, (u ->> 'quantity')::bigint as units,
           (d.body ->> 'occurred_at')::timestamptz as at
    from platform_log d
    join platform_log s on s.kind = 'fulfillment.ParcelShipped' and s.subject = d.subject
         and s.body ->> 'parcel_id' = d.body ->> 'parcel_id'
    cross join jsonb_array_elements(s.body -> 'units') u
    where d.kind = 'fulfillment.ParcelDelivered'
    union all
    select f.line_id, f.quantity - f.removed, (r.body ->> 'occurred_at')::timestamptz
    from platform_log r
    join fulfillment_line f
        on f.fulfillment_order_id = (r.body ->> 'fulfillment_order_id')::uuid
    where r.kind = 'fulfillment.PickupReady'
), judged as (
    select w.line_id,
           case when w.promised_at is null then 'undated'
                when coalesce(sum(a.units), 0) < w.units then 'open'
                when max(a.at) <= w.promised_at then 'kept' else 'late' end as fate
    from wanted w left join arrived a using (line_id)
    group by w.line_id, w.promised_at, w.units
)
select count(*) filter (where fate = 'kept') as lines_kept,
       count(*) filter (where fate = 'late') as lines_late,
       count(*) filter (where fate = 'open') as lines_open,
       count(*) filter (where fate = 'undated') as lines_undated,
       round(count(*) filter (where fate = 'kept')::numeric
           / greatest(count(*) filter (where fate in ('kept', 'late')), 1), 4) as kept_share
from judged;

-- name: parcels
select count(*) as parcels, count(distinct f.order_id) as orders_with_parcels,
       round(count(*)::numeric / greatest(count(distinct f.order_id), 1), 3) as parcels_per_order
from fulfillment_parcel p join fulfillment_order f on f.id = p.fulfillment_order_id
where p.state in ('shipped', 'delivered');

-- name: sourcing
-- What the decisions cost beside the nearest places for the same orders, where both are known.
select currency, count(distinct order_id) as orders, count(*) as decisions,
       count(*) filter (where nearest_milli is null) as decisions_without_distance,
       coalesce(sum(cost_milli) filter (where nearest_milli is not null), 0)::bigint
           as cost_milli,
       coalesce(sum(nearest_milli), 0)::bigint as nearest_milli,
       coalesce(round(sum(cost_milli) filter (where nearest_milli is not null) / 1000
           / nullif(count(distinct order_id) filter (where nearest_milli is not null), 0), 1), 0)
           as cost_per_order_minor,
       coalesce(round(sum(nearest_milli) / 1000
           / nullif(count(distinct order_id) filter (where nearest_milli is not null), 0), 1), 0)
           as nearest_per_order_minor,
       coalesce(round(1 - sum(cost_milli) filter (where nearest_milli is not null)
           / nullif(sum(nearest_milli), 0), 4), 0) as saved_share
from sourcing_receipt group by currency order by currency;

-- name: messages
select m.topic, count(*) filter (where m.state = 'sent') as sent,
       count(*) filter (where m.state = 'due') as due,
       count(*) filter (where m.state in ('failed', 'not_sendable')) as not_sent
from engagement_message m group by m.topic order by m.topic;

-- name: emails
select count(*) as emails_sent from platform_log where kind = 'engagement.MessageSent';

-- name: ledger
-- Entries that do not balance, by entity and currency, in absolute minor units.
with entries as (
    select entry_id, entity_id, currency, book_currency, sum(minor) as minor,
           sum(book_minor) as book_minor
    from ledger_posting group by 1, 2, 3, 4
)
select coalesce(sum(abs(minor)) + sum(abs(book_minor)), 0)::bigint as ledger_imbalance_minor
from entries;

-- name: money
-- Debits are positive, credits negative.
select a.number, p.account, a.name, p.currency, sum(p.minor)::bigint as minor
from ledger_posting p join ledger_account a on a.code = p.account
group by 1, 2, 3, 4 order by 1, 4;

-- name: control
-- What the orders were worth as they were placed, without tax, in pounds: goods and delivery.
-- $1 pounds by the raw file, $2 what of it is lost by rounding each line, $3 postage of baskets
-- that were refused. Orders in another currency are rounded in that one.
with worth as (
    select o.currency, o.placed_at, l.net_minor,
           case when c.tax_mode = 'exclusive' then l.unit_price_milli::numeric * l.quantity / 1000
                else l.net_minor end as exact_minor
    from orders_order o
    join orders_line l on l.order_id = o.id
    join organization_channel c on c.id = o.channel_id
    where l.amendment_no = 0 and l.parent_line_id is null
    union all
    select o.currency, o.placed_at, c.net_minor, c.net_minor
    from orders_order o join orders_charge c on c.order_id = o.id
    where c.kind = 'shipping' and c.cause_kind = ''
), seen as (
    select coalesce(sum(w.net_minor * coalesce(r.rate_nano, 1000000000)::numeric)
               / 100000000000, 0) as pounds,
           coalesce(sum(w.net_minor * r.rate_nano::numeric) / 100000000000, 0) as exchanged,
           coalesce(sum((w.exact_minor - w.net_minor) * r.rate_nano::numeric) / 100000000000, 0)
               as exchange_rounding
    from worth w
    left join lateral (
        select x.rate_nano from ledger_rate x
        where x.currency = w.currency and x.book_currency = 'GBP'
          and w.currency <> 'GBP' and x.valid_from <= w.placed_at::date
        order by x.valid_from desc limit 1
    ) r on true
)
select trim_scale($1::numeric - $3::numeric) as control_total_expected,
       trim_scale(pounds) as control_total_seen,
       trim_scale($1::numeric - $3::numeric - pounds) as difference,
       trim_scale($2::numeric) as rounding, trim_scale(exchange_rounding) as exchange_rounding,
       trim_scale($1::numeric - $3::numeric - $2::numeric - exchange_rounding - pounds)
           as unexplained,
       trim_scale(exchanged) as exchanged
from seen;

-- name: credit_notes
-- What the credit notes gave back, without tax, in pounds: $1 pounds by the raw file, negative,
-- $2 what converting money that is no goods takes off. A part is what the customer got (net), what
-- that is before it is rounded to whole minor units (exact), and how many times that was done
-- (roundings). Money that is no goods is spread over goods and taxes; before, it was a whole number
-- of minor units. What differs by more than a minor unit for each rounding is not explained by it.
with cancelled as (
    select o.currency, 1 as roundings, round(l.net_minor * u.quantity / l.quantity) as net,
           case when c.tax_mode = 'exclusive' then l.unit_price_milli::numeric * u.quantity / 1000
                else l.net_minor * u.quantity / l.quantity end as exact
    from orders_amendment a
    join orders_order o on o.id = a.order_id
    join organization_channel c on c.id = o.channel_id
    cross join lateral (
        select (x ->> 'line_id')::uuid as line_id, sum((x ->> 'quantity')::numeric) as quantity
        from jsonb_array_elements(a.lines) x group by 1
    ) u
    join orders_line l on l.id = u.line_id
    where a.kind = 'cancel' and a.reason like 'Credit note %'
    union all
    select o.currency, 1, c.net_minor, c.net_minor
    from orders_order o
    join orders_charge c on c.order_id = o.id and c.kind = 'shipping' and c.cause_kind = ''
    where exists (
        select from orders_amendment a
        where a.order_id = o.id and a.kind = 'cancel' and a.reason like 'Credit note %'
    ) and not exists (
        select from orders_line l join orders_bucket b on b.line_id = l.id
        where l.order_id = o.id and b.stage <> 'cancelled'
    )
), returned as (
    select o.currency, 1 as roundings, r.net_minor::numeric as net,
           case when c.tax_mode = 'exclusive' then l.unit_price_milli::numeric * r.quantity / 1000
                else r.net_minor end as exact
    from orders_credit r
    join orders_line l on l.id = r.line_id
    join orders_order o on o.id = r.order_id
    join organization_channel c on c.id = o.channel_id
), credited as (
    select o.currency, count(*) as roundings, -sum(c.net_minor)::numeric as net,
           -round(sum(c.gross_minor) * 10000.0 / (10000 + c.tax_rate_bp)) as exact
    from orders_charge c join orders_order o on o.id = c.order_id
    where c.cause_kind = 'return'
    group by o.currency, c.cause_id, c.kind, c.title, c.tax_rate_bp
), blind as (
    select r.currency, 1 as roundings, l.net_minor::numeric as net,
           l.unit_price_milli::numeric * l.credited / 1000
               * case when c.tax_mode = 'exclusive' then 1 else 10000.0 / (10000 + l.tax_rate_bp) end
               as exact
    from returns_line l
    join returns_return r on r.id = l.return_id
    join organization_channel c on c.id = r.channel_id
    where r.kind = 'blind'
    union all
    select b.body ->> 'currency', 1, -(x ->> 'net_minor')::numeric, -(x ->> 'net_minor')::numeric
    from platform_log b cross join jsonb_array_elements(b.body -> 'charges') x
    where b.kind = 'returns.BlindUnitsCredited'
), booked as (
    select p.currency, 1 as roundings, sum(p.minor)::numeric as net, sum(p.minor)::numeric as exact
    from ledger_entry e
    join ledger_posting p on p.entry_id = e.id
    join ledger_account a on a.code = p.account and a.kind in ('income', 'expense')
    where e.cause_kind = 'ledger.manual' and e.memo like 'Credit note %'
    group by p.currency
), parts as (
    select 'cancelled' as part, * from cancelled
    union all select 'returned', * from returned
    union all select 'credited', * from credited
    union all select 'blind', * from blind
    union all select 'booked', * from booked
), pounds as (
    select p.part, p.net * coalesce(r.rate_nano, 1000000000) / 100000000000 as net,
           case when abs(p.exact - p.net) <= p.roundings then p.exact - p.net else 0 end
               * coalesce(r.rate_nano, 1000000000) / 100000000000 as rounding
    from parts p
    left join lateral (
        select x.rate_nano::numeric from ledger_rate x
        where x.currency = p.currency and x.book_currency = 'GBP' and p.currency <> 'GBP'
        order by x.valid_from desc limit 1
    ) r on true
), sums as (
    select -coalesce(sum(net), 0) as seen,
           round(-coalesce(sum(rounding), 0) - $2::numeric, 5) as rounding,
           -coalesce(sum(net) filter (where part = 'cancelled'), 0) as cancelled,
           -coalesce(sum(net) filter (where part = 'returned'), 0) as returned,
           -coalesce(sum(net) filter (where part = 'credited'), 0) as credited,
           -coalesce(sum(net) filter (where part = 'blind'), 0) as blind,
           -coalesce(sum(net) filter (where part = 'booked'), 0) as booked
    from pounds
)
select trim_scale($1::numeric) as credit_notes_expected, trim_scale(seen) as credit_notes_seen,
       trim_scale($1::numeric - seen) as difference, trim_scale(rounding) as rounding,
       trim_scale($1::numeric - seen - rounding) as unexplained,
       trim_scale(cancelled) as cancelled, trim_scale(returned) as returned,
       trim_scale(credited) as credited, trim_scale(blind) as blind, trim_scale(booked) as booked
from sums;

-- name: lag
-- How long after an order of one channel another channel's availability showed it: $1 milliseconds.
select count(*) as samples, coalesce(percentile_disc(0.5) within group (order by ms), 0) as p50_ms,
       coalesce(percentile_disc(0.99) within group (order by ms), 0) as p99_ms,
       coalesce(max(ms), 0) as max_ms
from unnest($1::integer[]) as t(ms);
