"""Products, variants and bundles, and what their codes and measures may be."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from stdnum import ean

from crosslane.catalog.domain.picture import Shown
from crosslane.catalog.errors import BadBarcode, BadGtin, BadSku, BadTaxClass, MeasureOutOfRange
from crosslane.organization import METHODS, Channel, Method, PolicyBook, PolicyKind

SKU_CHARACTERS_MAX = 64
BARCODE_CHARACTERS_MAX = 48
WEIGHT_GRAMS_MAX = 10_000_000
SIZE_MM_MAX = 100_000
COMPONENTS_MAX = 50
GTIN_KEY_DIGITS = 14

# ASCII only: SKUs are printed as Code 128 and typed on tills, and upper and lower case of other
# alphabets is not the same in every program that compares them.
_PRINTABLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_TAX_CLASS = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Component(msgspec.Struct, frozen=True):
    """One part of a bundle.

    Args:
        variant_id: what the part is.
        sku: its SKU.
        quantity: units of it in one bundle.
        share_weight: its share of the bundle's price, relative to the other parts.
    """

    variant_id: UUID
    sku: str
    quantity: int
    share_weight: int


class Variant(msgspec.Struct, frozen=True):
    """One thing that can be ordered: a single article, or a bundle when it has components.

    Args:
        id: identifier.
        sku: what people and messages call it, as written; found in upper or lower case.
        product_id: the product it is a variant of.
        product: code of that product.
        title: in the locale and for the channel asked for, by the stated fallback; else the SKU.
        gtin: as printed (8, 13 or 14 digits), None without one.
        weight_grams: 0 when unknown, as are the sizes.
        length_mm: longest side.
        width_mm: middle side.
        height_mm: shortest side.
        tax_class: class whose rates pricing knows.
        category: code of its category.
        category_path: codes from the root to the category, for policies.
        options: what tells it from its siblings, such as colour and size.
        components: parts of a bundle, in order; empty for a single article.
        active: retired variants are no longer sold, but still returned and reported.
        picture: its own first one, else the first of its product, None where there is none.
        hazardous: whether it is dangerous goods; of a bundle its parts tell.
    """

    id: UUID
    sku: str
    product_id: UUID
    product: str
    title: str
    gtin: str | None
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    tax_class: str
    category: str
    category_path: tuple[str, ...]
    options: Mapping[str, str]
    components: tuple[Component, ...] = ()
    active: bool = True
    picture: Shown | None = None
    hazardous: bool = False

    @property
    def is_bundle(self) -> bool:
        """Whether its components, not it itself, lie on the shelf."""
        return bool(self.components)


class Scanned(msgspec.Struct, frozen=True):
    """What a barcode stands for.

    Args:
        barcode: as it was read.
        sku: the variant.
        variant_id: the variant.
        units: units in what was scanned, more than 1 for a pack.
    """

    barcode: str
    sku: str
    variant_id: UUID
    units: int


class FulfillmentPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which methods goods may reach the customer: a suit only in the store, a TV not by hand.

    Args:
        methods: allowed methods; none at all stops the sale.
    """

    methods: frozenset[Method] = METHODS


FULFILLMENT = PolicyKind(
    "catalog.fulfillment",
    FulfillmentPolicy,
    FulfillmentPolicy(),
    ("category", "channel", "brand", "tenant"),
)


def methods_allowed(
    policies: PolicyBook, variant: Variant, channel: Channel, at: datetime
) -> tuple[frozenset[Method], UUID | None]:
    """Return the methods by which a variant may be sold in a channel, and the policy behind it.

    What the policy allows and the channel offers; a location's abilities come on top.
    """
    policy, version_id = policies.resolve(
        FULFILLMENT, at, category=variant.category_path, channel=channel.code, brand=channel.brand
    )
    return policy.methods & channel.methods, version_id


def require_sku(sku: str, *, pointer: str = "") -> str:
    """Return the SKU (or product code) when it is well formed.

    Raises:
        BadSku: it is not.
    """
    if len(sku) > SKU_CHARACTERS_MAX or not _PRINTABLE.fullmatch(sku):
        raise BadSku(pointer=pointer, sku=sku[:SKU_CHARACTERS_MAX])
    return sku


def require_tax_class(tax_class: str, *, pointer: str = "") -> str:
    """Return the tax class when it is well formed; which ones have rates, pricing knows.

    Raises:
        BadTaxClass: it is not.
    """
    if not _TAX_CLASS.fullmatch(tax_class):
        raise BadTaxClass(pointer=pointer, tax_class=tax_class[:40])
    return tax_class


def require_measure(measure: str, value: int, most: int, *, pointer: str = "") -> int:
    """Return a weight or size that can be real.

    Raises:
        MeasureOutOfRange: it is negative or above ``most``.
    """
    if not 0 <= value <= most:
        raise MeasureOutOfRange(pointer=pointer, measure=measure, value=value, most=most)
    return value


def gtin_key(gtin: str, *, pointer: str = "") -> str:
    """Return the 14 digits under which a GTIN is kept, so that every printed length is one GTIN.

    The check digit is that of GS1 (modulo 10, weights 3 and 1), as python-stdnum computes it.

    Raises:
        BadGtin: not 8, 12, 13 or 14 digits, or a wrong check digit.
    """
    digits = gtin.replace(" ", "").replace("-", "")
    if not (digits.isascii() and ean.is_valid(digits)):
        raise BadGtin(pointer=pointer, gtin=gtin[:20])
    return digits.zfill(GTIN_KEY_DIGITS)


def gtin_text(key: str) -> str:
    """Return a kept GTIN as it is printed: 8, 13 or 14 digits."""
    if key.startswith("000000"):
        return key[-8:]
    return key[1:] if key.startswith("0") else key


def barcode_key(barcode: str, *, pointer: str = "") -> str:
    """Return the text under which a barcode is kept and found: a GTIN's 14 digits, others as read.

    Raises:
        BadBarcode: empty, too long, or not printable ASCII.
    """
    if len(barcode) > BARCODE_CHARACTERS_MAX or not _PRINTABLE.fullmatch(barcode):
        raise BadBarcode(pointer=pointer, barcode=barcode[:BARCODE_CHARACTERS_MAX])
    return barcode.zfill(GTIN_KEY_DIGITS) if ean.is_valid(barcode) else barcode
