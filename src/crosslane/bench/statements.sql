-- What benchmarks ask of tables directly: baselines, rows by the million, how far reactions are.

-- name: make_copied
create table bench_copied (like inventory_position including all) with (fillfactor = 75);

-- name: positions
select * from inventory_position order by id;

-- name: lag_seconds
select coalesce(max(extract(epoch from clock_timestamp() - first.at)), 0)::float8
from unnest($1::text[], $2::text[]) as w(reaction, kinds)
join platform_cursor c using (reaction)
cross join lateral (
    select at from platform_log l
    where l.epoch = c.epoch and (l.txid, l.id) > (c.txid, c.id)
      and l.kind = any(string_to_array(w.kinds, ','))
    order by l.txid, l.id limit 1
) as first;

-- name: make_multiply
-- Multiplies orders that were placed: whatever has an identifier made since, in any table, is
-- written again with other identifiers. `keep` sets the originals aside, `multiply` writes copies.
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
            when 'platform_idempotency' then 'created_at >= $2'
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
        where attrelid = kept.oid and attnum > 0 and not attisdropped and attidentity = ''
          and coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ 'nextval|xact_id';
        execute format('insert into %I (%s) select %s from %I, generate_series($2, $3) as k',
                       kept.relname, names, told, 'bench_of_' || kept.relname)
            using since, first, last;
    end loop;
end $$;
