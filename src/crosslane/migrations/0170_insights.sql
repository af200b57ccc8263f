-- What lists look for in an order, derived from its own tables and its log by the reaction
-- insights.keep_lists. Each facet is a word such as 'stop:fraud' or 'channel:web'.
create table insights_order (
    order_id uuid primary key,
    placed_at timestamptz not null,
    facets text[] not null,
    -- The earliest promise of units that are not handed over yet.
    due_at timestamptz,
    -- What its first decisions would cost; null for none.
    planned_milli bigint,
    touched boolean not null default false,
    -- The position of the log as the order was read: what was told before it has changed nothing since.
    seen_epoch integer not null default 0,
    seen_txid xid8 not null default '0'
) with (fillfactor = 70);
create index insights_order_due on insights_order (due_at) where due_at is not null;

-- The same the other way round: a list of one facet is a stretch of this key, newest at its end.
create table insights_facet (
    facet text not null,
    placed_at timestamptz not null,
    order_id uuid not null,
    primary key (facet, placed_at, order_id)
);

-- How many orders placed in an hour have a facet, and what those planned ones cost together.
-- Locations, of which there may be thousands, are not counted.
create table insights_hour (
    facet text not null,
    hour timestamptz not null,
    orders bigint not null,
    planned_milli bigint not null,
    primary key (facet, hour)
) with (fillfactor = 70);
create index insights_hour_hour on insights_hour (hour);
create index insights_hour_empty on insights_hour (facet) where orders = 0;

-- Lists of orders that somebody wants to come back to: the filters of an address, under a title, but
-- nothing that was searched for, which may be a person's.
create table insights_view (
    id uuid primary key,
    account text not null,
    title text not null,
    query text not null,
    created_at timestamptz not null,
    unique (account, title)
);
