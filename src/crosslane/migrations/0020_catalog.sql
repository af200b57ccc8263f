-- What is sold. SKUs and product codes are unique ignoring case and kept as written: the same
-- article arrives as 15056BL and as 15056bl, and never are the two different goods. Collation C:
-- they are ASCII, sort by byte and serve searches by their beginning.
create table catalog_category (
    id uuid primary key,
    code text not null unique,
    parent_id uuid references catalog_category check (parent_id <> id)
);

create table catalog_product (
    id uuid primary key,
    code text collate "C" not null,
    category_id uuid not null references catalog_category,
    version integer not null default 1,
    updated_at timestamptz not null
);
create unique index catalog_product_code on catalog_product (lower(code));
create index catalog_product_category on catalog_product (category_id);

create table catalog_variant (
    id uuid primary key,
    product_id uuid not null references catalog_product,
    sku text collate "C" not null,
    tax_class text not null,
    weight_grams integer not null check (weight_grams >= 0),
    length_mm integer not null check (length_mm >= 0),
    width_mm integer not null check (width_mm >= 0),
    height_mm integer not null check (height_mm >= 0),
    options jsonb not null,
    active boolean not null
);
create unique index catalog_variant_sku on catalog_variant (lower(sku));
create index catalog_variant_product on catalog_variant (product_id);

-- GTINs stand here as 14 digits whatever their printed length, other barcodes as they are read.
create table catalog_barcode (
    barcode text primary key,
    variant_id uuid not null references catalog_variant,
    kind text not null check (kind in ('gtin', 'pack')),
    units integer not null check (units > 0),
    check (kind <> 'gtin' or units = 1)
);
create unique index catalog_barcode_gtin on catalog_barcode (variant_id) where kind = 'gtin';
create index catalog_barcode_variant on catalog_barcode (variant_id);

create table catalog_component (
    bundle_id uuid not null references catalog_variant,
    place smallint not null check (place >= 0),
    component_id uuid not null references catalog_variant check (component_id <> bundle_id),
    quantity integer not null check (quantity > 0),
    share_weight integer not null check (share_weight >= 0),
    primary key (bundle_id, place),
    unique (bundle_id, component_id)
);
create index catalog_component_component on catalog_component (component_id);

-- A text belongs to a product, a variant or a category. Locale 'und' is text for every language,
-- the empty channel is text for every channel.
create table catalog_text (
    owner_id uuid not null,
    field text not null,
    locale text not null,
    channel text not null default '',
    owner_kind text not null check (owner_kind in ('product', 'variant', 'category')),
    text text not null check (text <> ''),
    primary key (owner_id, field, locale, channel)
);
create index catalog_text_words on catalog_text using gin (to_tsvector('simple', text))
    where field = 'title';

-- What is shown of pictures: decoded, turned upright, made small and written anew as WebP, so that
-- of a file somebody sent only its look is kept. The name is the beginning of the content's SHA-256:
-- what an address leads to never changes.
create table catalog_picture_file (
    digest text collate "C" primary key check (digest ~ '^[0-9a-f]{32}$'),
    content bytea not null check (octet_length(content) between 1 and 2097152)
);
-- WebP does not become smaller by compressing it again.
alter table catalog_picture_file alter column content set storage external;

create table catalog_picture (
    id uuid primary key,
    owner_id uuid not null,
    owner_kind text not null check (owner_kind in ('product', 'variant')),
    place integer not null,
    state text not null check (state in ('wanted', 'stored', 'refused')),
    reason text not null default '',
    source text not null default '',
    -- What it shows, in words, by locale.
    alt jsonb not null default '{}',
    shown text collate "C" references catalog_picture_file,
    thumb text collate "C" references catalog_picture_file,
    width integer not null default 0 check (width >= 0),
    height integer not null default 0 check (height >= 0),
    unique (owner_id, place),
    check ((state = 'stored') = (shown is not null and thumb is not null)),
    check ((shown is null) = (thumb is null)),
    check (shown is not null or source <> '')
);
create index catalog_picture_shown on catalog_picture (shown) where shown is not null;
create index catalog_picture_thumb on catalog_picture (thumb) where thumb is not null;
create index catalog_picture_unstored on catalog_picture (state, id) where state <> 'stored';
