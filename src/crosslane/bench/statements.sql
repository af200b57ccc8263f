-- What benchmarks ask of tables directly: baselines, rows by the million, how far reactions are.

-- name: make_copied
create table bench_copied (like inventory_position including all) with (fillfactor = 75);

-- name: positions
select * from inventory_position order by id;
