create sequence orders_number;

-- Each order is written again a few times within minutes; at a fillfactor of 60 it stays in its page.
create table orders_order (
    id uuid primary key,
    number text not null unique,
    channel_id uuid not null,
    source_id text not null,
    channel text not null,
    entity text not null,
    brand text not null,
    market text not null,
    currency text not null,
    locale text not null,
    customer_id uuid,
    ship_address_id uuid,
    placed_at timestamptz not null,
    recorded_at timestamptz not null,
    service text not null default '',
    version integer not null default 1,
    closed_at timestamptz,
    placed_by text not null,
    unique (channel_id, source_id)
) with (fillfactor = 60);
create index orders_order_customer on orders_order (customer_id, placed_at desc);
create index orders_order_placed on orders_order (placed_at desc, id desc);

-- What an order is placed with names it, and nothing is ever deleted. It is written with the order by
-- one statement, and verify looks for what has no order; foreign keys would look for the order, and
-- lock it, once for each of these rows.
create table orders_line (
    id uuid primary key,
    order_id uuid not null,
    position integer not null check (position > 0),
    parent_line_id uuid,
    cause text not null check (cause in ('cart', 'import', 'component', 'amendment', 'exchange', 'replacement')),
    amendment_no integer not null default 0,
    variant_id uuid not null,
    sku text not null,
    title text not null,
    quantity integer not null check (quantity > 0),
    method text not null check (method in ('ship', 'pickup', 'ship_to_store', 'carry_out')),
    -- The store where the customer collects or carries out; null when it is shipped.
    store_id uuid,
    unit_price_milli bigint not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
    tax_rate_bp integer not null,
    tax_class text not null,
    jurisdiction text not null,
    price_reasons jsonb not null,
    promised_at timestamptz,
    -- What was promised as the line came to be; like all of a line but promised_at it never changes.
    first_promised_at timestamptz,
    -- A bundle's own line carries the price and no stock; its components carry stock and price shares.
    is_bundle boolean not null default false,
    -- Somebody has the credit for it since it came to be (orders_attribution); otherwise nobody has.
    attributed boolean not null default false,
    unique (order_id, position)
);

create table orders_charge (
    id uuid not null,
    order_id uuid not null,
    kind text not null check (kind in ('shipping', 'fee', 'discount', 'price_change', 'appeasement', 'rounding')),
    line_id uuid,
    title text not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
    tax_rate_bp integer not null,
    jurisdiction text not null,
    cancelled boolean not null default false,
    recorded_at timestamptz not null,
    -- When it fell due with a credit; null when it does with the first hand-over, or did when it
    -- was recorded after that.
    due_at timestamptz,
    -- The credit it came with, such as a return; '' and null for none.
    cause_kind text not null default '',
    cause_id uuid,
    primary key (order_id, id)
);
create index orders_charge_recorded on orders_charge (recorded_at);
create index orders_charge_due on orders_charge (due_at) where due_at is not null;

-- Where a line's units are now; derived from orders_movement in the same transaction. A bucket that
-- becomes empty is deleted: a line passes through many, and is in one of them nearly always. Verify
-- adds the journal up anew; a foreign key would lock the line at each of its steps.
create table orders_bucket (
    line_id uuid not null,
    location_id uuid not null default '00000000-0000-0000-0000-000000000000',
    stage text not null check (stage in ('open', 'backordered', 'allocated', 'released', 'picked',
                                         'packed', 'handed_over', 'delivered', 'cancelled')),
    quantity integer not null check (quantity > 0),
    primary key (line_id, location_id, stage)
);
-- Backorders are looked through when stock arrives.
create index orders_bucket_waiting on orders_bucket (line_id) where stage in ('open', 'backordered');

create sequence orders_movement_id;
create table orders_movement (
    id bigint not null default nextval('orders_movement_id'),
    order_id uuid not null,
    line_id uuid not null,
    from_location_id uuid not null,
    from_stage text not null,
    to_location_id uuid not null,
    to_stage text not null,
    quantity integer not null check (quantity > 0),
    cause text not null,
    actor text not null,
    occurred_at timestamptz not null,
    at timestamptz not null
) partition by range (at);
create index orders_movement_order on orders_movement (order_id, id);
create index orders_movement_sold on orders_movement (occurred_at) where to_stage = 'handed_over';
select platform_ensure_partitions('orders_movement');

-- What came back of units that were handed over, and what was credited for them. The units stay
-- handed over; location_id had handed them over, and its sale is undone.
create table orders_credit (
    id uuid primary key,
    order_id uuid not null references orders_order (id),
    line_id uuid not null references orders_line (id),
    location_id uuid not null,
    quantity integer not null check (quantity > 0),
    net_minor bigint not null,
    tax_minor bigint not null,
    cause_kind text not null,
    cause_id uuid not null,
    occurred_at timestamptz not null,
    at timestamptz not null,
    unique (cause_kind, cause_id, line_id, location_id)
);
create index orders_credit_order on orders_credit (order_id);
create index orders_credit_occurred on orders_credit (occurred_at);

-- What each actor gave away as goodwill on a day of a channel: the budget that is locked while more
-- of it is decided on. Verify adds the amendments up anew.
create table orders_given (
    actor text not null,
    day date not null,
    currency text not null,
    minor bigint not null check (minor >= 0),
    primary key (actor, day, currency)
);

-- A location that once failed a line is not asked for it again.
create table orders_barred (
    order_id uuid not null references orders_order (id),
    line_id uuid not null references orders_line (id),
    location_id uuid not null,
    reason text not null,
    at timestamptz not null,
    primary key (order_id, line_id, location_id)
);

create table orders_stop (
    id uuid primary key,
    order_id uuid not null,
    kind text not null check (kind in ('payment', 'fraud', 'address', 'manual', 'exchange',
                                    'gathering', 'grace')),
    reason text not null,
    raised_at timestamptz not null,
    raised_by text not null,
    expires_at timestamptz,
    resolved_at timestamptz,
    resolved_by text,
    resolution text,
    -- The amendment whose lines it holds, 0 for the whole order.
    amendment_no integer not null default 0,
    -- What an exchange waits for, and what will be credited once it has come.
    cause_id uuid,
    expected_minor bigint not null default 0 check (expected_minor >= 0)
);
create index orders_stop_order on orders_stop (order_id);
create index orders_stop_open on orders_stop (kind, raised_at) where resolved_at is null;
create index orders_stop_expiry on orders_stop (expires_at) where resolved_at is null and expires_at is not null;

-- Captures and refunds that were refused, or of which nobody knows, until their money has moved.
create table orders_money_problem (
    operation_id uuid primary key,
    order_id uuid not null references orders_order (id),
    payment_id uuid not null,
    deed text not null check (deed in ('capture', 'refund', 'chargeback')),
    kind text not null
        check (kind in ('refused', 'unresolved', 'charged_back', 'paid_twice')),
    minor bigint not null check (minor > 0),
    currency text not null,
    reason text not null,
    retries integer not null check (retries >= 0),
    raised_at timestamptz not null,
    resolved_at timestamptz
);
create index orders_money_problem_order on orders_money_problem (order_id);
create index orders_money_problem_open on orders_money_problem (order_id)
    where resolved_at is null;

create table orders_amendment (
    id uuid primary key,
    order_id uuid not null references orders_order (id),
    no integer not null check (no > 0),
    kind text not null check (kind in ('add', 'cancel', 'price', 'address', 'appease', 'exchange', 'replacement', 'resource', 'recall')),
    reason text not null,
    lines jsonb not null,
    gross_delta_minor bigint not null,
    actor text not null,
    at timestamptz not null,
    unique (order_id, no)
);

-- Who gets the credit for a line, in basis points per role; append-only. A line that nobody gets the
-- credit for says so itself.
create table orders_attribution (
    line_id uuid not null,
    role text not null check (role in ('sold', 'assisted', 'chat', 'kiosk', 'endless_aisle', 'fulfilled', 'saved_sale')),
    beneficiary_kind text not null check (beneficiary_kind in ('staff', 'location')),
    beneficiary_id text not null,
    share_bp integer not null check (share_bp between 0 and 10000),
    source text not null,
    at timestamptz not null
);
create index orders_attribution_line on orders_attribution (line_id);
create index orders_attribution_saved on orders_attribution (beneficiary_id, at)
    where role = 'saved_sale' and beneficiary_kind = 'location';

-- What an order is found by besides its number and identifier: the channel's own number of it and SKUs.
create table orders_search (
    order_id uuid primary key,
    words tsvector not null
);
create index orders_search_words on orders_search using gin (words);

-- Times at which open orders were decided anew together, and what came of it.
create table orders_reoptimisation (
    id uuid primary key,
    asked_at timestamptz not null,
    asked_by text not null,
    orders_max integer not null check (orders_max > 0),
    seconds integer not null check (seconds > 0),
    state text not null check (state in ('asked', 'decided', 'done', 'failed')),
    decided integer not null default 0,
    aside jsonb not null default '{}',
    changed integer not null default 0,
    moved integer not null default 0,
    left_alone integer not null default 0,
    before_milli bigint not null default 0,
    after_milli bigint not null default 0,
    bound_milli bigint not null default 0,
    took_milliseconds integer not null default 0,
    in_time boolean not null default true,
    reason text not null default ''
);
create index orders_reoptimisation_asked on orders_reoptimisation (asked_at desc);
