\set one random(1, :rows)
select on_hand - allocated from baseline.stock where id = :one;
