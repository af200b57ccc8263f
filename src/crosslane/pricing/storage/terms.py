"""SQL of the terms: price lists, taxes, shipping prices and promotions.

They are few and change rarely, so every process keeps them in memory as one fact.
"""

from collections.abc import Sequence

from crosslane.platform.database import Tx, columns
from crosslane.pricing.domain.cart import Terms
from crosslane.pricing.domain.lists import PriceList
from crosslane.pricing.domain.promotions import Promotion
from crosslane.pricing.domain.shipping import ShippingPrice
from crosslane.pricing.domain.tax import TaxRate, TaxRule, TaxTable

# What one tenant may keep in memory of each; more is a mistake of whoever fills the tables.
TERMS_ROWS_MAX = 20_000

SCOPES = ("channels", "markets", "customer_groups", "categories", "skus")


async def load_terms(tx: Tx) -> Terms:
    """Read everything carts are priced by, apart from the prices themselves."""
    return Terms(
        price_lists=tuple(await list_price_lists(tx)),
        taxes=TaxTable(await list_tax_rates(tx), await list_tax_rules(tx)),
        promotions=tuple(await list_promotions(tx)),
        shipping_prices=tuple(await list_shipping_prices(tx)),
    )


LIST_PRICE_LISTS = """
select id, code, title, currency, basis, tax_country, market, channel, customer_group, priority,
       valid_from, valid_to
from pricing_price_list order by code limit $1
"""


async def list_price_lists(tx: Tx) -> list[PriceList]:
    """Return every price list by code."""
    return [PriceList(**row) for row in await tx.fetch(LIST_PRICE_LISTS, TERMS_ROWS_MAX)]


LIST_TAX_RATES = """
select country, region, tax_class, rate_bp, valid_from
from pricing_tax_rate order by country, region, tax_class, valid_from limit $1
"""


async def list_tax_rates(tx: Tx) -> list[TaxRate]:
    """Return every tax rate there has been."""
    return [TaxRate(**row) for row in await tx.fetch(LIST_TAX_RATES, TERMS_ROWS_MAX)]


LIST_TAX_RULES = """
select seller_country, country, region, treatment, valid_from
from pricing_tax_rule order by seller_country, country, region, valid_from limit $1
"""


async def list_tax_rules(tx: Tx) -> list[TaxRule]:
    """Return every tax rule there has been."""
    return [TaxRule(**row) for row in await tx.fetch(LIST_TAX_RULES, TERMS_ROWS_MAX)]


LIST_PROMOTIONS = """
select id, code, title, target, percent_bp, amount_minor, currency, threshold_minor, quantity_min,
       coupon_required, exclusive, rank, channels, markets, customer_groups, categories, skus,
       valid_from, valid_to
from pricing_promotion order by rank, code limit $1
"""


async def list_promotions(tx: Tx) -> list[Promotion]:
    """Return every promotion in the order in which they run."""
    return [
        Promotion(**{**row, **{scope: frozenset(row[scope]) for scope in SCOPES}})
        for row in await tx.fetch(LIST_PROMOTIONS, TERMS_ROWS_MAX)
    ]


LIST_SHIPPING_PRICES = """
select id, service, currency, basis, tax_country, market, channel, customer_group, country,
       goods_from_minor, amount_minor, tax_class, valid_from, valid_to
from pricing_shipping_price order by service, id limit $1
"""


async def list_shipping_prices(tx: Tx) -> list[ShippingPrice]:
    """Return every shipping price there has been."""
    return [ShippingPrice(**row) for row in await tx.fetch(LIST_SHIPPING_PRICES, TERMS_ROWS_MAX)]


UPSERT_PRICE_LIST = """
insert into pricing_price_list
    (id, code, title, currency, basis, tax_country, market, channel, customer_group, priority,
     valid_from, valid_to)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (code) do update set
    title = excluded.title, market = excluded.market, channel = excluded.channel,
    customer_group = excluded.customer_group, priority = excluded.priority,
    valid_from = excluded.valid_from, valid_to = excluded.valid_to
"""


async def upsert_price_list(tx: Tx, price_list: PriceList) -> None:
    """Create a price list or change its scope and dates; currency and basis stay for good."""
    await tx.execute(UPSERT_PRICE_LIST, *_values(price_list))


UPSERT_TAX_RATES = """
insert into pricing_tax_rate (country, region, tax_class, valid_from, rate_bp)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int[])
on conflict (country, region, tax_class, valid_from) do update set rate_bp = excluded.rate_bp
"""


async def upsert_tax_rates(tx: Tx, rates: Sequence[TaxRate]) -> None:
    """Add tax rates; one of the same place, class and start is corrected."""
    names = ("country", "region", "tax_class", "valid_from", "rate_bp")
    await tx.execute(UPSERT_TAX_RATES, *columns(rates, *names))


UPSERT_TAX_RULES = """
insert into pricing_tax_rule (seller_country, country, region, valid_from, treatment)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
on conflict (seller_country, country, region, valid_from)
do update set treatment = excluded.treatment
"""


async def upsert_tax_rules(tx: Tx, rules: Sequence[TaxRule]) -> None:
    """Add tax rules; one of the same places and start is corrected."""
    names = ("seller_country", "country", "region", "valid_from", "treatment")
    await tx.execute(UPSERT_TAX_RULES, *columns(rules, *names))


UPSERT_SHIPPING_PRICES = """
insert into pricing_shipping_price
    (id, service, currency, basis, tax_country, market, channel, customer_group, country,
     goods_from_minor, amount_minor, tax_class, valid_from, valid_to)
select * from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::timestamptz[], $14::timestamptz[]
)
on conflict on constraint pricing_shipping_price_key do update set
    basis = excluded.basis, tax_country = excluded.tax_country,
    amount_minor = excluded.amount_minor, tax_class = excluded.tax_class,
    valid_to = excluded.valid_to
"""


async def upsert_shipping_prices(tx: Tx, prices: Sequence[ShippingPrice]) -> None:
    """Add shipping prices; one of the same service, scope and start is corrected."""
    await tx.execute(UPSERT_SHIPPING_PRICES, *columns(prices, *ShippingPrice.__struct_fields__))


UPSERT_PROMOTION = """
insert into pricing_promotion
    (id, code, title, target, percent_bp, amount_minor, currency, threshold_minor, quantity_min,
     coupon_required, exclusive, rank, channels, markets, customer_groups, categories, skus,
     valid_from, valid_to)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
on conflict (code) do update set
    title = excluded.title, target = excluded.target, percent_bp = excluded.percent_bp,
    amount_minor = excluded.amount_minor, currency = excluded.currency,
    threshold_minor = excluded.threshold_minor, quantity_min = excluded.quantity_min,
    coupon_required = excluded.coupon_required, exclusive = excluded.exclusive,
    rank = excluded.rank, channels = excluded.channels, markets = excluded.markets,
    customer_groups = excluded.customer_groups, categories = excluded.categories,
    skus = excluded.skus, valid_from = excluded.valid_from, valid_to = excluded.valid_to
"""


async def upsert_promotion(tx: Tx, promotion: Promotion) -> None:
    """Create a promotion or replace the one with its code."""
    await tx.execute(UPSERT_PROMOTION, *_values(promotion))


def _values(row: PriceList | Promotion) -> list[object]:
    """Fields in their order of declaration, which is that of the columns; sets become arrays."""
    fields = (getattr(row, name) for name in row.__struct_fields__)
    return [sorted(each) if isinstance(each, frozenset) else each for each in fields]
