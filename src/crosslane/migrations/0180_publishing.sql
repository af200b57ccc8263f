-- How far public events are told in each epoch of the log. Epochs follow each other, places grow.
create table publishing_head (
    epoch integer primary key,
    first_place bigint not null,
    last_place bigint not null,
    check (last_place >= first_place)
);

-- Public events in the order in which they are told: below the last place nothing is ever added.
-- What they say rests in the log.
create table publishing_event (
    place bigint not null,
    event_id text not null,
    at timestamptz not null,
    kind text not null,
    subject text not null,
    subject_no bigint not null,
    channel_id uuid,
    published_at timestamptz not null,
    primary key (place, at)
) partition by range (at);
select platform_ensure_partitions('publishing_event');
create index publishing_event_time on publishing_event (at, place);

-- Who is told by webhook. `place` is how far its deliveries were made; `turn_no` names the only call
-- that may send them, `turn_at` when that is due.
create table publishing_subscription (
    id uuid primary key,
    url text not null,
    description text not null,
    kinds text[] not null,
    channels text[] not null,
    brands text[] not null,
    state text not null check (state in ('active', 'paused', 'disabled')),
    cause text not null default '' check (cause in ('', 'gone', 'failing')),
    -- From here on, to `place`, what it wants was made into deliveries.
    since_place bigint not null,
    place bigint not null check (place >= since_place),
    turn_no bigint not null default 0,
    turn_at timestamptz,
    failures integer not null default 0,
    failing_since timestamptz,
    rest_until timestamptz,
    version bigint not null default 1,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    check (failures = 0 or failing_since is not null)
) with (fillfactor = 70);
create index publishing_subscription_active on publishing_subscription (id)
    where state = 'active';

create table publishing_secret (
    subscription_id uuid not null references publishing_subscription (id) on delete cascade,
    no integer not null,
    secret text not null,
    created_at timestamptz not null,
    good_until timestamptz,
    primary key (subscription_id, no)
);

create sequence publishing_delivery_place;
create table publishing_delivery (
    id uuid primary key,
    place bigint not null default nextval('publishing_delivery_place'),
    subscription_id uuid not null references publishing_subscription (id) on delete cascade,
    cause text not null check (cause in ('event', 'resend', 'replay', 'ping')),
    event_place bigint,
    event_id text not null,
    kind text not null,
    subject text not null,
    subject_no bigint not null,
    at timestamptz not null,
    channel_id uuid,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    tries integer not null default 0,
    due_at timestamptz not null,
    requested_at timestamptz not null,
    ended_at timestamptz,
    check ((state = 'waiting') = (ended_at is null)),
    check ((cause = 'ping') = (event_place is null))
) with (fillfactor = 70);
create unique index publishing_delivery_once on publishing_delivery (subscription_id, event_place)
    where cause = 'event';
create index publishing_delivery_due on publishing_delivery (subscription_id, due_at, place)
    where state = 'waiting';
create index publishing_delivery_subject on publishing_delivery (subscription_id, subject, place)
    where state = 'waiting';
create index publishing_delivery_of on publishing_delivery (subscription_id, place);
create index publishing_delivery_ended on publishing_delivery (ended_at) where state <> 'waiting';

-- Every try. The beginning of the answer may hold anything.
create table publishing_attempt (
    delivery_id uuid not null references publishing_delivery (id) on delete cascade,
    no integer not null check (no > 0),
    at timestamptz not null,
    took_ms integer not null,
    status integer,
    reason text not null,
    answer text not null,
    primary key (delivery_id, no)
);
