-- What benchmarks ask of tables directly: baselines, rows by the million, how far reactions are.

-- name: make_copied
create table bench_copied (like inventory_position including all) with (fillfactor = 75);

-- name: positions
select * from inventory_position order by id;

-- name: lag_seconds
select w.reaction, coalesce(extract(epoch from clock_timestamp() - first.at), 0)::float8 as seconds
from unnest($1::text[], $2::text[]) as w(reaction, kinds)
join platform_cursor c using (reaction)
left join lateral (
    select at from platform_log l
    where l.epoch = c.epoch and (l.txid, l.id) > (c.txid, c.id)
      and l.kind = any(string_to_array(w.kinds, ','))
    order by l.txid, l.id limit 1
) as first on true;

-- name: make_multiply
-- Multiplies orders that were placed: whatever has an identifier made since, in any table, is
-- written again with other identifiers, but answers kept under keys, which are forgotten after a week:
-- so many orders are those of years. `keep` sets the originals aside, `multiply` writes copies.
-- Counters of positions stay as they are, so verify would not approve.
create function bench_keep(since uuid, since_at timestamptz) returns void language plpgsql as $$
declare
    kept record;
    wanted text;
    ours text := '(%1$I >= $1 and substr(%1$I::text, 15, 1) = ''7'')';  -- made since, by a process
begin
    for kept in select oid, relname from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
          and not relispartition order by oid
    loop
        select string_agg(format(ours, attname), ' or ') into wanted from pg_attribute
        where attrelid = kept.oid and attnum > 0 and atttypid = 'uuid'::regtype;
        wanted := case kept.relname
            when 'platform_log' then 'at >= $2'
            when 'platform_log_subject' then
                'subject in (select subject from platform_log where at >= $2)'
            else wanted end;
        if wanted is not null and kept.relname not like 'platform_effect%' then
            execute format('create table %I as select * from %I where %s',
                           'bench_of_' || kept.relname, kept.relname, wanted)
                using since, since_at;
        end if;
    end loop;
end $$;
create function bench_multiply(since uuid, first integer, last integer) returns void
language plpgsql as $$
declare
    kept record;
    names text;
    told text;
    ours text := '(%1$I >= $1 and substr(%1$I::text, 15, 1) = ''7'')';
begin
    for kept in select oid, relname from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
          and to_regclass('bench_of_' || relname) is not null order by oid
    loop
        select string_agg(quote_ident(attname), ', ' order by attnum),
               string_agg(case
                   when atttypid = 'uuid'::regtype then format(
                       'case when ' || ours || ' then overlay(%1$I::text placing '
                       'lpad(to_hex(k), 8, ''0'') from 29)::uuid else %1$I end', attname)
                   when attname in ('number', 'value', 'key', 'subject', 'source_id')
                        and atttypid = 'text'::regtype then format('%I || ''#'' || k', attname)
                   when attname = 'cause' then
                       'case when cause like ''%-%-%'' then cause || ''#'' || k else cause end'
                   when attname = 'content_hash' then 'content_hash || int4send(k)'
                   when attname = 'movement_no' then 'movement_no + 1000000 * k'
                   else quote_ident(attname) end, ', ' order by attnum)
        into names, told
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where attrelid = kept.oid and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
          and coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ 'nextval|xact_id';
        execute format('insert into %I (%s) select %s from %I, generate_series($2, $3) as k',
                       kept.relname, names, told, 'bench_of_' || kept.relname)
            using since, first, last;
    end loop;
end $$;

-- name: lay_postings
-- What a day after the other does to the books of stores: seven in ten sales are the store's own, one
-- it sends for the web shop, one of its own comes back, and one of the web shop's is taken back, paid
-- out of its till and credited to it. $1 entity, $2 channel of tills, $3 web shop, $4 stores, $5 first
-- day, $6 days, $7 sales of a store a day, $8 number of the first entry.
with shape (kind, part, position, account, worth, sign, web, placed) as (values
    ('own', 0, 1, 'clearing', 'gross', 1, false, false),
    ('own', 0, 2, 'revenue', 'net', -1, false, true),
    ('own', 0, 3, 'tax_payable', 'tax', -1, false, true),
    ('own', 0, 4, 'cost_of_goods', 'cost', 1, false, true),
    ('own', 0, 5, 'inventory', 'cost', -1, false, true),
    ('own', 1, 1, 'cash', 'gross', 1, false, true),
    ('own', 1, 2, 'clearing', 'gross', -1, false, false),
    ('sent', 0, 1, 'clearing', 'gross', 1, true, false),
    ('sent', 0, 2, 'revenue', 'net', -1, true, true),
    ('sent', 0, 3, 'tax_payable', 'tax', -1, true, true),
    ('sent', 0, 4, 'cost_of_goods', 'cost', 1, true, true),
    ('sent', 0, 5, 'inventory', 'cost', -1, true, true),
    ('sent', 1, 1, 'receivable_card', 'gross', 1, true, false),
    ('sent', 1, 2, 'clearing', 'gross', -1, true, false),
    ('back', 0, 1, 'clearing', 'gross', -1, false, false),
    ('back', 0, 2, 'sales_returns', 'net', 1, false, true),
    ('back', 0, 3, 'tax_payable', 'tax', 1, false, true),
    ('back', 1, 1, 'cash', 'gross', -1, false, true),
    ('back', 1, 2, 'clearing', 'gross', 1, false, false),
    ('taken', 0, 1, 'return_handling', 'fee', 1, true, false),
    ('taken', 0, 2, 'return_handling_income', 'fee', -1, true, true),
    ('taken', 1, 1, 'cash', 'gross', -1, true, true),
    ('taken', 1, 2, 'clearing', 'gross', 1, true, false)
), deed as materialized (
    select $8::bigint + 2 * (row_number() over () - 1) as no, store, $5::date + d as day,
           case when n % 10 < 7 then 'own' when n % 10 = 7 then 'sent'
                when n % 10 = 8 then 'back' else 'taken' end as kind,
           500 + (n * 37 + d * 11) % 4000 as net
    from generate_series(0, $6::int - 1) as d, unnest($4::uuid[]) as store,
         generate_series(1, $7::int) as n
), entry as materialized (
    select d.*, part,
           ('00000000-0000-7000-8000-' || lpad(to_hex(d.no + part), 12, '0'))::uuid as id
    from deed d cross join generate_series(0, 1) as part
), entries as (
    insert into ledger_entry (id, cause_kind, cause_id, occurred_at, day, memo, actor, recorded_at)
    select id, case part when 0 then 'orders.LinesHandedOver' else 'payments.PaymentCaptured' end,
           (no + part)::text, day + time '12:00', day, '', 'system:bench', now()
    from entry
), tail as (
    insert into ledger_tail (entry_id, recorded_at) select id, now() from entry
), posted as (
    insert into ledger_posting
        (entry_id, position, recorded_at, day, entity_id, account, currency, minor, book_currency,
         book_minor, rate_nano, line_id, channel_id, location_id, tax_code)
    select e.id, s.position, now(), e.day, $1, s.account, 'GBP', w.minor, 'GBP', w.minor,
           1000000000, e.id, case when s.web then $3::uuid else $2::uuid end,
           case when s.placed then e.store end,
           case when s.account in ('revenue', 'sales_returns', 'tax_payable') then 'GB:2000' end
    from entry e join shape s on s.kind = e.kind and s.part = e.part
    cross join lateral (
        select s.sign * case s.worth when 'net' then e.net when 'tax' then e.net / 5
                        when 'gross' then e.net + e.net / 5 when 'cost' then e.net / 2
                        else 150 end as minor
    ) w
    returning 1
)
select count(*) from posted

-- name: plain_sum
-- What a statement would be without roll-ups: every posting of the store, added up.
select p.account, p.channel_id, p.minor > 0 as debit, sum(abs(p.minor))::bigint as minor
from ledger_posting p
where p.location_id = $1 and p.day between $2 and $3 group by 1, 2, 3

-- name: waiting_entries
select count(*) from ledger_tail

-- name: read_everything
-- As if the reaction had read the log, which has nothing of these orders.
insert into platform_cursor (reaction, epoch, txid, id) values ('insights.keep_lists', 1, '0', 0)
on conflict do nothing;

-- name: give_number
update orders_order set number = $2 where id = (
    select id from orders_order order by placed_at offset $1 limit 1
);

-- name: held_units
-- Units of orders that a stop holds back, by line: where they are allocated, when they come from
-- there, and what their customers were told.
select l.id, l.order_id, a.position_id, a.quantity, a.promised_for as comes_at,
       l.promised_at as told_at
from orders_line l join inventory_allocation a on a.cause_id = l.order_id and a.line_id = l.id
where l.order_id in (select order_id from orders_stop where resolved_at is null)
order by l.id, a.position_id

-- name: moved_anew
-- Orders that the journal says were served otherwise with cause $1 since $2, units that went back
-- to open with it, and units that were allocated to these orders in the same transactions.
with moved as (
    select order_id, at, sum(quantity) as units from orders_movement
    where at >= $2 and cause = $1 and to_stage = 'open' group by order_id, at
)
select count(*) as orders, coalesce(sum(units), 0)::bigint as given_back,
       coalesce(sum(m.quantity), 0)::bigint as allocated
from moved cross join lateral (
    select sum(quantity) as quantity from orders_movement m
    where m.order_id = moved.order_id and m.at = moved.at and m.to_stage = 'allocated'
) m
