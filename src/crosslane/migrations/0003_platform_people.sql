-- How people come in besides by password: invited, with a second factor, from a shared device of a
-- store, or known to an identity provider of the retailer.
alter table platform_account
    add column pin text,
    add column pin_failures integer not null default 0 check (pin_failures >= 0),
    add column pin_locked_until timestamptz;

-- A second factor counts from confirmed_at on. Its failures lock it alone, for longer each time:
-- whoever makes them knows the password.
create table platform_second_factor (
    account_id uuid primary key references platform_account (id),
    secret text not null,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    used_step bigint not null default 0,
    failures integer not null default 0 check (failures >= 0),
    locked_until timestamptz
) with (fillfactor = 80);

create table platform_recovery_code (
    account_id uuid not null references platform_account (id),
    digest bytea not null check (length(digest) = 32),
    used_at timestamptz,
    primary key (account_id, digest)
);

create table platform_invitation (
    id uuid primary key,
    email text not null,
    name text not null,
    role text not null,
    location_id uuid,
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    account_id uuid references platform_account (id)
);
create unique index platform_invitation_open on platform_invitation (email)
    where accepted_at is null and withdrawn_at is null;
create index platform_invitation_order on platform_invitation (created_at, id);

-- A device of a store on which its people take turns.
create table platform_device (
    id text primary key check (id ~ '^[0-9a-f]{16}$'),
    digest bytea not null check (length(digest) = 32),
    name text not null,
    location_id uuid not null,
    marked_by text not null,
    created_at timestamptz not null,
    ended_at timestamptz
);

alter table platform_session
    add column method text not null default 'password'
        check (method in ('password', 'pin', 'provider')),
    add column browser text not null default '',
    add column device_id text;
create index platform_session_device on platform_session (device_id) where ended_at is null;

-- Where the retailer's people sign in besides here: one at most.
create table platform_identity_provider (
    one boolean primary key default true check (one),
    name text not null,
    issuer text not null,
    client_id text not null,
    secret text not null,
    active boolean not null,
    version integer not null,
    changed_at timestamptz not null
);

-- Whom a provider means by a subject of its own.
create table platform_identity (
    issuer text not null,
    subject text not null,
    account_id uuid not null references platform_account (id),
    created_at timestamptz not null,
    primary key (issuer, subject)
);

comment on column platform_account.pin is 'hash: not readable';
comment on column platform_invitation.email is 'personal: forgotten when the invitation has ended';
comment on column platform_invitation.name is 'personal: forgotten when the invitation has ended';
comment on column platform_identity.subject is 'personal: kept while the account exists';
