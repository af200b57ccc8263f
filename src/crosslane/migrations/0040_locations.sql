create table locations_location (
    id uuid primary key,
    code text not null unique,
    kind text not null check (kind in ('store', 'warehouse', 'vendor')),
    entity text not null,
    name text not null,
    lines text[] not null,
    city text not null,
    country text not null,
    nation text not null,
    postcode text not null,
    phone text not null,
    -- "between" also refuses NaN, which sorts above every number.
    lat double precision not null check (lat between -90 and 90),
    lon double precision not null check (lon between -180 and 180),
    easting integer,
    northing integer,
    timezone text not null,
    abilities text[] not null,
    hours jsonb not null,
    cut_off_minute smallint check (cut_off_minute between 0 and 1440),
    handling_hours integer not null check (handling_hours >= 0),
    parcels_per_day integer check (parcels_per_day >= 0),
    handling_parcel_minor bigint not null check (handling_parcel_minor >= 0),
    handling_unit_minor bigint not null check (handling_unit_minor >= 0),
    closed_since timestamptz,
    closed_until timestamptz check (closed_until > closed_since),
    closed_reason text not null default '',
    active boolean not null,
    version integer not null default 1,
    changed_at timestamptz not null,
    check ((easting is null) = (northing is null))
);

-- Parcels promised from a location on one of its local days: the sum of its journal below.
create table locations_capacity (
    location_id uuid not null,
    day date not null,
    taken integer not null check (taken >= 0),
    primary key (location_id, day)
) with (fillfactor = 70);

-- Append-only: a cause takes a counter once and may give it back once.
create table locations_capacity_move (
    day date not null,
    location_id uuid not null,
    cause text not null,
    kind text not null check (kind in ('take', 'return')),
    parcels integer not null check (parcels > 0),
    -- Whose claim it is, such as the order; null when nobody will look for it by that.
    holder uuid,
    at timestamptz not null,
    primary key (day, location_id, cause, kind)
) partition by range (day);
create index locations_capacity_move_holder on locations_capacity_move (holder, location_id)
    where holder is not null;
select platform_ensure_partitions('locations_capacity_move');
