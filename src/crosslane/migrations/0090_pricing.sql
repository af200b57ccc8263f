-- Prices, taxes and promotions are rows that hold from an instant on; what has held stays, so that
-- any day of the past can be priced again.

create table pricing_price_list (
    id uuid primary key,
    code text not null unique,
    title text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    basis text not null check (basis in ('net', 'gross')),
    tax_country text check (basis = 'gross' or tax_country is null),
    market text,
    channel text,
    customer_group text,
    priority integer not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from)
);

-- The key begins with the variant: a cart asks for few variants in a handful of lists.
create table pricing_price (
    variant_id uuid not null,
    price_list_id uuid not null references pricing_price_list (id),
    quantity_min integer not null check (quantity_min > 0),
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from),
    unit_price_milli bigint not null check (unit_price_milli >= 0),
    primary key (variant_id, price_list_id, quantity_min, valid_from)
);
create index pricing_price_of_list on pricing_price (price_list_id, variant_id);

create table pricing_tax_rate (
    country text not null check (country ~ '^[A-Z]{2}$'),
    region text not null,
    tax_class text not null,
    valid_from timestamptz not null,
    rate_bp integer not null check (rate_bp between 0 and 10000),
    primary key (country, region, tax_class, valid_from)
);

create table pricing_tax_rule (
    seller_country text not null check (seller_country ~ '^[A-Z]{2}$'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    region text not null,
    valid_from timestamptz not null,
    treatment text not null check (treatment in ('destination', 'origin', 'zero')),
    primary key (seller_country, country, region, valid_from)
);

create table pricing_shipping_price (
    id uuid primary key,
    service text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    basis text not null check (basis in ('net', 'gross')),
    tax_country text check (basis = 'gross' or tax_country is null),
    market text,
    channel text,
    customer_group text,
    country text,
    goods_from_minor bigint not null check (goods_from_minor >= 0),
    amount_minor bigint not null check (amount_minor >= 0),
    tax_class text not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from),
    constraint pricing_shipping_price_key unique nulls not distinct
        (service, currency, market, channel, customer_group, country, goods_from_minor, valid_from)
);

create table pricing_promotion (
    id uuid primary key,
    code text not null unique,
    title text not null,
    target text not null check (target in ('goods', 'shipping')),
    percent_bp integer not null check (percent_bp between 0 and 10000),
    amount_minor bigint not null check (amount_minor >= 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    threshold_minor bigint not null check (threshold_minor >= 0),
    quantity_min integer not null check (quantity_min >= 0),
    coupon_required boolean not null,
    exclusive boolean not null,
    rank integer not null,
    channels text[] not null,
    markets text[] not null,
    customer_groups text[] not null,
    categories text[] not null,
    skus text[] not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from),
    check ((percent_bp > 0) <> (amount_minor > 0)),
    check (currency is not null or (amount_minor = 0 and threshold_minor = 0))
);

-- uses is kept where uses_max is set, under the row's lock; elsewhere it stays 0, so that a code
-- everybody uses makes nobody wait.
create table pricing_coupon (
    id uuid primary key,
    code text not null unique check (code = upper(code)),
    promotion_id uuid not null references pricing_promotion (id),
    uses_max integer check (uses_max > 0),
    uses_per_customer_max integer check (uses_per_customer_max > 0),
    uses integer not null default 0 check (uses >= 0 and uses <= coalesce(uses_max, 0)),
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from)
) with (fillfactor = 80);
create index pricing_coupon_of_promotion on pricing_coupon (promotion_id, code);

create table pricing_redemption (
    coupon_id uuid not null references pricing_coupon (id),
    order_id uuid not null,
    customer_id uuid,
    redeemed_at timestamptz not null,
    released_at timestamptz,
    primary key (coupon_id, order_id)
);
create index pricing_redemption_of_order on pricing_redemption (order_id);
create index pricing_redemption_of_customer on pricing_redemption (coupon_id, customer_id)
    where released_at is null;
