-- What an order leaves in the plainest order book: the same durable facts, one row each.
drop schema if exists baseline cascade;
create schema baseline;
create table baseline.stock (
    id integer primary key,
    on_hand integer not null,
    allocated integer not null default 0
);
create table baseline.book (
    id bigint primary key,
    email text not null,
    gross_minor bigint not null,
    placed_at timestamptz not null default now()
);
create table baseline.line (
    order_id bigint not null,
    no integer not null,
    stock_id integer not null,
    quantity integer not null,
    gross_minor bigint not null,
    primary key (order_id, no)
);
create table baseline.reservation (
    order_id bigint not null,
    no integer not null,
    stock_id integer not null,
    quantity integer not null,
    primary key (order_id, no)
);
create table baseline.event (
    id bigint generated always as identity primary key,
    subject text not null,
    body jsonb not null,
    at timestamptz not null default now()
);
