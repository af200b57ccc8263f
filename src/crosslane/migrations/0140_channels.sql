-- What was sent at once: one body of one format. Its records say messages.
create table channels_batch (
    id uuid primary key,
    channel text not null,
    format text not null,
    file_name text not null,
    encoding text not null,
    delimiter text not null,
    -- Name of what its columns mean, of a table.
    mapping text not null,
    headers jsonb not null,
    -- The sender's own name of it, so that it is taken in once.
    delivery text not null,
    digest bytea not null,
    bytes integer not null check (bytes > 0),
    records integer not null check (records > 0),
    received_at timestamptz not null,
    received_by text not null,
    trace text not null
);
create unique index channels_batch_delivery on channels_batch (channel, delivery)
    where delivery <> '';
create index channels_batch_of_channel on channels_batch (channel, received_at, id);

-- One thing a record says and what became of it; a record may say several, its parts from 0. `owns` is true for the one message that stands for its channel,
-- kind, source id and version; repetitions of it never do anything.
create table channels_message (
    id uuid primary key,
    batch_id uuid not null references channels_batch (id),
    place integer not null check (place > 0),
    part integer not null check (part >= 0),
    channel text not null,
    kind text not null,
    source_id text not null,
    source_version bigint not null,
    event_at timestamptz,
    digest bytea not null,
    owns boolean not null,
    state text not null check (state in (
        'received', 'applied', 'parked', 'quarantined', 'repeated', 'outdated', 'replaced', 'voided',
        'kept'
    )),
    code text not null default '',
    detail text not null default '',
    pointer text not null default '',
    canonical jsonb,
    order_id uuid,
    return_id uuid,
    supply_id uuid,
    customer_id uuid,
    variant_id uuid,
    -- What a message waits for besides messages of its own source, though somebody may mend it.
    waits_for text not null default '',
    tries integer not null default 0,
    received_at timestamptz not null,
    changed_at timestamptz not null,
    unique (batch_id, place, part)
) with (fillfactor = 80);
create unique index channels_message_identity
    on channels_message (channel, kind, source_id, source_version) where owns;
create index channels_message_of_source on channels_message (channel, source_id);
create index channels_message_waiting on channels_message (state, received_at, id)
    where state in ('received', 'parked', 'quarantined');
create index channels_message_waits_for on channels_message (waits_for)
    where state in ('parked', 'quarantined') and waits_for <> '';
create index channels_message_of_channel on channels_message (channel, received_at, id);
create index channels_message_recent on channels_message (received_at, id);
create index channels_message_of_order on channels_message (order_id) where order_id is not null;
create index channels_message_of_return on channels_message (return_id) where return_id is not null;

-- A record as it was received, with what reading it needs of what stood around it.
create table channels_raw (
    batch_id uuid not null,
    place integer not null,
    received_at timestamptz not null,
    head text not null,
    body text not null,
    tail text not null,
    primary key (batch_id, place, received_at)
) partition by range (received_at);
select platform_ensure_partitions('channels_raw');

-- How far a channel has told of an order: which version said what, and which lines are meant.
create table channels_order (
    channel text not null,
    source_id text not null,
    order_id uuid not null,
    standing jsonb not null,
    part_of text generated always as (standing ->> 'part_of') stored,
    primary key (channel, source_id)
) with (fillfactor = 80);
create index channels_order_of_order on channels_order (order_id);
create index channels_order_of_whole on channels_order (channel, part_of)
    where part_of is not null;

-- What the tables of a channel mean.
create table channels_mapping (
    channel text not null,
    name text not null,
    mapping jsonb not null,
    columns_in_order text[] not null,
    primary key (channel, name)
);

-- How the system of a channel is connected. Secrets rest concealed by the installation's key.
create table channels_connection (
    channel text primary key,
    format text not null,
    account text not null,
    secret text not null,
    former_secret text not null,
    former_until timestamptz,
    services jsonb not null,
    locations jsonb not null,
    active boolean not null,
    -- How it is told something: where, with which secret, what else has to be known, and which way
    -- documents go.
    base_url text not null,
    token text not null,
    settings jsonb not null,
    delivery text not null check (delivery in ('call', 'http', 'pull', 'folder')),
    -- How files are exchanged by its folder.
    files jsonb not null default '{}'
);

-- What a channel is told, in the order in which it was said. What is said of one subject is told in
-- that order.
create table channels_outgoing (
    id uuid primary key,
    channel text not null,
    number bigint not null check (number > 0),
    kind text not null,
    key text not null,
    subject text not null,
    order_id uuid,
    message jsonb,
    state text not null check (state in (
        'waiting', 'told', 'needless', 'refused', 'unsupported', 'failed', 'superseded', 'erased'
    )),
    code text not null default '',
    detail text not null default '',
    -- Which of the things the channel cannot do was worked around.
    instead text not null default '',
    -- The calls and documents of the last try.
    said jsonb not null default '[]',
    document bigint,
    tries integer not null default 0,
    due_at timestamptz not null,
    trace text not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    -- The last digits of its interchange's number, and its place in that, by which the partner
    -- answers; what it has answered, and when.
    control integer,
    place integer,
    verdict text not null default '' check (verdict in (
        '', 'accepted', 'accepted_with_errors', 'partly_accepted', 'rejected'
    )),
    judged_at timestamptz,
    unique (channel, number),
    unique (channel, key),
    check ((message is null) = (state = 'erased') or state not in ('waiting', 'erased'))
) with (fillfactor = 80);
create index channels_outgoing_waiting on channels_outgoing (channel, number)
    where state = 'waiting';
create index channels_outgoing_of_subject on channels_outgoing (channel, subject, number);
create index channels_outgoing_of_channel on channels_outgoing (channel, created_at, id);
create index channels_outgoing_recent on channels_outgoing (created_at, id);
create index channels_outgoing_of_order on channels_outgoing (order_id, number)
    where order_id is not null;
create index channels_outgoing_of_control on channels_outgoing (channel, control)
    where control is not null;

-- Who speaks to a channel, and how fast: one turn at a time, due when it may be called again.
create table channels_pace (
    channel text not null,
    errand text not null,
    number bigint not null,
    turn bigint not null,
    is_open boolean not null,
    -- Up to which number its turn goes, and since when what it tells was due.
    upto bigint not null,
    due_at timestamptz not null,
    ready_at timestamptz not null,
    full_at timestamptz not null,
    failures integer not null default 0,
    code text not null default '',
    detail text not null default '',
    documents bigint not null default 0,
    primary key (channel, errand)
) with (fillfactor = 50);

-- How far a channel that is asked was fetched from, by its format's own words.
create table channels_cursor (
    channel text primary key,
    cursor text not null,
    fetched_at timestamptz not null,
    records bigint not null
);

-- A file that lay in a channel's folder, known by its content.
create table channels_file (
    channel text not null,
    digest bytea not null,
    name text not null,
    stamp text not null,
    bytes bigint not null,
    state text not null check (state in ('taking', 'taken', 'done', 'failed')),
    -- How far it was read, and its first piece.
    place bigint not null,
    batch_id uuid references channels_batch (id),
    seen_at timestamptz not null,
    code text not null,
    detail text not null,
    primary key (channel, digest)
);
create index channels_file_open on channels_file (channel, state, seen_at)
    where state in ('taking', 'taken');
create index channels_file_failed on channels_file (channel) where state = 'failed';

-- A file that was handed over to a channel, or that it may fetch.
create table channels_document (
    channel text not null,
    number bigint not null check (number > 0),
    name text not null,
    media_type text not null,
    body bytea not null,
    created_at timestamptz not null,
    primary key (channel, number),
    unique (channel, name)
);
create index channels_document_old on channels_document (created_at);

-- What telling has learnt: what a channel calls ours. `subject` is "" for articles.
create table channels_known (
    channel text not null,
    subject text not null,
    name text not null,
    value text not null,
    primary key (channel, subject, name)
) with (fillfactor = 80);

-- How far a channel has told of things that are no orders: shipments, payments, people, articles,
-- prices. `about` is the order they are of, by its channel's own number.
create table channels_told (
    channel text not null,
    kind text not null,
    source_id text not null,
    about text not null,
    standing jsonb not null,
    primary key (channel, kind, source_id)
) with (fillfactor = 80);
create index channels_told_about on channels_told (about, channel, kind);

-- What a channel calls articles of ours, and the stock of them. '' stands for a name that means
-- nothing any more. The highest version of what was said of a name stands.
create table channels_article (
    channel text not null,
    part text not null check (part in ('article', 'stock')),
    name text not null,
    sku text not null,
    version bigint not null,
    primary key (channel, part, name)
) with (fillfactor = 90);
create index channels_article_of_sku on channels_article (channel, lower(sku) collate "C", part, version)
    where sku <> '';

-- What a channel is told of an article that it is offered: stock (units by location) or price.
create table channels_offer (
    channel text not null,
    kind text not null check (kind in ('supply_snapshot', 'price')),
    variant_id uuid not null,
    sku text not null,
    -- What it was told last, and what it stands at as far as anybody knows, by the location it was
    -- told for; nobody knows where there is none. It is told what differs.
    told jsonb not null default '{}',
    told_at timestamptz,
    stands jsonb not null default '{}',
    -- Tellings under way, by location.
    asked jsonb not null default '{}',
    -- What the channel itself said that it has.
    heard jsonb not null default '{}',
    heard_at timestamptz,
    -- Why the last telling was refused, and how many in a row.
    code text not null default '',
    refusals smallint not null default 0,
    -- When to look whether it differs; null while nothing has happened to it.
    look_at timestamptz,
    primary key (channel, kind, variant_id)
) with (fillfactor = 80);
create unique index channels_offer_of_sku on channels_offer (channel, kind, sku collate "C");
create index channels_offer_due on channels_offer (channel, kind, look_at)
    where look_at is not null;
create index channels_offer_of_variant on channels_offer (variant_id, kind);

-- How far the looking at what a channel is offered has come; its row is locked before its offers.
create table channels_offering (
    channel text primary key,
    -- Of the next run, so that each is asked for once.
    run_no bigint not null default 0,
    -- All of it is looked at once more, from this article on; null when it is not under way.
    walk text,
    -- On which day all of it was told last.
    full_on date
);
