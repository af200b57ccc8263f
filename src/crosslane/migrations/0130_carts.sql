-- A cart is a set of operations; its contents are folded from them and stored nowhere.
create table carts_cart (
    id uuid primary key,
    channel text not null,
    locale text not null,
    owner_id uuid,
    location_id uuid,
    begun_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- Indexed in place of the instant: an edit then writes no index, but the first one of an hour.
    updated_hour timestamptz not null
        generated always as (date_bin('1 hour', updated_at, '2000-01-01 00:00Z')) stored,
    expires_at timestamptz not null,
    source_id text not null,
    occurred_at timestamptz,
    order_id uuid
) with (fillfactor = 70);
-- Carts of one customer, store or channel, the latest first: open ones and abandoned intents.
create index carts_cart_of_owner on carts_cart (owner_id, updated_hour) where owner_id is not null;
create index carts_cart_unplaced on carts_cart (updated_hour) where order_id is null;

-- No foreign key, which looks for the cart of each row once more and locks it; verify looks instead.
create table carts_operation (
    cart_id uuid not null,
    id uuid not null,
    base_version integer not null check (base_version >= 0),
    actor text not null,
    change jsonb not null,
    digest bytea not null,
    recorded_at timestamptz not null,
    primary key (cart_id, id)
);

-- Stock kept for a line while its customer makes up their mind; the hold itself is inventory's.
create table carts_hold (
    hold_id uuid primary key,
    cart_id uuid not null references carts_cart (id),
    line_id uuid not null,
    variant_id uuid not null,
    location_id uuid not null,
    method text not null,
    store text not null,
    quantity integer not null check (quantity > 0),
    fence integer not null check (fence > 0),
    expires_at timestamptz not null,
    promised_at timestamptz,
    -- The decision of sourcing that chose these units; null where there was nothing to choose.
    draft_id uuid
);
create index carts_hold_of_cart on carts_hold (cart_id);
