-- What the books hold of each variant of a legal entity: units by the events posted so far, and what
-- of them stands in the inventory account, which is always units x average, rounded once.
create table finance_stock (
    variant_id uuid not null,
    owner_id uuid not null,
    units bigint not null,
    average_milli bigint,
    change_no bigint not null,
    posted_minor bigint not null,
    primary key (variant_id, owner_id)
) with (fillfactor = 75);

-- What stands in the account of goods on their way, by transfer, in the book currency of its owner:
-- always what the transfer's last event told.
create table finance_transit (
    transfer_id uuid primary key,
    owner_id uuid not null,
    posted_minor bigint not null
) with (fillfactor = 75);

-- A day's end of a channel as it was found: control rows of order book against books. Closing a day
-- again adds a version; nothing is overwritten.
create table finance_close (
    id uuid primary key,
    day date not null,
    channel_id uuid not null,
    version integer not null check (version > 0),
    rows jsonb not null,
    difference_minor bigint not null check (difference_minor >= 0),
    reason text not null,
    closed_by text not null,
    closed_at timestamptz not null,
    unique (channel_id, day, version)
);
create index finance_close_day on finance_close (day desc, id desc);
