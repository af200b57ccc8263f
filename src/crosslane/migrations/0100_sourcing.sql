-- What the planner was given and what it answered, as canonical bytes: enough to decide it again.
create table sourcing_receipt (
    id uuid not null,
    order_id uuid not null,
    digest text not null,
    problem bytea not null,
    plan bytea not null,
    cost_milli bigint not null,
    currency text not null,
    at timestamptz not null
) partition by range (at);
create index sourcing_receipt_order on sourcing_receipt (order_id, at);
create index sourcing_receipt_id on sourcing_receipt (id);
select platform_ensure_partitions('sourcing_receipt');
