create table carriers_carrier (
    code text primary key,
    name text not null,
    port text not null,
    endpoint text not null,
    -- A secret: written through the API, never shown by it.
    api_key text not null default '',
    tracking_url text not null,
    number_prefix text not null,
    country text not null,
    nation text not null,
    active boolean not null,
    version integer not null default 1,
    changed_at timestamptz not null
);

create table carriers_zone (
    carrier text not null references carriers_carrier,
    code text not null,
    name text not null,
    country text not null,
    nation text not null,
    primary key (carrier, code)
);

-- The first rule by place that matches an address gives its zone.
create table carriers_zone_rule (
    carrier text not null references carriers_carrier,
    place integer not null,
    zone text not null,
    country text not null,
    area text not null,
    districts text not null,
    primary key (carrier, place)
);

create table carriers_service (
    code text primary key,
    carrier text not null references carriers_carrier,
    name text not null,
    speed text not null check (speed in ('economy', 'standard', 'express')),
    weight_max_grams integer not null check (weight_max_grams > 0),
    length_max_mm integer not null check (length_max_mm > 0),
    -- Weekdays, 0 is Monday.
    collection_days smallint[] not null,
    transit_days smallint[] not null,
    delivery_days smallint[] not null,
    active boolean not null
);

create table carriers_transit (
    service text not null references carriers_service,
    zone text not null,
    days smallint not null check (days >= 0),
    primary key (service, zone)
);

-- Prices are only added, or replaced as a whole for the same first day.
create table carriers_price (
    service text not null references carriers_service,
    zone text not null,
    valid_from date not null,
    weight_max_grams integer not null check (weight_max_grams > 0),
    price_minor bigint not null check (price_minor >= 0),
    currency text not null,
    primary key (service, zone, valid_from, weight_max_grams)
);

create sequence carriers_tracking_serial;

create table carriers_label (
    id uuid primary key,
    key text not null unique,
    parcel_id uuid not null,
    location_id uuid not null,
    carrier text not null,
    service text not null,
    state text not null
        check (state in ('requested', 'created', 'failed', 'voiding', 'voided')),
    serial_no bigint not null,
    -- Personal: both addresses, kept until the label exists.
    shipment jsonb,
    tracking_number text not null default '',
    tracking_url text not null default '',
    reason text not null default '',
    requested_at timestamptz not null,
    created_at timestamptz
) with (fillfactor = 80);
create index carriers_label_parcel on carriers_label (parcel_id);
create unique index carriers_label_number on carriers_label (carrier, tracking_number)
    where tracking_number <> '';
create index carriers_label_age on carriers_label (requested_at, id);

-- Personal: a label shows both addresses. Deleted when its retention ends.
create table carriers_label_document (
    label_id uuid primary key,
    content bytea not null,
    mime text not null,
    created_at timestamptz not null
);
create index carriers_label_document_age on carriers_label_document (created_at);

-- Append-only, as carriers tell it; a repetition has the same key and leaves no second row.
create table carriers_tracking_event (
    occurred_at timestamptz not null,
    carrier text not null,
    event_id text not null,
    tracking_number text not null,
    status text not null check (status in ('accepted', 'in_transit', 'out_for_delivery',
        'ready_for_collection', 'delivered', 'attempt_failed', 'exception', 'returned')),
    place text not null,
    recorded_at timestamptz not null,
    primary key (occurred_at, carrier, event_id)
) partition by range (occurred_at);
create index carriers_tracking_event_parcel on carriers_tracking_event (carrier, tracking_number);
select platform_ensure_partitions('carriers_tracking_event');
