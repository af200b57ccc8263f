-- Invoices and credit notes as they were issued: numbered without gaps per legal entity, one per
-- cause, never changed. What a document says is a snapshot; it is drawn from it whenever asked for.
create table documents_document (
    id uuid primary key,
    number text not null,
    kind text not null check (kind in ('invoice', 'credit_note')),
    entity_id uuid not null,
    channel_id uuid not null,
    order_id uuid,
    customer_id uuid,
    cause_kind text not null,
    cause_id text not null,
    locale text not null,
    currency text not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor and gross_minor >= 0),
    content jsonb not null,
    -- Whom it is for: personal, kept as the law wants it, blanked after its retention.
    buyer jsonb not null,
    occurred_at timestamptz not null,
    issued_at timestamptz not null,
    kept_until date not null,
    unique (cause_kind, cause_id),
    unique (entity_id, kind, number)
);
create index documents_document_order on documents_document (order_id, issued_at, id);
create index documents_document_issued on documents_document (issued_at desc, id desc);
create index documents_document_customer on documents_document (customer_id);
create index documents_document_kept on documents_document (kept_until) where buyer <> '{}';
