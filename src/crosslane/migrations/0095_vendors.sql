-- How a vendor is spoken to. Both secrets sign: ours what we send, the vendor's what it sends.
create table vendors_vendor (
    location_id uuid primary key,
    port text not null check (port in ('http', 'none')),
    endpoint text not null,
    order_secret text not null,
    message_secret text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    active boolean not null,
    -- The least that is asked of it for one order; 0 for any.
    units_min bigint not null default 0 check (units_min >= 0),
    value_min_minor bigint not null default 0 check (value_min_minor >= 0)
);

-- What a vendor agreed to take for a unit from a day on; no cost ends the agreement.
create table vendors_term (
    location_id uuid not null,
    variant_id uuid not null,
    valid_from date not null,
    unit_cost_milli bigint check (unit_cost_milli >= 0),
    vendor_sku text not null,
    author text not null,
    recorded_at timestamptz not null,
    primary key (location_id, variant_id, valid_from)
);

-- A purchase order. Its id is that of the work it asks for, so it is made once.
create table vendors_order (
    id uuid primary key,
    location_id uuid not null,
    entity_id uuid not null,
    order_id uuid not null,
    reference text not null,
    currency text not null,
    service text not null,
    ship_address_id uuid not null,
    promised_at timestamptz,
    made_at timestamptz not null,
    version integer not null check (version > 0),
    delivery text not null check (delivery in ('waiting', 'sent', 'refused', 'undelivered')),
    delivery_reason text not null,
    answer_due_at timestamptz not null,
    answered_at timestamptz,
    silent_at timestamptz,
    expected_on date,
    -- Which acknowledgement decided: the latest one, whatever the order in which they came.
    expected_by text not null,
    settled text[] not null,
    problems text[] not null
) with (fillfactor = 75);
create index vendors_order_location on vendors_order (location_id, id);
create index vendors_order_order on vendors_order (order_id);
create index vendors_order_silent on vendors_order (answer_due_at)
    where answered_at is null and silent_at is null;

create table vendors_order_line (
    purchase_order_id uuid not null references vendors_order (id),
    line_id uuid not null,
    position integer not null,
    variant_id uuid not null,
    sku text not null,
    vendor_sku text not null,
    title text not null,
    quantity integer not null check (quantity > 0),
    unit_cost_milli bigint,
    -- Withdrawn by us, short and shipped by the vendor, invoiced and accepted. They are added up
    -- as told, so that no order of the messages matters; together they may exceed the quantity.
    withdrawn integer not null check (withdrawn >= 0),
    short bigint not null check (short >= 0),
    shipped bigint not null check (shipped >= 0),
    invoiced bigint not null check (invoiced >= 0),
    primary key (purchase_order_id, line_id)
) with (fillfactor = 75);

create table vendors_parcel (
    id uuid primary key,
    purchase_order_id uuid not null references vendors_order (id),
    carrier text not null,
    tracking_number text not null,
    tracking_url text not null,
    shipped_at timestamptz not null,
    arrived_at timestamptz,
    unique (purchase_order_id, carrier, tracking_number)
);
create table vendors_parcel_line (
    parcel_id uuid not null references vendors_parcel (id),
    line_id uuid not null,
    quantity integer not null check (quantity > 0),
    primary key (parcel_id, line_id)
);

create table vendors_message (
    id uuid primary key,
    location_id uuid not null,
    message_id text not null,
    type text not null,
    purchase_order_id uuid not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    digest bytea not null,
    body jsonb not null,
    -- Parked until what it is about has been told of.
    state text not null check (state in ('applied', 'parked', 'quarantined', 'dismissed')),
    reason text not null,
    unique (location_id, message_id)
);
create index vendors_message_open on vendors_message (id)
    where state in ('parked', 'quarantined');
create index vendors_message_told on vendors_message (received_at) where not (body ? 'forgotten');
create index vendors_message_order on vendors_message (purchase_order_id);

create table vendors_invoice (
    id uuid primary key,
    location_id uuid not null,
    purchase_order_id uuid not null references vendors_order (id),
    number text not null,
    currency text not null,
    freight_minor bigint not null check (freight_minor >= 0),
    tax_minor bigint not null check (tax_minor >= 0),
    due_on date,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    -- Waiting for the goods, disputed because of its price, accepted (posted), or rejected.
    state text not null check (state in ('waiting', 'disputed', 'accepted', 'rejected')),
    accrued_minor bigint not null,
    unique (location_id, number)
);
create index vendors_invoice_order on vendors_invoice (purchase_order_id);
create index vendors_invoice_open on vendors_invoice (id) where state in ('waiting', 'disputed');
create table vendors_invoice_line (
    invoice_id uuid not null references vendors_invoice (id),
    line_id uuid not null,
    quantity integer not null check (quantity > 0),
    net_minor bigint not null check (net_minor >= 0),
    primary key (invoice_id, line_id)
);
