-- Messages to customers: what was told of which cause, and what became of it. The cause is unique,
-- so an event that is handled again asks for nothing twice.
create table engagement_message (
    id uuid primary key,
    order_id uuid not null,
    customer_id uuid,
    ship_address_id uuid,
    topic text not null
        check (topic in ('confirmed', 'shipped', 'exchange_sent', 'pickup_ready', 'delayed',
                         'cancelled', 'return_requested', 'return_authorized', 'return_declined',
                         'return_cancelled', 'return_received', 'return_expired', 'refunded')),
    cause text not null unique,
    -- The message this one says again, null for a first one.
    repeats uuid references engagement_message (id),
    state text not null check (state in ('due', 'sent', 'not_sendable', 'failed')),
    reason text not null default '',
    locale text not null,
    -- What it tells, as it was then; no addresses and no names.
    story jsonb not null,
    -- Whom it went to: personal, blanked after its retention.
    recipient text not null default '',
    requested_at timestamptz not null,
    ended_at timestamptz,
    check ((state = 'due') = (ended_at is null))
) with (fillfactor = 80);
create index engagement_message_order on engagement_message (order_id, requested_at, id);
create index engagement_message_customer on engagement_message (customer_id);
create index engagement_message_repeats on engagement_message (repeats) where repeats is not null;
create index engagement_message_recipient on engagement_message (ended_at) where recipient <> '';
