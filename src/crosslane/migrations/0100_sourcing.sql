-- Why each order was sourced as it was: one row per decision, never changed. The body holds the
-- whole problem and the plan, so that the decision can be made again, or otherwise. It is compressed
-- already, so the server need not try.
create table sourcing_receipt (
    id uuid not null,
    at timestamptz not null,
    order_id uuid not null,
    method text not null check (method in ('ship', 'ship_to_store', 'pickup')),
    placed_at timestamptz not null,
    -- Who sold, how and about where the goods go (a district has thousands of people in it): what
    -- later orders are expected to be like.
    channel text not null,
    service text not null,
    country text not null,
    district text not null,
    digest text not null,
    proven boolean not null,
    currency text not null,
    cost_milli bigint not null,
    bound_milli bigint not null,
    -- What the nearest places would have cost, by the same costs; null when no distance is known.
    nearest_milli bigint,
    -- Locations whose parcels go by a faster service than the order's, and by which; mostly none.
    faster_location_ids uuid[],
    faster_services text[],
    body bytea storage external not null,
    primary key (id, at),
    check (bound_milli <= cost_milli),
    check (not proven or bound_milli = cost_milli),
    check (cardinality(faster_location_ids) = cardinality(faster_services))
) partition by range (at);
create index sourcing_receipt_order on sourcing_receipt (order_id, id);
create index sourcing_receipt_faster on sourcing_receipt (order_id, id)
    where faster_services is not null;
select platform_ensure_partitions('sourcing_receipt');

-- The same of units that are only held, for whoever may order them; order_id is the holder. What is
-- ordered becomes a receipt, the rest is forgotten.
create table sourcing_draft (
    like sourcing_receipt including constraints including storage,
    primary key (id)
);
create index sourcing_draft_at on sourcing_draft (at);

-- Deliveries that were promised by a service from a location, and those of them that came in time.
create table sourcing_kept (
    service text not null,
    location_id uuid not null,
    promised bigint not null check (promised > 0),
    kept bigint not null check (kept between 0 and promised),
    primary key (service, location_id)
) with (fillfactor = 75);

-- What stock and capacity are worth to later orders: how each estimate came about, and the prices of
-- the last one. A place that is left out is worth nothing.
create table sourcing_price_run (
    id uuid primary key,
    at timestamptz not null,
    as_of timestamptz not null,
    valid_until timestamptz not null,
    horizon_days integer not null,
    orders integer not null,
    counter_units bigint not null,
    variants integer not null,
    variants_left integer not null,
    scale_percent integer not null check (scale_percent in (0, 50, 100)),
    futures integer not null,
    tried integer not null,
    myopic_milli bigint not null,
    half_milli bigint not null,
    full_milli bigint not null,
    milliseconds integer not null,
    compiled boolean not null
);
create index sourcing_price_run_at on sourcing_price_run (at);

create table sourcing_price (
    variant_id uuid primary key,
    run_id uuid not null references sourcing_price_run (id),
    location_ids uuid[] not null,
    scarcity_milli bigint[] not null check (0 < all (scarcity_milli)),
    check (cardinality(location_ids) = cardinality(scarcity_milli))
);

create table sourcing_capacity_price (
    location_id uuid primary key,
    run_id uuid not null references sourcing_price_run (id),
    days date[] not null,
    capacity_milli bigint[] not null check (0 < all (capacity_milli)),
    check (cardinality(days) = cardinality(capacity_milli))
);
