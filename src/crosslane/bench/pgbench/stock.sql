truncate baseline.stock;
insert into baseline.stock (id, on_hand) select n, 1000000000 from generate_series(1, $1::integer) n;
