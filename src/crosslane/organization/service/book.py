"""The book: legal entities, brands, markets and channels.

Every edit touches the fact first. That row's lock makes edits follow one another, and from then on
the transaction reads the tables themselves, so a check made before writing cannot be outrun.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane.kernel import new_id, require_quantity
from crosslane.organization import storage
from crosslane.organization.domain import (
    METHODS,
    AddressLine,
    Brand,
    Channel,
    ChannelType,
    Code,
    DocumentKind,
    Entity,
    Market,
    Method,
    Name,
    OrganizationBook,
    TaxMode,
    VatNumber,
    checked_entity,
    checked_market,
    refuse_channel,
    require_code,
    require_invoice_prefix,
)
from crosslane.organization.errors import InvoiceSeriesInUse, UnknownInvoiceSeries
from crosslane.platform import audit, facts
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact

ADDRESS_LINES_MAX = 6
ORGANIZATION: Fact[OrganizationBook] = Fact("organization", storage.load_book)


class PutEntity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create a legal entity, or change the one with this code."""

    code: Code
    name: Name
    country: str
    book_currency: str
    vat_numbers: tuple[VatNumber, ...] = ()
    invoice_prefix: str = "INV-"
    credit_note_prefix: str = "CRN-"
    address: Annotated[tuple[AddressLine, ...], msgspec.Meta(max_length=ADDRESS_LINES_MAX)] = ()


class PutBrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create a brand, or rename the one with this code."""

    code: Code
    name: Name


class PutMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create a market, or change the one with this code."""

    code: Code
    name: Name
    country: str
    currency: str
    locales: tuple[str, ...]
    tax_mode: TaxMode
    timezone: str = "UTC"


class PutChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create a channel, or change the one with this code.

    What is left out comes from the market: its first locale, its tax mode; methods are all four.
    """

    code: Code
    name: Name
    type: ChannelType
    brand: str
    market: str
    entity: str
    locale: str | None = None
    tax_mode: TaxMode | None = None
    methods: frozenset[Method] = METHODS
    default_method: Method = "ship"
    active: bool = True


class EntityView(msgspec.Struct, frozen=True):
    """A legal entity with the prefixes of its documents."""

    id: UUID
    code: str
    name: str
    country: str
    book_currency: str
    vat_numbers: tuple[VatNumber, ...]
    address: tuple[str, ...]
    invoice_prefix: str
    credit_note_prefix: str


async def book(tx: Tx) -> OrganizationBook:
    """Return every entity, brand, market and channel; from memory when nothing has changed."""
    return await facts.get(tx, ORGANIZATION)


async def put_entity(tx: Tx, wish: PutEntity) -> EntityView:
    """Create or change a legal entity.

    Raises:
        BadCode, BadCountry, BadCurrency, BadVatNumber, BadInvoiceSeries: a field is malformed.
        BookCurrencyFixed: its books are kept in another currency.
        InvoiceSeriesInUse: documents were numbered with the present prefix.
    """
    await facts.touch(tx, ORGANIZATION.topic)
    before = (await book(tx)).entities.get(wish.code)
    prefixes: dict[DocumentKind, str] = {
        "invoice": require_invoice_prefix(wish.invoice_prefix, pointer="/invoice_prefix"),
        "credit_note": require_invoice_prefix(
            wish.credit_note_prefix, pointer="/credit_note_prefix"
        ),
    }
    entity = checked_entity(
        Entity(
            id=before.id if before else new_id(),
            code=wish.code,
            name=wish.name,
            country=wish.country,
            book_currency=wish.book_currency,
            vat_numbers=wish.vat_numbers,
            address=wish.address,
        ),
        before=before,
    )
    await storage.upsert_entity(tx, entity)
    await _told(tx, "legal_entity", before, entity)
    await storage.replace_vat_numbers(tx, entity)
    for kind, prefix in prefixes.items():
        if await storage.upsert_invoice_series(tx, entity.id, kind, prefix) is None:
            raise InvoiceSeriesInUse(pointer=f"/{kind}_prefix", kind=kind)
    return _entity_view(entity, prefixes)


async def list_entities(tx: Tx) -> list[EntityView]:
    """Return every legal entity with its document prefixes."""
    prefixes = await storage.list_invoice_prefixes(tx)
    entities = (await book(tx)).entities.values()
    return [_entity_view(entity, prefixes[entity.id]) for entity in entities]


async def entity_view(tx: Tx, code: str) -> EntityView:
    """Return one legal entity with its document prefixes.

    Raises:
        UnknownEntity: there is none with that code.
    """
    entity = (await book(tx)).entity(code)
    return _entity_view(entity, (await storage.list_invoice_prefixes(tx))[entity.id])


async def take_document_numbers(
    tx: Tx, *, entity_id: UUID, kind: DocumentKind, count: int
) -> list[str]:
    """Give out the next numbers of a legal entity's series, without gaps and never twice.

    The series is held until the transaction ends; take numbers last.

    Raises:
        UnknownInvoiceSeries: the entity does not exist.
        QuantityOutOfRange: the count is not positive.
    """
    taken = await storage.take_numbers(tx, entity_id, kind, require_quantity(count))
    if taken is None:
        raise UnknownInvoiceSeries(kind=kind)
    prefix, first = taken
    return [f"{prefix}{first + step}" for step in range(count)]


async def put_brand(tx: Tx, wish: PutBrand) -> Brand:
    """Create or rename a brand.

    Raises:
        BadCode: the code is malformed.
    """
    await facts.touch(tx, ORGANIZATION.topic)
    before = (await book(tx)).brands.get(wish.code)
    code = require_code(wish.code, pointer="/code")
    brand = Brand(id=before.id if before else new_id(), code=code, name=wish.name)
    await storage.upsert_brand(tx, brand)
    await _told(tx, "brand", before, brand)
    return brand


async def put_market(tx: Tx, wish: PutMarket) -> Market:
    """Create or change a market.

    Raises:
        BadCode, BadCountry, BadCurrency, BadLocale, BadTimezone: a field is malformed.
        MarketFixed: its country or currency would change.
        LocaleMissing: it has no locale.
    """
    await facts.touch(tx, ORGANIZATION.topic)
    before = (await book(tx)).markets.get(wish.code)
    wished = Market(id=before.id if before else new_id(), **msgspec.structs.asdict(wish))
    market = checked_market(wished, before=before)
    await storage.upsert_market(tx, market)
    await _told(tx, "market", before, market)
    return market


async def put_channel(tx: Tx, wish: PutChannel) -> Channel:
    """Create or change a channel.

    Raises:
        BadCode: the code is malformed.
        UnknownBrand, UnknownMarket, UnknownEntity: it names something that does not exist.
        LocaleNotOfMarket, MethodNotOffered: its defaults do not fit.
        ChannelFixed: what its orders rest on would change.
    """
    await facts.touch(tx, ORGANIZATION.topic)
    known = await book(tx)
    market = known.market(wish.market, pointer="/market")
    before = known.channels.get(wish.code)
    channel = Channel(
        id=before.id if before else new_id(),
        code=wish.code,
        name=wish.name,
        type=wish.type,
        brand=known.brand(wish.brand, pointer="/brand").code,
        market=market.code,
        entity=known.entity(wish.entity, pointer="/entity").code,
        currency=market.currency,
        country=market.country,
        locale=wish.locale or market.locales[0],
        tax_mode=wish.tax_mode or market.tax_mode,
        timezone=market.timezone,
        methods=wish.methods,
        default_method=wish.default_method,
        active=wish.active,
    )
    refuse_channel(channel, market, before=before)
    await storage.upsert_channel(tx, channel)
    await _told(tx, "channel", before, channel)
    return channel


async def _told(tx: Tx, noun: str, before: Any, after: Any) -> None:
    """Write an audit row that names what was edited by its code."""
    change = audit.Change(
        action=f"organization.put_{noun}",
        subject=f"{noun}:{after.code}",
        before=before,
        after=after,
    )
    await audit.record(tx, [change])


def _entity_view(entity: Entity, prefixes: Mapping[DocumentKind, str]) -> EntityView:
    return EntityView(
        id=entity.id,
        code=entity.code,
        name=entity.name,
        country=entity.country,
        book_currency=entity.book_currency,
        vat_numbers=entity.vat_numbers,
        address=entity.address,
        invoice_prefix=prefixes["invoice"],
        credit_note_prefix=prefixes["credit_note"],
    )
