create sequence returns_number;

create table returns_return (
    id uuid primary key,
    number text not null unique,
    state text not null check (state in ('requested', 'authorized', 'declined', 'in_transit',
                                         'received', 'graded', 'settled', 'closed', 'cancelled',
                                         'expired')),
    kind text not null check (kind in ('return', 'blind', 'claim')),
    method text not null check (method in ('post', 'counter')),
    source_id text not null default '',
    source_channel_id uuid,
    order_id uuid,
    order_number text not null default '',
    channel_id uuid not null,
    channel text not null,
    entity text not null,
    currency text not null,
    customer_id uuid,
    location_id uuid,
    requested_by text not null,
    staff text not null default '',
    refund_method text not null
        check (refund_method in ('original', 'stored_value', 'cash', 'card', 'on_account')),
    refund_account uuid,
    instant boolean not null default false,
    awaited boolean not null default false,
    exchange uuid[] not null default '{}',
    exchange_minor bigint not null default 0 check (exchange_minor >= 0),
    paid_minor bigint not null default 0 check (paid_minor >= 0),
    exchange_wish jsonb not null default '[]',
    -- Charges that were asked for with it; null leaves them to the policy.
    besides jsonb,
    fee_minor bigint not null default 0 check (fee_minor >= 0),
    delivery_minor bigint not null default 0 check (delivery_minor >= 0),
    refund_minor bigint not null default 0,
    held boolean not null default false,
    hold_reason text not null default '',
    proof text not null default '',
    reason text not null default '',
    occurred_at timestamptz not null,
    requested_at timestamptz not null,
    authorized_at timestamptz,
    dispatched_at timestamptz,
    received_at timestamptz,
    graded_at timestamptz,
    cleared_at timestamptz,
    settled_at timestamptz,
    ended_at timestamptz,
    expires_at timestamptz,
    version integer not null default 1,
    check ((kind = 'blind') = (order_id is null))
) with (fillfactor = 75);
-- A number is the asking channel's own: a till's, also when the web shop had sold the goods.
create unique index returns_return_source
    on returns_return (coalesce(source_channel_id, channel_id), source_id) where source_id <> '';
create index returns_return_order on returns_return (order_id);
create index returns_return_customer on returns_return (customer_id, requested_at desc);
create index returns_return_recent on returns_return (requested_at desc, id desc);
create index returns_return_held on returns_return (id) where held;
create index returns_return_due on returns_return (expires_at)
    where state in ('authorized', 'in_transit', 'received');

-- Lines and units are written by the statement that writes their return, which is locked.
create table returns_line (
    id uuid primary key,
    return_id uuid not null,
    position integer not null check (position > 0),
    order_line_id uuid,
    variant_id uuid not null,
    sku text not null,
    requested integer not null check (requested >= 0),
    -- Sums of the journal below, kept beside it because every step decides on them.
    received integer not null default 0 check (received >= 0),
    credited integer not null default 0 check (credited >= 0),
    reason text not null,
    item_state text not null,
    wanted text not null check (wanted in ('refund', 'exchange', 'store_credit', 'gift_card',
                                           'replacement', 'money')),
    wrong boolean not null default false,
    sold_at uuid,
    unit_price_milli bigint,
    tax_rate_bp integer,
    tax_class text not null default '',
    jurisdiction text not null default '',
    claimed_minor bigint not null default 0 check (claimed_minor >= 0),
    net_minor bigint not null default 0,
    tax_minor bigint not null default 0,
    policy_id uuid,
    unique (return_id, position)
) with (fillfactor = 75);
create index returns_line_order_line on returns_line (order_line_id);

create table returns_unit (
    id uuid primary key,
    return_line_id uuid not null,
    location_id uuid not null,
    owner_id uuid,
    unit_cost_milli bigint,
    quantity integer not null check (quantity > 0),
    disposition text check (disposition in ('sellable', 'refurbish', 'vendor', 'destroy',
                                            'send_back')),
    received_at timestamptz not null,
    graded_at timestamptz,
    check ((disposition is null) = (graded_at is null))
) with (fillfactor = 75);
create index returns_unit_line on returns_unit (return_line_id);

-- What has happened to a return and its lines, once each. What a line has received and was credited
-- is the sum of its entries; a return is in the state of its last one.
create sequence returns_event_id;
create table returns_event (
    id bigint not null default nextval('returns_event_id'),
    return_id uuid not null,
    return_line_id uuid,
    deed text not null check (deed in ('request', 'authorize', 'decline', 'cancel', 'dispatch',
                                       'receive', 'grade', 'settle', 'expire', 'close', 'hold',
                                       'clear', 'credit')),
    quantity integer not null default 0,
    net_minor bigint not null default 0,
    tax_minor bigint not null default 0,
    location_id uuid,
    actor text not null,
    occurred_at timestamptz not null,
    at timestamptz not null
) partition by range (at);
select platform_ensure_partitions('returns_event');

-- What locations were credited for taking back what others had sold: one row for each settlement,
-- also where nothing was given, with the reason; one that was taken back has an opposite.
create table returns_credit (
    id uuid primary key,
    return_id uuid not null,
    subject_no bigint not null,
    location_id uuid,
    channel_id uuid not null,
    customer_id uuid,
    currency text not null,
    day date not null,
    wanted_minor bigint not null,
    minor bigint not null,
    reason text not null,
    policy_id uuid,
    reverses uuid unique,
    actor text not null,
    occurred_at timestamptz not null,
    at timestamptz not null,
    check ((reverses is null) = (minor >= 0)),
    check (minor <= wanted_minor),
    unique nulls not distinct (return_id, subject_no, reverses)
);
create index returns_credit_place on returns_credit (location_id, day);
create index returns_credit_customer on returns_credit (customer_id, day);

-- Charges of blind returns; those of others stand on their order. Negative: the customer gets it.
create table returns_charge (
    id uuid primary key,
    return_id uuid not null,
    kind text not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    tax_rate_bp integer not null,
    jurisdiction text not null
);
create index returns_charge_return on returns_charge (return_id);
create index returns_return_blind on returns_return (channel_id, settled_at) where kind = 'blind';
create index returns_return_receipt on returns_return (source_id) where source_id <> '';
