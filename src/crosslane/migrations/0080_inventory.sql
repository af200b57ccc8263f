-- What lies where, in which condition, and whose it is. Every counter is a sum of movements or of
-- holds; it is kept beside them because decisions read it under the row's lock.
create table inventory_position (
    id uuid primary key,
    variant_id uuid not null,
    location_id uuid not null,
    condition text not null
        check (condition in ('sellable', 'damaged', 'quarantine', 'display', 'to_grade',
                             'refurbish', 'to_vendor')),
    owner_id uuid not null,
    on_hand bigint not null default 0,
    allocated bigint not null default 0 check (allocated >= 0),
    safety_stock integer check (safety_stock >= 0),
    -- Units held per minute of expiry (minutes since 1970 UTC), as two lists of one length; null for
    -- none, which is nearly always so, and takes no room in what every order reads and writes.
    held_until integer[] check (held_until <> '{}'),
    held_units bigint[],
    movement_no bigint not null default 0,
    baseline_at timestamptz,
    baseline_message text,
    unique (variant_id, location_id, condition, owner_id),
    check (cardinality(held_until) is not distinct from cardinality(held_units)),
    check ((baseline_at is null) = (baseline_message is null))
) with (fillfactor = 75);
create index inventory_position_location
    on inventory_position (location_id, condition, owner_id, variant_id);

create table inventory_movement (
    position_id uuid not null,
    movement_no bigint not null,
    at timestamptz not null,
    occurred_at timestamptz not null,
    on_hand_delta bigint not null,
    allocated_delta bigint not null,
    on_hand_after bigint not null,
    allocated_after bigint not null,
    reason text not null check (reason in (
        'allocate', 'confirm', 'release', 'transfer', 'ship', 'receive', 'adjust', 'regrade',
        'count', 'feed_snapshot', 'feed_delta', 'already_counted'
    )),
    code text,
    cause_kind text not null,
    cause_id uuid not null,
    cause_line uuid not null,
    unit_cost_milli bigint,
    actor text not null,
    trace text not null,
    -- What moved after a moment is found by it too, within the months since: an index by the time it
    -- occurred would be written at another place for each position, for what only feeds and counts ask.
    primary key (position_id, movement_no, at)
) partition by range (at);
create index inventory_movement_cause on inventory_movement (cause_id);
-- A cause moves a handful of positions. Where opening stock of one cause is all that was analyzed so
-- far, the planner would take every cause for as large, and read the whole journal to find one.
alter table inventory_movement alter column cause_id set (n_distinct = -0.2);
select platform_ensure_partitions('inventory_movement');

-- What each demand line has of each position: the journal added up, to know whose stock is lost
-- and to refuse giving back more than was taken. It is written with its position by one statement,
-- and verify adds up the journal anew; a foreign key would lock every position once more.
create table inventory_allocation (
    line_id uuid not null,
    position_id uuid not null,
    cause_kind text not null,
    cause_id uuid not null,
    quantity bigint not null check (quantity > 0),
    promised_for timestamptz,
    -- A line is never asked for without the positions that were locked for it.
    primary key (position_id, line_id)
) with (fillfactor = 75);

create table inventory_hold (
    id uuid primary key,
    position_id uuid not null references inventory_position (id),
    holder_kind text not null,
    holder_id uuid not null,
    fence integer not null check (fence > 0),
    quantity bigint not null check (quantity >= 0),
    taken bigint not null check (taken > 0),
    expires_minute integer not null,
    state text not null check (state in ('active', 'expired', 'released', 'confirmed')),
    created_at timestamptz not null,
    changed_at timestamptz not null
) with (fillfactor = 75);
create index inventory_hold_active on inventory_hold (position_id, expires_minute)
    where state = 'active';
create index inventory_hold_position on inventory_hold (position_id, id);
create index inventory_hold_holder on inventory_hold (holder_id);
create index inventory_hold_ended on inventory_hold (changed_at) where state <> 'active';

-- Moving average cost per variant and owner, in 1/1000 minor units of the owner's book currency.
create table inventory_cost (
    variant_id uuid not null,
    owner_id uuid not null,
    average_milli bigint,
    change_no bigint not null default 0,
    primary key (variant_id, owner_id)
) with (fillfactor = 75);

create table inventory_cost_change (
    variant_id uuid not null,
    owner_id uuid not null,
    change_no bigint not null,
    at timestamptz not null,
    units_before bigint not null,
    average_before_milli bigint,
    units_in bigint not null,
    unit_cost_milli bigint not null,
    average_after_milli bigint not null,
    cause_kind text not null,
    cause_id uuid not null,
    cause_line uuid not null,
    primary key (variant_id, owner_id, change_no, at)
) partition by range (at);
select platform_ensure_partitions('inventory_cost_change');

-- The latest complete snapshot a source gave of a location: a variant it did not name has none.
create table inventory_feed (
    source text not null,
    location_id uuid not null,
    condition text not null,
    owner_id uuid not null,
    complete_at timestamptz not null,
    complete_message text not null,
    primary key (location_id, condition, owner_id, source)
);

create table inventory_feed_message (
    id uuid primary key,
    source text not null,
    message text not null,
    kind text not null check (kind in ('snapshot', 'delta')),
    complete boolean not null,
    location_id uuid not null,
    condition text not null,
    owner_id uuid not null,
    as_of timestamptz not null,
    digest bytea not null,
    rows_in integer not null,
    parts integer not null,
    unknown_skus text[] not null,
    received_at timestamptz not null,
    unique (source, message)
);
create index inventory_feed_message_recent on inventory_feed_message (source, received_at, id);

-- A message in parts small enough for one transaction each. A part of a complete snapshot speaks
-- for every variant from from_variant up to, without, to_variant.
create table inventory_feed_part (
    message_id uuid not null,
    part_no integer not null,
    received_at timestamptz not null,
    from_variant uuid,
    to_variant uuid,
    variant_ids uuid[] not null,
    quantities bigint[] not null,
    applied_at timestamptz,
    rows_drifted integer,
    rows_stale integer,
    drift_units bigint,
    primary key (message_id, part_no, received_at)
) partition by range (received_at);
-- Read once, soon: to press identifiers together takes longer than to write them as they are.
alter table inventory_feed_part alter column variant_ids set storage external;
alter table inventory_feed_part alter column quantities set storage external;
select platform_ensure_partitions('inventory_feed_part');

create table inventory_incoming (
    id uuid primary key,
    source text not null,
    reference text not null,
    variant_id uuid not null,
    location_id uuid not null,
    owner_id uuid not null,
    quantity bigint not null check (quantity >= 0),
    received bigint not null default 0 check (received >= 0),
    promised bigint not null default 0 check (promised >= 0),
    available_on date not null,
    as_of timestamptz not null,
    message text not null,
    unique (source, reference, variant_id, location_id)
) with (fillfactor = 75);
create index inventory_incoming_open on inventory_incoming (variant_id, available_on)
    where received < quantity or promised > 0;

-- Backordered demand that was promised units on their way.
create table inventory_promise (
    line_id uuid not null,
    incoming_id uuid not null references inventory_incoming (id),
    cause_kind text not null,
    cause_id uuid not null,
    quantity bigint not null check (quantity > 0),
    promised_for timestamptz not null,
    primary key (line_id, incoming_id)
);
create index inventory_promise_incoming on inventory_promise (incoming_id, line_id);

-- Where an article lies at a location, the bin to pick from first. The way people walk is the code
-- with its numbers counted as numbers.
create table inventory_bin (
    location_id uuid not null,
    variant_id uuid not null,
    place smallint not null check (place >= 0),
    code text collate "C" not null check (code ~ '^[A-Z0-9][A-Z0-9 ._/-]{0,19}$'),
    walk text collate "C" not null,
    primary key (location_id, variant_id, place),
    unique (location_id, variant_id, code)
);
create index inventory_bin_walk on inventory_bin (location_id, walk, variant_id, place);
create index inventory_bin_variant on inventory_bin (variant_id, location_id, place);
