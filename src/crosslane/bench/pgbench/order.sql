-- One transaction per order. Rows are taken in ascending order, so that no two wait in a circle.
\set order random(1, 4611686018427387904)
\set a random(1, :rows)
\set b random(1, :rows)
\set first least(:a, :b)
\set second greatest(:a, :b)
begin;
update baseline.stock set allocated = allocated + 1 where id = :first and on_hand - allocated >= 1;
update baseline.stock set allocated = allocated + 1 where id = :second and on_hand - allocated >= 1;
insert into baseline.book (id, email, gross_minor) values (:order, 'buyer@example.com', 20395);
insert into baseline.line (order_id, no, stock_id, quantity, gross_minor) values (:order, 1, :first, 1, 10000);
insert into baseline.line (order_id, no, stock_id, quantity, gross_minor) values (:order, 2, :second, 1, 10000);
insert into baseline.reservation (order_id, no, stock_id, quantity) values (:order, 1, :first, 1);
insert into baseline.reservation (order_id, no, stock_id, quantity) values (:order, 2, :second, 1);
insert into baseline.event (subject, body) values ('order:' || :order, '{"kind": "placed", "lines": 2, "gross_minor": 20395}');
commit;
