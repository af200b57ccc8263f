create sequence transfers_number;

-- Stock that one location sends to another. It is locked while anything of it changes.
create table transfers_transfer (
    id uuid primary key,
    number text not null unique,
    source_id uuid not null,
    destination_id uuid not null,
    owner_id uuid not null,
    -- What has become of its units, kept beside them because lists are read by it.
    state text not null check (state in ('requested', 'sent', 'received', 'closed', 'cancelled')),
    purpose text not null
        check (purpose in ('replenish', 'balance', 'event', 'recall', 'other')),
    note text not null,
    expected_on date not null,
    requested_by text not null,
    requested_at timestamptz not null,
    changed_at timestamptz not null,
    ended_at timestamptz,
    version integer not null,
    check (source_id <> destination_id),
    check ((ended_at is not null) = (state in ('closed', 'cancelled')))
) with (fillfactor = 75);
create index transfers_transfer_recent on transfers_transfer (requested_at desc, id desc);
create index transfers_transfer_source on transfers_transfer (source_id, requested_at desc, id desc);
create index transfers_transfer_destination
    on transfers_transfer (destination_id, requested_at desc, id desc);

-- Counters are sums of the journal below; every step decides on them under the transfer's lock.
create table transfers_line (
    id uuid primary key,
    transfer_id uuid not null references transfers_transfer (id),
    position integer not null check (position > 0),
    variant_id uuid not null,
    sku text not null,
    requested bigint not null check (requested >= 0),
    withdrawn bigint not null check (withdrawn between 0 and requested),
    sent bigint not null check (sent >= 0),
    received bigint not null check (received >= 0),
    damaged bigint not null check (damaged >= 0),
    written_off bigint not null,
    incoming_id uuid,
    unique (transfer_id, variant_id)
) with (fillfactor = 75);

-- Units that left together at one cost, and those that came without having been sent.
create table transfers_piece (
    id uuid primary key,
    line_id uuid not null references transfers_line (id),
    no integer not null check (no > 0),
    quantity bigint not null check (quantity >= 0),
    cost_milli bigint,
    arrived bigint not null check (arrived >= 0),
    written_off bigint not null,
    unique (line_id, no)
) with (fillfactor = 75);

-- What has happened to the units of each line, once and for all.
create table transfers_movement (
    id uuid not null,
    transfer_id uuid not null,
    line_id uuid not null,
    at timestamptz not null,
    occurred_at timestamptz not null,
    deed text not null
        check (deed in ('request', 'withdraw', 'send', 'receive', 'damage', 'write_off')),
    units bigint not null,
    code text not null,
    actor text not null,
    trace text not null,
    primary key (id, at)
) partition by range (at);
create index transfers_movement_transfer on transfers_movement (transfer_id, id);
select platform_ensure_partitions('transfers_movement');
