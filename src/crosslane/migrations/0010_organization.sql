-- Who sells what where. Codes are given once and never change: other modules and messages name them.
create table organization_entity (
    id uuid primary key,
    code text not null unique,
    name text not null,
    country text not null,
    book_currency text not null,
    -- Lines of its registered address, as its documents show them.
    address text[] not null default '{}'
);

create table organization_vat_number (
    entity_id uuid not null references organization_entity,
    country text not null,
    number text not null,
    primary key (entity_id, country)
);

-- Legal documents are numbered without gaps: the next number is given out under the row's lock.
create table organization_invoice_series (
    entity_id uuid not null references organization_entity,
    kind text not null check (kind in ('invoice', 'credit_note')),
    prefix text not null,
    next_number bigint not null default 1 check (next_number > 0),
    primary key (entity_id, kind)
) with (fillfactor = 50);

create table organization_brand (
    id uuid primary key,
    code text not null unique,
    name text not null
);

create table organization_market (
    id uuid primary key,
    code text not null unique,
    name text not null,
    country text not null,
    currency text not null,
    locales text[] not null check (cardinality(locales) > 0),
    tax_mode text not null check (tax_mode in ('inclusive', 'exclusive')),
    timezone text not null
);

create table organization_channel (
    id uuid primary key,
    code text not null unique,
    name text not null,
    type text not null check (type in ('web', 'phone', 'marketplace', 'store', 'kiosk', 'agent')),
    brand_id uuid not null references organization_brand,
    market_id uuid not null references organization_market,
    entity_id uuid not null references organization_entity,
    locale text not null,
    tax_mode text not null check (tax_mode in ('inclusive', 'exclusive')),
    methods text[] not null check (cardinality(methods) > 0),
    default_method text not null,
    active boolean not null,
    check (default_method = any (methods))
);

-- The person's record. The sign-in account is the platform's, the location one of a module above,
-- so both are named by identifier only.
create table organization_staff_member (
    id uuid primary key,
    code text not null unique,
    name text not null,
    location_id uuid,
    roles text[] not null,
    account_id uuid unique,
    -- Who the person is as a customer, such as one with a discount.
    customer_id uuid,
    active boolean not null
);
create index organization_staff_customer on organization_staff_member (customer_id)
    where customer_id is not null;

-- Versions are only ever added. A null value ends what the scope had of its own.
create table organization_policy (
    id uuid primary key,
    no bigint generated always as identity unique,
    kind text not null,
    scope_type text not null
        check (scope_type in ('location', 'category', 'channel', 'brand', 'tenant')),
    scope_code text not null check ((scope_type = 'tenant') = (scope_code = '')),
    valid_from timestamptz not null,
    value jsonb,
    author text not null,
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null,
    undoes uuid references organization_policy
);
create index organization_policy_history on organization_policy (kind, scope_type, scope_code, no);
