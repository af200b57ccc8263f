"""Who sells what where: entities, brands, markets, channels and staff, as frozen values."""

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.organization.domain.codes import (
    require_code,
    require_country,
    require_currency,
    require_locale,
    require_timezone,
    require_vat_number,
)
from crosslane.organization.errors import (
    BookCurrencyFixed,
    ChannelFixed,
    LocaleMissing,
    LocaleNotOfMarket,
    MarketFixed,
    MethodNotOffered,
    UnknownBrand,
    UnknownChannel,
    UnknownEntity,
    UnknownMarket,
)

ChannelType = Literal["web", "phone", "marketplace", "store", "kiosk", "agent"]
TaxMode = Literal["inclusive", "exclusive"]
Method = Literal["ship", "pickup", "ship_to_store", "carry_out"]
DocumentKind = Literal["invoice", "credit_note"]
StaffRole = Literal["associate", "agent", "manager", "admin"]

METHODS: frozenset[Method] = frozenset({"ship", "pickup", "ship_to_store", "carry_out"})


class VatNumber(msgspec.Struct, frozen=True):
    """A VAT registration of a legal entity.

    Args:
        country: ISO 3166-1 code of the country that gave it.
        number: compact number with a right check digit.
    """

    country: str
    number: str


class Entity(msgspec.Struct, frozen=True):
    """A legal entity: it owns stock, sells, invoices and keeps books.

    Args:
        id: identifier.
        code: what people call it.
        name: registered name.
        country: ISO 3166-1 code of its seat.
        book_currency: ISO 4217 code of its books; never changes.
        vat_numbers: at most one per country.
        address: lines of its registered address below the name, as its documents show them.
    """

    id: UUID
    code: str
    name: str
    country: str
    book_currency: str
    vat_numbers: tuple[VatNumber, ...] = ()
    address: tuple[str, ...] = ()


class Brand(msgspec.Struct, frozen=True):
    """A name customers know the retailer by."""

    id: UUID
    code: str
    name: str


class Market(msgspec.Struct, frozen=True):
    """A country sold to, in one currency.

    Args:
        id: identifier.
        code: what people call it.
        name: what screens show.
        country: ISO 3166-1 code; decides the tax jurisdiction's default.
        currency: ISO 4217 code in which prices are set.
        locales: BCP 47 locales spoken to its customers, the usual one first.
        tax_mode: whether prices shown there include tax.
        timezone: IANA zone in which its days begin and end.
    """

    id: UUID
    code: str
    name: str
    country: str
    currency: str
    locales: tuple[str, ...]
    tax_mode: TaxMode
    timezone: str = "UTC"


class Channel(msgspec.Struct, frozen=True):
    """A way in which orders arrive. A row, never code: a new channel needs no release.

    Args:
        id: identifier.
        code: what people and messages call it.
        name: what screens show.
        type: sort of channel.
        brand: code of the brand it speaks for.
        market: code of the market it sells to.
        entity: code of the legal entity that sells.
        currency: currency of the market.
        country: country of the market.
        locale: locale of its messages when the customer names none.
        tax_mode: whether its prices include tax; a trade channel may differ from its market.
        timezone: zone of the market.
        methods: fulfillment methods it can offer at all.
        default_method: method of an order line that names none.
        active: closed channels take no new orders.
    """

    id: UUID
    code: str
    name: str
    type: ChannelType
    brand: str
    market: str
    entity: str
    currency: str
    country: str
    locale: str
    tax_mode: TaxMode
    timezone: str
    methods: frozenset[Method]
    default_method: Method
    active: bool = True


class StaffMember(msgspec.Struct, frozen=True):
    """A person who works for the retailer; the account to sign in with is the platform's.

    Args:
        id: identifier, the one attributions and audit rows name.
        code: staff number.
        name: personal; empty once erased.
        location_id: where the person works, None for head office.
        roles: what the person does.
        account_id: the sign-in account, None for a person without one.
        active: false after leaving.
        customer_id: who the person is as a customer, None when nobody has said.
    """

    id: UUID
    code: str
    name: str
    location_id: UUID | None
    roles: frozenset[StaffRole]
    account_id: UUID | None = None
    active: bool = True
    customer_id: UUID | None = None


class OrganizationBook:
    """Every entity, brand, market and channel of a tenant, found by code or identifier."""

    def __init__(
        self,
        *,
        entities: Iterable[Entity] = (),
        brands: Iterable[Brand] = (),
        markets: Iterable[Market] = (),
        channels: Iterable[Channel] = (),
    ) -> None:
        self.entities: Mapping[str, Entity] = {entity.code: entity for entity in entities}
        self.brands: Mapping[str, Brand] = {brand.code: brand for brand in brands}
        self.markets: Mapping[str, Market] = {market.code: market for market in markets}
        self.channels: Mapping[str, Channel] = {channel.code: channel for channel in channels}
        self._entities_by_id = {entity.id: entity for entity in self.entities.values()}
        self._channels_by_id = {channel.id: channel for channel in self.channels.values()}

    def entity(self, code: str, *, pointer: str = "") -> Entity:
        """Return the legal entity with a code, or raise UnknownEntity."""
        if (found := self.entities.get(code)) is None:
            raise UnknownEntity(pointer=pointer, code=code[:60])
        return found

    def entity_by_id(self, entity_id: UUID) -> Entity:
        """Return the legal entity with an identifier, or raise UnknownEntity."""
        if (found := self._entities_by_id.get(entity_id)) is None:
            raise UnknownEntity(code=str(entity_id))
        return found

    def brand(self, code: str, *, pointer: str = "") -> Brand:
        """Return the brand with a code, or raise UnknownBrand."""
        if (found := self.brands.get(code)) is None:
            raise UnknownBrand(pointer=pointer, code=code[:60])
        return found

    def market(self, code: str, *, pointer: str = "") -> Market:
        """Return the market with a code, or raise UnknownMarket."""
        if (found := self.markets.get(code)) is None:
            raise UnknownMarket(pointer=pointer, code=code[:60])
        return found

    def channel(self, code: str, *, pointer: str = "") -> Channel:
        """Return the channel with a code, or raise UnknownChannel."""
        if (found := self.channels.get(code)) is None:
            raise UnknownChannel(pointer=pointer, code=code[:60])
        return found

    def channel_by_id(self, channel_id: UUID) -> Channel:
        """Return the channel with an identifier, or raise UnknownChannel."""
        if (found := self._channels_by_id.get(channel_id)) is None:
            raise UnknownChannel(code=str(channel_id))
        return found


def checked_entity(entity: Entity, *, before: Entity | None = None) -> Entity:
    """Return the entity in canonical form, or refuse it.

    Args:
        entity: as wished.
        before: as stored, None when it is new.

    Raises:
        BadCode, BadCountry, BadCurrency, BadVatNumber: a field is malformed.
        BookCurrencyFixed: an existing entity would change the currency of its books.
    """
    require_code(entity.code, pointer="/code")
    require_currency(entity.book_currency, pointer="/book_currency")
    if before is not None and before.book_currency != entity.book_currency:
        raise BookCurrencyFixed(
            pointer="/book_currency", code=entity.code, currency=before.book_currency
        )
    numbers: dict[str, VatNumber] = {}
    for place, vat in enumerate(entity.vat_numbers):
        country = require_country(vat.country, pointer=f"/vat_numbers/{place}/country")
        number = require_vat_number(country, vat.number, pointer=f"/vat_numbers/{place}/number")
        numbers[country] = VatNumber(country, number)
    return msgspec.structs.replace(
        entity,
        country=require_country(entity.country, pointer="/country"),
        vat_numbers=tuple(numbers[country] for country in sorted(numbers)),
    )


def checked_market(market: Market, *, before: Market | None = None) -> Market:
    """Return the market in canonical form, or refuse it.

    Raises:
        BadCode, BadCountry, BadCurrency, BadLocale, BadTimezone: a field is malformed.
        LocaleMissing: it has no locale.
        MarketFixed: an existing market would change country or currency.
    """
    require_code(market.code, pointer="/code")
    country = require_country(market.country, pointer="/country")
    require_currency(market.currency, pointer="/currency")
    require_timezone(market.timezone, pointer="/timezone")
    if before is not None:
        for field, wished in (("country", country), ("currency", market.currency)):
            if getattr(before, field) != wished:
                raise MarketFixed(pointer=f"/{field}", code=market.code, field=field)
    if not market.locales:
        raise LocaleMissing(pointer="/locales")
    locales = [
        require_locale(locale, pointer=f"/locales/{place}")
        for place, locale in enumerate(market.locales)
    ]
    return msgspec.structs.replace(market, country=country, locales=tuple(dict.fromkeys(locales)))


def refuse_channel(channel: Channel, market: Market, *, before: Channel | None = None) -> None:
    """Refuse a channel that does not fit its market, or that would change under its orders.

    Raises:
        BadCode: the code is malformed.
        LocaleNotOfMarket: its locale is not spoken in the market.
        MethodNotOffered: its default method is not one it offers.
        ChannelFixed: an existing channel would change brand, market, entity, type or tax mode.
    """
    require_code(channel.code, pointer="/code")
    if channel.locale not in market.locales:
        raise LocaleNotOfMarket(pointer="/locale", locale=channel.locale, market=market.code)
    if channel.default_method not in channel.methods:
        raise MethodNotOffered(pointer="/default_method", method=channel.default_method)
    if before is None:
        return
    for field in ("type", "brand", "market", "entity", "tax_mode"):
        if getattr(before, field) != getattr(channel, field):
            raise ChannelFixed(pointer=f"/{field}", code=channel.code, field=field)
