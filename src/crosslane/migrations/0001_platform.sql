-- Partitions of a journal: this month and some ahead, plus a default that must stay empty. A new
-- tenant begins with this month alone; upkeep makes the others before they are needed.
create function platform_ensure_partitions(journal text, months_ahead integer default 0)
returns void language plpgsql as $$
declare
    starts timestamptz := date_trunc('month', clock_timestamp() at time zone 'UTC') at time zone 'UTC';
    ends timestamptz;
    partition_name text;
    said record;
begin
    execute format('create table if not exists %I partition of %I default', journal || '_rest', journal);
    for step in 0..months_ahead loop
        ends := (starts at time zone 'UTC' + interval '1 month') at time zone 'UTC';
        partition_name := journal || to_char(starts at time zone 'UTC', '"_"YYYYMM');
        execute format(
            'create table if not exists %I partition of %I for values from (%L) to (%L)',
            partition_name, journal, starts, ends
        );
        starts := ends;
    end loop;
    -- What is said of a column's values, for the planner, is not handed down to partitions.
    for said in
        select c.relname, a.attname, array_to_string(a.attoptions, ', ') as options
        from pg_attribute a join pg_inherits i on i.inhparent = a.attrelid
        join pg_class c on c.oid = i.inhrelid
        join pg_attribute own on own.attrelid = c.oid and own.attname = a.attname
        where a.attrelid = journal::regclass and own.attoptions is distinct from a.attoptions
    loop
        execute format(
            'alter table %I alter column %I set (%s)', said.relname, said.attname, said.options
        );
    end loop;
end $$;

-- Keeps a statement from writing anything where what it rests on has changed since it was read.
create function platform_still(as_read boolean) returns boolean language plpgsql as $$
begin
    if as_read then
        return true;
    end if;
    raise serialization_failure using message = 'what was read has changed meanwhile';
end $$;

-- Versions of the small tables that processes keep in memory. The empty topic is the schema itself,
-- so that a dropped and recreated tenant is never read from an old copy.
create table platform_fact (
    topic text primary key,
    version xid8 not null
);
insert into platform_fact values ('', pg_current_xact_id());

create table platform_idempotency (
    key text primary key,
    fingerprint text not null,
    answer jsonb not null,
    created_at timestamptz not null
);
create index platform_idempotency_age on platform_idempotency (created_at);

create table platform_log_epoch (
    epoch integer not null
);
insert into platform_log_epoch values (1);

create table platform_log_subject (
    subject text primary key,
    last_no bigint not null
) with (fillfactor = 70);

create sequence platform_log_id;
create table platform_log (
    id bigint not null default nextval('platform_log_id'),
    txid xid8 not null default pg_current_xact_id(),
    epoch integer not null,
    subject text not null,
    subject_no bigint not null check (subject_no > 0),
    kind text not null,
    actor text not null,
    trace text not null,
    at timestamptz not null,
    body jsonb not null
) partition by range (at);
create index platform_log_position on platform_log (epoch, txid, id);
create index platform_log_history on platform_log (subject, subject_no);
-- Most are short enough to stay as they are. To press together those that name a thousand articles
-- took two thirds of the time to write them, for little more than half their size.
alter table platform_log alter column body set storage external;
select platform_ensure_partitions('platform_log');

create table platform_cursor (
    reaction text primary key,
    epoch integer not null,
    txid xid8 not null,
    id bigint not null
) with (fillfactor = 50);

-- Log rows a reaction has read past but not handled: they wait for an earlier row of their subject,
-- for another try, or (parked) for a person.
create table platform_backlog (
    reaction text not null,
    log_id bigint not null,
    subject text not null,
    subject_no bigint not null,
    attempts integer not null default 0,
    due_at timestamptz not null,
    parked boolean not null default false,
    reason text not null default '',
    primary key (reaction, log_id)
);
create index platform_backlog_subject on platform_backlog (reaction, subject, subject_no);

-- A call to the outside world, or a schedule. While a worker holds it, due_at is the lease's end
-- and claimed_by the number under which the worker is known to live.
create table platform_effect (
    id uuid primary key,
    key text not null unique,
    kind text not null,
    body jsonb not null,
    trace text not null default '',
    state text not null default 'due' check (state in ('due', 'done', 'dead')),
    due_at timestamptz not null,
    attempt integer not null default 0,
    tries integer not null default 0,
    claimed_by integer,
    reason text not null default '',
    created_at timestamptz not null,
    finished_at timestamptz
) with (fillfactor = 70);
create index platform_effect_due on platform_effect (due_at) where state = 'due';
-- Dead letters to be shown, and done ones to be forgotten.
create index platform_effect_ended on platform_effect (state, finished_at) where state <> 'due';
