-- What every process shares: which tenants there are, and which of them have work waiting.
create table control.tenant (
    name text primary key check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    key_prefix text not null unique,
    host_names text[] not null default '{}',
    created_at timestamptz not null default clock_timestamp()
);
create index tenant_host_names on control.tenant using gin (host_names);

-- A worker looks at a tenant when due_at has come. Writers move due_at to now before they commit,
-- the worker moves it on when nothing is left to do.
create table control.wake (
    tenant text primary key references control.tenant (name) on delete cascade,
    due_at timestamptz not null default clock_timestamp(),
    active_until timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
create index wake_due on control.wake (due_at);

-- Workers that are alive, or whose death nobody has noticed yet: each holds an advisory lock on its
-- number as long as its process lives.
create table control.worker (
    number integer primary key,
    started_at timestamptz not null default clock_timestamp()
);
