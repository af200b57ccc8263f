-- The chart of accounts is data; codes are what postings carry, numbers are what accountants say.
create table ledger_account (
    code text primary key check (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    number text not null unique check (number ~ '^[0-9A-Z.-]{1,20}$'),
    name text not null check (length(name) between 1 and 120),
    kind text not null check (kind in ('asset', 'liability', 'equity', 'income', 'expense')),
    open boolean not null default true
);
insert into ledger_account (code, number, name, kind) values
    ('cash', '1000', 'Cash in tills', 'asset'),
    ('bank', '1010', 'Bank', 'asset'),
    ('receivable_card', '1100', 'Card payments due from providers', 'asset'),
    ('receivable_on_account', '1110', 'Trade accounts receivable', 'asset'),
    ('receivable_marketplace', '1120', 'Payouts due from marketplaces', 'asset'),
    ('tax_recoverable', '1130', 'Tax on purchases', 'asset'),
    ('intercompany_receivable', '1190', 'Due from group entities', 'asset'),
    ('inventory', '1200', 'Goods for resale', 'asset'),
    ('stock_in_transit', '1210', 'Goods on their way between locations', 'asset'),
    ('clearing', '2000', 'Orders: money against goods', 'liability'),
    ('payables', '2100', 'Suppliers and vendors', 'liability'),
    ('received_not_invoiced', '2105', 'Goods received and not invoiced', 'liability'),
    ('stored_value', '2110', 'Gift cards and store credit', 'liability'),
    ('unclaimed_property', '2115', 'Stored value that ran out and is owed to the state', 'liability'),
    ('intercompany_payable', '2190', 'Due to group entities', 'liability'),
    ('tax_payable', '2200', 'Sales tax by code', 'liability'),
    ('opening_balance', '3000', 'Opening balances', 'equity'),
    ('revenue', '4000', 'Sales of goods', 'income'),
    ('sales_returns', '4010', 'Goods taken back', 'income'),
    ('appeasements', '4020', 'Given to customers for goodwill', 'income'),
    ('shipping_income', '4100', 'Delivery charged to customers', 'income'),
    ('service_income', '4200', 'Services and fees charged to customers', 'income'),
    ('return_handling_income', '4300', 'Credit for returns of others taken in', 'income'),
    ('breakage', '4400', 'Stored value that ran out', 'income'),
    ('cost_of_goods', '5000', 'Cost of goods sold', 'expense'),
    ('price_difference', '5050', 'Invoices above or below what was agreed', 'expense'),
    ('inventory_adjustment', '5100', 'Stock gains, losses and damages', 'expense'),
    ('shipping_cost', '5200', 'Carriers', 'expense'),
    ('return_handling', '5250', 'Returns taken in by other locations', 'expense'),
    ('fees', '5300', 'Payment and marketplace fees', 'expense'),
    ('chargebacks', '5320', 'Card payments taken back by providers', 'expense'),
    ('bad_debt', '5400', 'Bad debt', 'expense'),
    ('rounding', '5900', 'Rounding and exchange differences', 'expense');

-- rate_nano: minor units of book_currency per minor unit of currency, times 10^9.
create table ledger_rate (
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    book_currency text not null check (book_currency ~ '^[A-Z]{3}$' and book_currency <> currency),
    valid_from date not null,
    rate_nano bigint not null check (rate_nano > 0),
    author text not null,
    recorded_at timestamptz not null,
    primary key (currency, book_currency, valid_from)
);

-- One row per cause: the unique key is what makes posting happen exactly once.
create table ledger_entry (
    id uuid primary key,
    cause_kind text not null,
    cause_id text not null,
    occurred_at timestamptz not null,
    day date not null,
    memo text not null,
    actor text not null,
    recorded_at timestamptz not null,
    unique (cause_kind, cause_id)
);
create index ledger_entry_day on ledger_entry (day, id);

create table ledger_posting (
    entry_id uuid not null,
    position integer not null,
    recorded_at timestamptz not null,
    day date not null,
    entity_id uuid not null,
    account text not null,
    currency text not null,
    minor bigint not null,
    book_currency text not null,
    book_minor bigint not null,
    rate_nano bigint not null,
    line_id uuid,
    counterparty_id uuid,
    channel_id uuid,
    location_id uuid,
    staff_id uuid,
    brand_id uuid,
    market_id uuid,
    tax_code text,
    primary key (entry_id, position, recorded_at)
) partition by range (recorded_at);
create index ledger_posting_account on ledger_posting (account, entity_id, day);
-- What lines of orders earned, such as those somebody has the credit for.
create index ledger_posting_line on ledger_posting (line_id)
    where account in ('revenue', 'sales_returns');
select platform_ensure_partitions('ledger_posting');

-- Entries that the roll-up has not taken in yet. A balance is the roll-up plus the postings of
-- these, read in one statement; so posting never updates a row that another posting needs.
create table ledger_tail (
    entry_id uuid primary key,
    recorded_at timestamptz not null
);

create table ledger_rollup (
    entity_id uuid not null,
    account text not null,
    currency text not null,
    day date not null,
    channel_id uuid,
    location_id uuid,
    tax_code text,
    debit_minor bigint not null,
    credit_minor bigint not null,
    book_minor bigint not null,
    unique nulls not distinct (account, entity_id, currency, day, channel_id, location_id, tax_code)
);
-- Statements ask for one location or channel.
create index ledger_rollup_location on ledger_rollup (location_id, day)
    where location_id is not null;
create index ledger_rollup_channel on ledger_rollup (channel_id, day) where channel_id is not null;
