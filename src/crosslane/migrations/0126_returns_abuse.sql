-- A return as the rules of abuse see it, written when it is weighed: ids and figures alone.
create table returns_trait (
    return_id uuid primary key,
    at timestamptz not null,
    customer_id uuid,
    -- By what a card is told apart from others; not its token.
    card text not null,
    -- The order's id, or the number of a proof nobody here can look up.
    receipt text not null,
    sold_at timestamptz,
    sold_by text not null,
    taken_by text not null,
    buyer_staff text not null,
    location_id uuid,
    credited boolean not null,
    cash boolean not null,
    paid_cash boolean not null,
    minor bigint not null check (minor >= 0),
    receipt_minor bigint not null check (receipt_minor >= 0),
    faulty_minor bigint not null check (faulty_minor >= 0),
    worn_minor bigint not null check (worn_minor >= 0),
    units jsonb not null,
    kept_nothing boolean not null,
    cleared text[] not null default '{}'
);
create index returns_trait_customer on returns_trait (customer_id, at)
    where customer_id is not null;
create index returns_trait_card on returns_trait (card, at) where card <> '';
create index returns_trait_receipt on returns_trait (receipt, at) where receipt <> '';
create index returns_trait_staff on returns_trait (taken_by, sold_by, at)
    where taken_by <> '' and sold_by <> '';
create index returns_trait_store on returns_trait (location_id, at) where credited;

-- A suspicion that a return reached, with why; the outcome is what a person made of it.
create table returns_finding (
    return_id uuid not null references returns_trait (return_id),
    kind text not null check (kind in ('serial_returner', 'wardrobing', 'receipt_reuse',
                                       'staff_loop', 'credit_farming')),
    score integer not null check (score >= hold_at),
    hold_at integer not null check (hold_at >= 0),
    held boolean not null,
    reasons jsonb not null,
    policy_id uuid,
    found_at timestamptz not null,
    outcome text check (outcome in ('cleared', 'declined')),
    reason text not null default '',
    decided_by text,
    decided_at timestamptz,
    primary key (return_id, kind),
    check ((outcome is null) = (decided_at is null))
);
create index returns_finding_recent on returns_finding (found_at desc, return_id);
