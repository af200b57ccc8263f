-- Who buys. A merged customer stays as a row that points to the one it was merged into, because
-- orders name it; merged_into always names the last of a chain.
create table customers_customer (
    id uuid primary key,
    kind text not null check (kind in ('person', 'organization')),
    name text not null,
    customer_group text not null,
    payment_terms_days integer check (payment_terms_days >= 0),
    locale text not null,
    guest boolean not null,
    version integer not null default 1,
    created_at timestamptz not null,
    erased_at timestamptz,
    merged_into uuid references customers_customer check (merged_into <> id)
);
create index customers_customer_merged on customers_customer (merged_into)
    where merged_into is not null;

create index customers_customer_name on customers_customer using gin (to_tsvector('simple', name));

-- One identity belongs to one customer: whoever comes second meets this key.
create table customers_identity (
    kind text not null check (kind in ('account_number', 'channel', 'email', 'phone')),
    value text collate "C" not null,
    channel text not null check ((kind = 'channel') or (channel = '')),
    customer_id uuid not null references customers_customer,
    created_at timestamptz not null,
    primary key (value, kind, channel)
);
create index customers_identity_customer on customers_identity (customer_id);

-- Names and addresses as they were when an order named them: never changed, only erased. The hash
-- finds an equal one of the same customer again; it goes with the content it was made of. An address
-- that failed the rules of its country is kept unchecked, for the order that waits for a better one.
create table customers_address_snapshot (
    id uuid primary key,
    customer_id uuid not null references customers_customer,
    content_hash bytea unique,
    country text not null,
    lines text[] not null,
    city text not null,
    postcode text not null,
    region text not null,
    name text not null,
    organization text not null,
    phone text not null,
    email text not null,
    checked boolean not null,
    created_at timestamptz not null,
    erased_at timestamptz,
    check ((content_hash is null) = (erased_at is not null))
);
create index customers_address_snapshot_customer on customers_address_snapshot (customer_id);

create table customers_address (
    customer_id uuid not null references customers_customer,
    label text not null,
    snapshot_id uuid not null references customers_address_snapshot,
    is_default boolean not null,
    primary key (customer_id, label)
);
create unique index customers_address_default on customers_address (customer_id) where is_default;

-- What a customer has allowed or withdrawn; rows are only added. The latest one that fits counts.
create table customers_consent (
    id uuid primary key,
    no bigint generated always as identity unique,
    customer_id uuid not null references customers_customer,
    purpose text not null,
    channel text not null,
    brand text not null,
    granted boolean not null,
    proof text not null,
    at timestamptz not null,
    recorded_by text not null,
    recorded_at timestamptz not null
);
create index customers_consent_customer on customers_consent (customer_id, purpose);
