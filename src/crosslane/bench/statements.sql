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
