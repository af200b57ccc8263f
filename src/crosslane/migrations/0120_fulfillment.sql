create table fulfillment_order (
    id uuid primary key,
    order_id uuid not null,
    order_number text not null,
    channel text not null,
    locale text not null,
    location_id uuid not null,
    method text not null check (method in ('ship', 'pickup', 'ship_to_store')),
    store_id uuid,
    service text not null,
    ship_address_id uuid,
    state text not null check (state in ('offered', 'accepted', 'picked', 'packed', 'ready',
                                         'in_transit', 'shipped', 'arrived', 'collected',
                                         'unclaimed', 'rejected', 'cancelled')),
    reason text not null default '',
    pickup_code text,
    promised_at timestamptz,
    placed_at timestamptz not null,
    offered_at timestamptz not null,
    collect_by timestamptz,
    accepted_at timestamptz,
    ended_at timestamptz,
    version integer not null default 1
) with (fillfactor = 75);
-- Queues, of one location and of all, the soonest promise first.
create index fulfillment_order_work on fulfillment_order
    (location_id, state, coalesce(promised_at, '9999-12-31 00:00:00+00'), id);
create index fulfillment_order_queue on fulfillment_order
    (state, coalesce(promised_at, '9999-12-31 00:00:00+00'), id);
create index fulfillment_order_coming on fulfillment_order (store_id) where state = 'in_transit';
create index fulfillment_order_collect on fulfillment_order (collect_by) where state = 'ready';
create index fulfillment_order_order on fulfillment_order (order_id);

-- Lines are written by the statement that writes their order, what is in a parcel by the one that
-- writes the parcel, and verify adds both up anew; foreign keys would lock each order, parcel and
-- line once more.
create table fulfillment_line (
    id uuid primary key,
    fulfillment_order_id uuid not null,
    line_id uuid not null,
    variant_id uuid not null,
    sku text not null,
    title text not null,
    quantity integer not null check (quantity > 0),
    -- Units of each kind are counted once: what is packed is no longer counted as picked.
    picked integer not null default 0 check (picked >= 0),
    packed integer not null default 0 check (packed >= 0),
    gone integer not null default 0 check (gone >= 0),
    passed integer not null default 0 check (passed >= 0),
    removed integer not null default 0 check (removed >= 0),
    check (picked + packed + gone + passed + removed <= quantity)
-- Lines of an order are picked, packed and sent together: each has room for its next version beside
-- it, so that no index is written.
) with (fillfactor = 50);
create index fulfillment_line_order on fulfillment_line (fulfillment_order_id);
create index fulfillment_line_line on fulfillment_line (line_id);

create table fulfillment_parcel (
    id uuid primary key,
    fulfillment_order_id uuid not null references fulfillment_order (id),
    number integer not null check (number > 0),
    weight_grams integer not null check (weight_grams > 0),
    state text not null check (state in ('packed', 'shipped', 'delivered', 'void')),
    label_id uuid,
    carrier text not null default '',
    tracking_number text not null default '',
    tracking_url text not null default '',
    packed_at timestamptz not null,
    shipped_at timestamptz,
    -- When the carrier's driver took it away, as the location says; null where nobody does.
    handed_over_at timestamptz,
    location_id uuid not null,
    unique (fulfillment_order_id, number)
) with (fillfactor = 75);
-- Those that wait for their driver, by location.
create index fulfillment_parcel_leaving on fulfillment_parcel (location_id, packed_at)
    where handed_over_at is null;

create index fulfillment_parcel_tracking on fulfillment_parcel (tracking_number)
    where tracking_number <> '';

create table fulfillment_parcel_line (
    parcel_id uuid not null,
    fulfillment_line_id uuid not null,
    quantity integer not null check (quantity >= 0),
    primary key (parcel_id, fulfillment_line_id)
);

-- What a parcel to a store took out of its source: whose units they are and what they cost.
create table fulfillment_transfer (
    parcel_id uuid not null references fulfillment_parcel (id),
    fulfillment_line_id uuid not null references fulfillment_line (id),
    no integer not null,
    owner_id uuid not null,
    unit_cost_milli bigint,
    quantity integer not null check (quantity > 0),
    primary key (parcel_id, fulfillment_line_id, no)
);

-- Who has signed for goods collected without a code.
create table fulfillment_proof (
    fulfillment_order_id uuid primary key references fulfillment_order (id),
    name text not null,
    strokes text not null,
    signed_at timestamptz not null
);
