"""The terms over HTTP: price lists with their prices, taxes, shipping prices."""

from datetime import UTC, datetime
from uuid import UUID

from crosslane.kernel import Instant, Page
from crosslane.organization import BadCode, BadCountry, BadCurrency, UnknownChannel, UnknownMarket
from crosslane.platform import facts
from crosslane.platform.web import Caller, Paging, get, post
from crosslane.pricing import errors
from crosslane.pricing.domain.lists import PriceList
from crosslane.pricing.domain.shipping import ShippingPrice
from crosslane.pricing.domain.tax import TaxRate, TaxRule
from crosslane.pricing.rest.paging import page_of
from crosslane.pricing.service import commands, prices, terms
from crosslane.pricing.service.carts import TERMS

READ, WRITE = "pricing:read", "pricing:write"
IMPORT_BYTES_MAX = 16 << 20
EXAMPLE_FROM = datetime(2011, 1, 4, tzinfo=UTC)


@get("/api/v1/price-lists", permission=READ)
async def list_price_lists(caller: Caller, paging: Paging) -> Page[PriceList]:
    """List price lists by code."""
    async with caller.read() as tx:
        found = (await facts.get(tx, TERMS)).price_lists
    return page_of(paging, found, code=str)


@get("/api/v1/price-lists/{code}", permission=READ, raises=(errors.PriceListUnknown,))
async def show_price_list(caller: Caller, code: str) -> PriceList:
    """Show one price list."""
    async with caller.read() as tx:
        return await prices.get_price_list(tx, code)


@post(
    "/api/v1/price-lists",
    permission=WRITE,
    command=commands.PUT_PRICE_LIST,
    raises=(
        UnknownMarket,
        UnknownChannel,
        errors.PriceListFixed,
        errors.BadValidity,
        BadCode,
        BadCountry,
        BadCurrency,
        errors.BadPriceList,
    ),
    example=terms.PutPriceList(code="retail", title="Retail", currency="GBP", basis="gross"),
)
async def put_price_list(caller: Caller, data: terms.PutPriceList) -> PriceList:
    """Create a price list, or change the one with this code."""
    return await caller.submit(commands.PUT_PRICE_LIST, data)


@get("/api/v1/price-lists/{code}/prices", permission=READ, raises=(errors.PriceListUnknown,))
async def list_prices(
    caller: Caller, code: str, paging: Paging, sku: str | None = None
) -> Page[prices.ListedPrice]:
    """List the rows of a price list, past and coming ones too."""
    after = paging.after(UUID, int, Instant)
    async with caller.read() as tx:
        found = await prices.list_listed_prices(
            tx, price_list=code, sku=sku, after=after, limit=paging.limit + 1
        )
    page = paging.page(
        found, key=lambda row: (row[0].variant_id, row[0].quantity_min, row[0].valid_from)
    )
    return Page([shown for _, shown in page.items], page.next_cursor)


@post(
    "/api/v1/price-imports",
    permission=WRITE,
    command=commands.IMPORT_PRICES,
    raises=(errors.PriceListUnknown,),
    body_bytes_max=IMPORT_BYTES_MAX,
    example=prices.ImportPrices(
        price_list="retail", rows=(prices.PriceRow(sku="85123A", unit_price_milli=255_000),)
    ),
)
async def import_prices(caller: Caller, data: prices.ImportPrices) -> prices.PricesImported:
    """Import prices in bulk.

    Rows that cannot be taken are told one by one, the others are stored; ``dry_run`` only tells.
    """
    return await caller.submit(commands.IMPORT_PRICES, data)


@get("/api/v1/tax-rates", permission=READ)
async def list_tax_rates(
    caller: Caller, paging: Paging, country: str | None = None
) -> Page[TaxRate]:
    """List tax rates by country, region, class and start; past and coming ones too."""
    async with caller.read() as tx:
        found = (await facts.get(tx, TERMS)).taxes.rates
    found = [each for each in found if country in (None, each.country)]
    return page_of(paging, found, country=str, region=str, tax_class=str, valid_from=Instant)


@post(
    "/api/v1/tax-rates",
    permission=WRITE,
    raises=(
        BadCountry,
        errors.BadValidity,
    ),
    command=commands.PUT_TAX_RATES,
    example=terms.PutTaxRates(
        (
            terms.TaxRateRow(
                country="GB", tax_class="standard", rate_bp=2000, valid_from=EXAMPLE_FROM
            ),
        )
    ),
)
async def put_tax_rates(caller: Caller, data: terms.PutTaxRates) -> terms.RowsPut:
    """Add tax rates that begin at an instant, or correct those of the same place and start."""
    return await caller.submit(commands.PUT_TAX_RATES, data)


@get("/api/v1/tax-rules", permission=READ)
async def list_tax_rules(caller: Caller, paging: Paging) -> Page[TaxRule]:
    """List how sales from country to country are taxed, past and coming rules too."""
    async with caller.read() as tx:
        found = (await facts.get(tx, TERMS)).taxes.rules
    return page_of(paging, found, seller_country=str, country=str, region=str, valid_from=Instant)


@post(
    "/api/v1/tax-rules",
    permission=WRITE,
    raises=(
        BadCountry,
        errors.BadValidity,
    ),
    command=commands.PUT_TAX_RULES,
    example=terms.PutTaxRules(
        (
            terms.TaxRuleRow(
                seller_country="GB", country="IM", treatment="origin", valid_from=EXAMPLE_FROM
            ),
        )
    ),
)
async def put_tax_rules(caller: Caller, data: terms.PutTaxRules) -> terms.RowsPut:
    """Add rules that begin at an instant, or correct those of the same places and start."""
    return await caller.submit(commands.PUT_TAX_RULES, data)


@get("/api/v1/shipping-prices", permission=READ)
async def list_shipping_prices(caller: Caller, paging: Paging) -> Page[ShippingPrice]:
    """List what customers pay for deliveries, past and coming prices too."""
    async with caller.read() as tx:
        found = (await facts.get(tx, TERMS)).shipping_prices
    return page_of(paging, found, service=str, id=UUID)


@post(
    "/api/v1/shipping-prices",
    permission=WRITE,
    command=commands.PUT_SHIPPING_PRICES,
    raises=(
        UnknownMarket,
        UnknownChannel,
        errors.BadValidity,
        BadCountry,
        BadCurrency,
        errors.BadPriceList,
    ),
    example=terms.PutShippingPrices(
        (
            terms.ShippingPriceRow(
                service="standard", currency="GBP", basis="gross", amount_minor=395
            ),
        )
    ),
)
async def put_shipping_prices(caller: Caller, data: terms.PutShippingPrices) -> terms.RowsPut:
    """Add shipping prices, or correct those of the same service, scope and start."""
    return await caller.submit(commands.PUT_SHIPPING_PRICES, data)


ROUTES = [
    list_price_lists,
    show_price_list,
    put_price_list,
    list_prices,
    import_prices,
    list_tax_rates,
    put_tax_rates,
    list_tax_rules,
    put_tax_rules,
    list_shipping_prices,
    put_shipping_prices,
]
