"""Legal entities, brands, markets and channels over HTTP."""

from collections.abc import Mapping
from typing import TypeVar

from crosslane.kernel import Page
from crosslane.organization import errors, service
from crosslane.organization.domain import Brand, Channel, Market, VatNumber
from crosslane.organization.service import (
    EntityView,
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    commands,
)
from crosslane.platform.web import Caller, Paging, get, post

READ, WRITE = "organization:read", "organization:write"

Row = TypeVar("Row")


@get("/api/v1/legal-entities", permission=READ)
async def list_legal_entities(caller: Caller, paging: Paging) -> Page[EntityView]:
    """List legal entities by code."""
    async with caller.read() as tx:
        found = {entity.code: entity for entity in await service.list_entities(tx)}
    return _page(paging, found)


@get("/api/v1/legal-entities/{code}", permission=READ, raises=(errors.UnknownEntity,))
async def show_legal_entity(caller: Caller, code: str) -> EntityView:
    """Show one legal entity."""
    async with caller.read() as tx:
        return await service.entity_view(tx, code)


@post(
    "/api/v1/legal-entities",
    permission=WRITE,
    command=commands.PUT_ENTITY,
    raises=(
        errors.BadCode,
        errors.BadCountry,
        errors.BadCurrency,
        errors.BadVatNumber,
        errors.BadInvoiceSeries,
        errors.BookCurrencyFixed,
        errors.InvoiceSeriesInUse,
    ),
    example=PutEntity(
        "mf-ltd",
        "Marlow & Finch Ltd",
        "GB",
        "GBP",
        (VatNumber("GB", "980780684"),),
        address=("7 Wharf Road", "Derby", "DE1 2AA"),
    ),
)
async def put_legal_entity(caller: Caller, data: PutEntity) -> EntityView:
    """Create a legal entity, or change the one with this code.

    The currency of its books stays, and so does the prefix of documents once numbers were given
    out.
    """
    return await caller.submit(commands.PUT_ENTITY, data)


@get("/api/v1/brands", permission=READ)
async def list_brands(caller: Caller, paging: Paging) -> Page[Brand]:
    """List brands by code."""
    async with caller.read() as tx:
        return _page(paging, (await service.book(tx)).brands)


@post(
    "/api/v1/brands",
    permission=WRITE,
    command=commands.PUT_BRAND,
    raises=(errors.BadCode,),
    example=PutBrand("marlow", "Marlow"),
)
async def put_brand(caller: Caller, data: PutBrand) -> Brand:
    """Create a brand, or rename the one with this code."""
    return await caller.submit(commands.PUT_BRAND, data)


@get("/api/v1/markets", permission=READ)
async def list_markets(caller: Caller, paging: Paging) -> Page[Market]:
    """List markets by code."""
    async with caller.read() as tx:
        return _page(paging, (await service.book(tx)).markets)


@get("/api/v1/markets/{code}", permission=READ, raises=(errors.UnknownMarket,))
async def show_market(caller: Caller, code: str) -> Market:
    """Show one market."""
    async with caller.read() as tx:
        return (await service.book(tx)).market(code)


@post(
    "/api/v1/markets",
    permission=WRITE,
    command=commands.PUT_MARKET,
    raises=(
        errors.BadCode,
        errors.BadCountry,
        errors.BadCurrency,
        errors.BadLocale,
        errors.BadTimezone,
        errors.LocaleMissing,
        errors.MarketFixed,
    ),
    example=PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London"),
)
async def put_market(caller: Caller, data: PutMarket) -> Market:
    """Create a market, or change the one with this code; country and currency stay."""
    return await caller.submit(commands.PUT_MARKET, data)


@get("/api/v1/channels", permission=READ)
async def list_channels(caller: Caller, paging: Paging) -> Page[Channel]:
    """List channels by code, closed ones too."""
    async with caller.read() as tx:
        return _page(paging, (await service.book(tx)).channels)


@get("/api/v1/channels/{code}", permission=READ, raises=(errors.UnknownChannel,))
async def show_channel(caller: Caller, code: str) -> Channel:
    """Show one channel."""
    async with caller.read() as tx:
        return (await service.book(tx)).channel(code)


@post(
    "/api/v1/channels",
    permission=WRITE,
    command=commands.PUT_CHANNEL,
    raises=(
        errors.BadCode,
        errors.UnknownBrand,
        errors.UnknownMarket,
        errors.UnknownEntity,
        errors.LocaleNotOfMarket,
        errors.MethodNotOffered,
        errors.ChannelFixed,
    ),
    example=PutChannel("web-gb", "Web shop", "web", "marlow", "gb", "mf-ltd"),
)
async def put_channel(caller: Caller, data: PutChannel) -> Channel:
    """Create a channel, or change the one with this code.

    What its orders rest on stays: brand, market, legal entity, type and tax mode. A channel is
    never removed; closed with ``active: false`` it takes no new orders.
    """
    return await caller.submit(commands.PUT_CHANNEL, data)


def _page(paging: Paging, rows: Mapping[str, Row]) -> Page[Row]:
    (after,) = paging.after(str) or ("",)
    codes = sorted(code for code in rows if code > after)[: paging.limit + 1]
    page: Page[str] = paging.page(codes, key=lambda code: (code,))
    return Page([rows[code] for code in page.items], page.next_cursor)


ROUTES = [
    list_legal_entities,
    show_legal_entity,
    put_legal_entity,
    list_brands,
    put_brand,
    list_markets,
    show_market,
    put_market,
    list_channels,
    show_channel,
    put_channel,
]
