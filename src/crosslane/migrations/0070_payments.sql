-- Whom to call for card tenders. The secrets are write-only: no answer of the API shows them.
create table payments_provider (
    code text primary key check (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    adapter text not null check (adapter ~ '^[a-z][a-z0-9_]{0,39}$'),
    base_url text not null check (length(base_url) <= 400),
    api_key text not null check (length(api_key) <= 400),
    webhook_secret text not null check (length(webhook_secret) <= 400),
    active boolean not null
);

create table payments_credit (
    customer_id uuid primary key,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    limit_minor bigint not null check (limit_minor >= 0),
    used_minor bigint not null default 0,
    terms_days integer not null check (terms_days between 0 and 365),
    blocked boolean not null default false
) with (fillfactor = 70);

-- Gift cards and store credit. The balance is derived from payments_account_entry, what is set aside
-- from tenders. A code is kept as a keyed digest; only its end can be read. Facts alone (a till that
-- was offline) take a balance below zero.
create table payments_account (
    id uuid primary key,
    kind text not null check (kind in ('gift_card', 'store_credit')),
    entity_id uuid not null,
    channel_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    customer_id uuid,
    code_hash bytea unique check (octet_length(code_hash) = 32),
    code_end text not null check (length(code_end) in (0, 4)),
    balance_minor bigint not null,
    held_minor bigint not null check (held_minor >= 0),
    expires_at timestamptz,
    blocked boolean not null,
    opened_at timestamptz not null
) with (fillfactor = 70);
create unique index payments_account_credit on payments_account (entity_id, currency, customer_id)
    where kind = 'store_credit' and customer_id is not null;

create index payments_account_customer on payments_account (customer_id)
    where customer_id is not null;
create index payments_account_expiring on payments_account (expires_at, id)
    where balance_minor > held_minor;

create table payments_account_entry (
    id uuid not null,
    account_id uuid not null,
    deed text not null check (deed in ('issued', 'topped_up', 'redeemed', 'returned', 'credited',
                                       'transferred', 'expired')),
    minor bigint not null check (minor <> 0),
    cause_kind text not null,
    cause_id text not null,
    occurred_at timestamptz not null,
    channel_id uuid not null,
    payment_id uuid,
    location_id uuid,
    paid_by text not null check (paid_by in ('', 'cash', 'card', 'goodwill')),
    reference text not null,
    recorded_at timestamptz not null,
    primary key (id, recorded_at)
) partition by range (recorded_at);
create index payments_account_entry_account on payments_account_entry (account_id, id);
create index payments_account_entry_occurred on payments_account_entry (occurred_at);
select platform_ensure_partitions('payments_account_entry');

-- Wrong codes that callers have typed lately; a caller is an actor, or a digest of its shopper.
create table payments_wrong_code (
    caller text not null,
    since timestamptz not null,
    wrong integer not null check (wrong >= 0),
    primary key (caller, since)
) with (fillfactor = 70);

-- What each store has given back in cash on a day where its channel is: derived from movements and
-- payouts, kept as a row so that limits hold when two tills pay at once.
create table payments_cash_day (
    location_id uuid not null,
    day date not null,
    currency text not null,
    paid_minor bigint not null check (paid_minor >= 0),
    primary key (location_id, day, currency)
) with (fillfactor = 70);

-- Money given without an order, once per cause.
create table payments_payout (
    id uuid primary key,
    cause_kind text not null,
    cause_id text not null,
    channel_id uuid not null,
    location_id uuid,
    method text not null check (method in ('cash', 'card', 'stored_value', 'on_account')),
    account_id uuid,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    minor bigint not null check (minor > 0),
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    unique (cause_kind, cause_id),
    check ((method in ('cash', 'card')) = (location_id is not null)),
    check ((method in ('cash', 'card')) = (account_id is null))
);
create index payments_payout_occurred on payments_payout (occurred_at);

-- A tender. Its amounts are derived: done ones from payments_movement, pending ones from
-- payments_operation, both written in the same transaction.
create table payments_payment (
    id uuid primary key,
    order_id uuid not null,
    channel_id uuid not null,
    location_id uuid,
    sequence integer not null check (sequence > 0),
    method text not null check (method in ('card', 'on_account', 'cash', 'marketplace', 'stored_value')),
    terms text not null check (terms in ('prepaid', 'per_parcel', 'at_collection', 'taken')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null check (amount_minor > 0),
    provider text not null,
    token text not null,
    credit_account uuid,
    stored_account uuid,
    terms_days integer not null,
    state text not null check (state in ('pending', 'authorized', 'declined')),
    abandoned boolean not null,
    reference text not null,
    reason text not null,
    authorized_minor bigint not null check (authorized_minor in (0, amount_minor)),
    captured_minor bigint not null check (captured_minor >= 0),
    refunded_minor bigint not null check (refunded_minor >= 0),
    voided_minor bigint not null check (voided_minor >= 0),
    settled_minor bigint not null check (settled_minor >= 0),
    capturing_minor bigint not null check (capturing_minor >= 0),
    refunding_minor bigint not null check (refunding_minor >= 0),
    voiding_minor bigint not null check (voiding_minor >= 0),
    charged_back_minor bigint not null check (charged_back_minor >= 0),
    opened_at timestamptz not null,
    unique (order_id, sequence),
    constraint payments_never_above_authorized
        check (captured_minor + voided_minor + capturing_minor + voiding_minor <= authorized_minor),
    constraint payments_never_back_above_captured
        check (refunded_minor + refunding_minor <= captured_minor),
    check ((method = 'on_account') = (credit_account is not null)),
    check ((method = 'stored_value') = (stored_account is not null))
) with (fillfactor = 70);

create index payments_payment_reference on payments_payment (provider, reference)
    where reference <> '';

create table payments_operation (
    id uuid primary key,
    payment_id uuid not null,
    order_id uuid not null,
    deed text not null check (deed in ('authorize', 'capture', 'refund', 'void', 'settle',
                                       'chargeback', 'chargeback_won')),
    minor bigint not null check (minor > 0),
    cause_kind text not null,
    cause_id text not null,
    at timestamptz not null,
    state text not null check (state in ('requested', 'unresolved', 'done', 'failed')),
    reference text not null,
    reason text not null,
    to_method text not null check (to_method in ('', 'cash', 'card', 'stored_value')),
    to_account uuid,
    to_location uuid,
    requested_at timestamptz not null,
    finished_at timestamptz,
    -- A payment is one order's: by one index it is asked once for a cause, and found by its order's.
    unique (order_id, deed, cause_kind, cause_id, payment_id),
    check ((to_method = 'stored_value') = (to_account is not null)),
    check (to_method = '' or deed = 'refund')
) with (fillfactor = 80);
create index payments_operation_problem on payments_operation (id)
    where state = 'unresolved' or (state = 'failed' and deed <> 'authorize');

-- The journal of money that has really moved: one row per operation that was done.
create table payments_movement (
    operation_id uuid not null,
    payment_id uuid not null,
    order_id uuid not null,
    deed text not null check (deed in ('authorize', 'capture', 'refund', 'void', 'settle',
                                       'chargeback', 'chargeback_won')),
    minor bigint not null check (minor > 0),
    currency text not null,
    occurred_at timestamptz not null,
    due_on date,
    to_method text not null,
    to_location uuid,
    recorded_at timestamptz not null,
    primary key (operation_id, recorded_at)
) partition by range (recorded_at);
create index payments_movement_occurred on payments_movement (occurred_at);
select platform_ensure_partitions('payments_movement');

-- Messages of providers, as far as they are understood; the key makes a repetition harmless. One that
-- only repeats how an operation has ended is not kept.
create table payments_message (
    provider text not null,
    message_id text not null,
    body jsonb not null,
    state text not null check (state in ('applied', 'known', 'unmatched', 'contradicts')),
    received_at timestamptz not null,
    primary key (provider, message_id)
);
