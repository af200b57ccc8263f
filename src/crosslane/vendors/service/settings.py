"""How vendors are spoken to, and what they agreed to."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crosslane.catalog import UnknownSku, variants_by_id, variants_by_sku
from crosslane.kernel import QUANTITY_MAX, matching
from crosslane.locations import Location, network
from crosslane.platform import facts, outbound
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact
from crosslane.vendors.domain import Term, Vendor
from crosslane.vendors.errors import (
    BadVendorSettings,
    NoSuchVendor,
    NotAVendor,
    VendorCurrencyFixed,
)
from crosslane.vendors.storage import terms as storage

TERMS_AT_ONCE_MAX = 2_000
COST_MILLI_MAX = 10**13
VALUE_MINOR_MAX = 10**12

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Secret = Annotated[str, matching("(whsec_[A-Za-z0-9+/]{20,}={0,2})?", max_length=400)]


class PutVendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say how a vendor is spoken to, or replace what was said.

    Args:
        location: code of the vendor's location.
        currency: ISO 4217, of its costs and invoices; fixed once something was ordered.
        port: ``http`` posts orders to the endpoint; ``none`` when people pass them on.
        endpoint: where it takes orders, http or https.
        order_secret: signs what it is sent (``whsec_…``); never shown again.
        message_secret: it signs its own messages with this one; never shown again.
        active: false keeps orders back until it is true again.
        units_min: it is asked for no fewer units for one order; 0 for any.
        value_min_minor: nor for less than this at agreed costs, in minor units of its currency;
            0 for any. An article without an agreed cost counts nothing.
    """

    location: Code
    currency: Annotated[str, matching("[A-Z]{3}")]
    port: Literal["http", "none"] = "none"
    endpoint: Annotated[str, msgspec.Meta(max_length=400)] = ""
    order_secret: Secret = ""
    message_secret: Secret = ""
    active: bool = True
    units_min: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)] = 0
    value_min_minor: Annotated[int, msgspec.Meta(ge=0, le=VALUE_MINOR_MAX)] = 0


class VendorView(msgspec.Struct, frozen=True):
    """A vendor's settings without its secrets."""

    location: str
    name: str
    currency: str
    port: str
    endpoint: str
    active: bool
    units_min: int
    value_min_minor: int


class TermRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit costs from a day on.

    Args:
        sku: our article.
        unit_cost_milli: 1/1000 minor unit of the vendor's currency; null ends the agreement.
        valid_from: first day.
        vendor_sku: what the vendor calls it, "" when the same.
    """

    sku: Code
    unit_cost_milli: Annotated[int, msgspec.Meta(ge=0, le=COST_MILLI_MAX)] | None
    valid_from: date
    vendor_sku: Annotated[str, msgspec.Meta(max_length=64)] = ""


class PutTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a vendor agreed to, for many articles at once."""

    location: Code
    terms: Annotated[tuple[TermRow, ...], msgspec.Meta(min_length=1, max_length=TERMS_AT_ONCE_MAX)]


class TermView(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit costs from a day on, and who said so."""

    sku: str
    variant_id: UUID
    unit_cost_milli: int | None
    valid_from: date
    vendor_sku: str
    author: str
    recorded_at: datetime


async def _load(tx: Tx) -> dict[UUID, Vendor]:
    return await storage.list_vendors(tx)


VENDORS: Fact[dict[UUID, Vendor]] = Fact("vendors.vendors", _load)


async def vendors(tx: Tx) -> dict[UUID, Vendor]:
    """Return every vendor's settings by location; from memory when nothing has changed."""
    return await facts.get(tx, VENDORS)


async def demanding(tx: Tx) -> list[Vendor]:
    """Return the vendors that are not asked for any little order, from memory."""
    known = await vendors(tx)
    return [each for each in known.values() if each.units_min or each.value_min_minor]


async def agreed_costs(
    tx: Tx, wanted: Iterable[tuple[UUID, UUID]], day: date
) -> dict[tuple[UUID, UUID], int]:
    """Return what units cost that vendors have agreed to on a day, by one statement.

    Args:
        tx: open transaction.
        wanted: vendors' locations with variants.
        day: of the agreement.

    Returns:
        Costs in 1/1000 minor unit of the vendor's currency, of what is agreed to.
    """
    terms = await storage.terms_on(tx, wanted, day)
    return {key: each.unit_cost_milli for key, each in terms.items() if each.unit_cost_milli}


async def vendor_location(tx: Tx, code: str, *, pointer: str = "") -> Location:
    """Return the location of a vendor.

    Raises:
        LocationUnknown: there is none of this code.
        NotAVendor: it is a store or warehouse.
    """
    location = (await network(tx)).require(code, pointer=pointer)
    if location.kind != "vendor":
        raise NotAVendor(pointer=pointer, code=code)
    return location


async def vendor_of(tx: Tx, code: str) -> Vendor:
    """Return a vendor's settings.

    Raises:
        LocationUnknown, NotAVendor: there is no vendor of this code.
        NoSuchVendor: nobody said how it is spoken to.
    """
    found = (await vendors(tx)).get((await vendor_location(tx, code)).id)
    if found is None:
        raise NoSuchVendor(code=code)
    return found


async def list_vendors(tx: Tx) -> list[VendorView]:
    """Return every vendor without its secrets, by code; those nobody set up are left out."""
    known, places = await vendors(tx), await network(tx)
    own = tx.actor.location_id
    views = [
        _view(places.by_id[each.location_id], each)
        for each in known.values()
        if own in (None, each.location_id)
    ]
    return sorted(views, key=lambda view: view.location)


async def put_vendor(tx: Tx, wish: PutVendor) -> VendorView:
    """Say how a vendor is spoken to.

    Raises:
        LocationUnknown, NotAVendor: there is no vendor of this code.
        BadVendorSettings: it is to be sent orders, and address or secret is missing or wrong.
        VendorCurrencyFixed: orders were placed in another currency.
        PrivateTarget: the address lies inside this network.
    """
    location = await vendor_location(tx, wish.location, pointer="/location")
    _refuse_settings(wish)
    vendor = Vendor(
        location_id=location.id,
        port=wish.port,
        endpoint=wish.endpoint,
        order_secret=wish.order_secret,
        message_secret=wish.message_secret,
        currency=wish.currency,
        active=wish.active,
        units_min=wish.units_min,
        value_min_minor=wish.value_min_minor,
    )
    await facts.touch(tx, VENDORS.topic)
    before = (await storage.list_vendors(tx)).get(location.id)
    other = before is not None and before.currency != wish.currency
    if before and other and await storage.has_orders(tx, location.id):
        raise VendorCurrencyFixed(pointer="/currency", currency=before.currency)
    await storage.save_vendor(tx, vendor)
    view = _view(location, vendor)
    # The journal keeps what is shown: the wish holds secrets.
    shown_before = _view(location, before) if before else None
    await record(
        tx,
        [
            Change(
                action="vendors.put_vendor",
                subject=f"location:{location.id}",
                before=shown_before,
                after=view,
            )
        ],
    )
    return view


def _refuse_settings(wish: PutVendor) -> None:
    if wish.port == "none":
        return
    try:
        url = urlsplit(wish.endpoint)
        sound = url.scheme in ("http", "https") and url.hostname and not url.fragment
    except ValueError:
        sound = False
    if not sound:
        raise BadVendorSettings(pointer="/endpoint")
    outbound.require_public(wish.endpoint, pointer="/endpoint")
    if not wish.order_secret:
        raise BadVendorSettings(pointer="/order_secret")


async def put_terms(tx: Tx, wish: PutTerms) -> int:
    """Save what a vendor agreed to; orders keep the cost they were made at.

    Returns:
        How many terms were saved.

    Raises:
        LocationUnknown, NotAVendor: there is no vendor of this code.
        UnknownSku: there is no such article.
    """
    location = await vendor_location(tx, wish.location, pointer="/location")
    variants = await variants_by_sku(tx, sorted({term.sku for term in wish.terms}))
    by_key: dict[tuple[UUID, date], Term] = {}
    for number, row in enumerate(wish.terms):
        variant = variants.get(row.sku)
        if variant is None:
            raise UnknownSku(pointer=f"/terms/{number}/sku", sku=row.sku)
        by_key[variant.id, row.valid_from] = Term(
            location.id, variant.id, row.valid_from, row.unit_cost_milli, row.vendor_sku
        )
    await storage.save_terms(tx, list(by_key.values()))
    return len(by_key)


async def list_terms(
    tx: Tx, code: str, *, after: tuple[UUID, date] | None, limit: int
) -> list[TermView]:
    """Return the terms of a vendor, those of the past too, by article and day.

    Raises:
        LocationUnknown, NotAVendor: there is no vendor of this code.
    """
    location = await vendor_location(tx, code)
    rows = await storage.list_terms(tx, location.id, after, limit)
    variants = await variants_by_id(tx, _variants_of([row["variant_id"] for row in rows]))
    return [TermView(sku=variants[row["variant_id"]].sku, **dict(row)) for row in rows]


def _variants_of(ids: Sequence[UUID]) -> list[UUID]:
    return sorted(set(ids))


def _view(location: Location, vendor: Vendor) -> VendorView:
    return VendorView(
        location.code,
        location.name,
        vendor.currency,
        vendor.port,
        vendor.endpoint,
        vendor.active,
        vendor.units_min,
        vendor.value_min_minor,
    )
