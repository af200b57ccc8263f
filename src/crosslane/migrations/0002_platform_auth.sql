-- Who may come in, and what people have changed.
create table platform_api_key (
    id text primary key check (id ~ '^[0-9a-f]{16}$'),
    digest bytea not null check (length(digest) = 32),
    name text not null,
    role text not null,
    scopes text[] not null check (cardinality(scopes) > 0),
    location_id uuid,
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

create table platform_account (
    id uuid primary key,
    email text not null unique,
    password text not null,
    role text not null,
    location_id uuid,
    active boolean not null default true,
    failures integer not null default 0 check (failures >= 0),
    locked_until timestamptz,
    version integer not null default 1,
    created_at timestamptz not null
) with (fillfactor = 80);

create table platform_session (
    id text primary key check (id ~ '^[0-9a-f]{16}$'),
    digest bytea not null check (length(digest) = 32),
    account_id uuid not null references platform_account (id),
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
) with (fillfactor = 80);
create index platform_session_account on platform_session (account_id) where ended_at is null;
create index platform_session_age on platform_session (expires_at);

create table platform_audit (
    id uuid not null,
    at timestamptz not null,
    actor text not null,
    trace text not null,
    action text not null,
    subject text not null,
    before jsonb,
    after jsonb,
    reason text not null
) partition by range (at);
create index platform_audit_subject on platform_audit (subject, at);
create index platform_audit_actor on platform_audit (actor, at);
create index platform_audit_order on platform_audit (at, id);
select platform_ensure_partitions('platform_audit');

comment on column platform_account.email is 'personal: kept while the account exists';
comment on column platform_audit.before is 'personal: what a person changed, as it was';
comment on column platform_audit.after is 'personal: what a person changed, as it became';
