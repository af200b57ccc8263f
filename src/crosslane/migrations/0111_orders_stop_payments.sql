-- The tenders that what a stop holds is paid by; none where the order's own are waited for.
alter table orders_stop add column payment_ids uuid[] not null default '{}';
