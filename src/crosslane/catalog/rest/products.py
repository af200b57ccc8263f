"""The catalog over HTTP."""

from typing import Annotated

import msgspec

from crosslane.catalog import errors, service
from crosslane.catalog.domain import (
    NO_LANGUAGE,
    BarcodeRow,
    Category,
    ComponentRow,
    ProductRow,
    Scanned,
    Text,
    Variant,
)
from crosslane.catalog.service import (
    EditProduct,
    ImportProducts,
    ImportResult,
    OwnerText,
    Product,
    PutCategories,
    PutCategory,
    PutTexts,
    TextGap,
    TextsStored,
    commands,
)
from crosslane.catalog.service.importing import Rows
from crosslane.kernel import PAGE_ITEMS_MAX, Page, QuantityOutOfRange
from crosslane.organization import BadCode, BadLocale, UnknownChannel, require_locale
from crosslane.platform.web import Answer, Caller, Paging, Version, get, patch, post

READ, WRITE = "catalog:read", "catalog:write"
IMPORT_BYTES_MAX = 16 << 20
# Every reason for which a row of an import cannot be taken.
ROW_REFUSALS = (
    errors.BadSku,
    errors.SkuTwice,
    errors.UnknownCategory,
    errors.CategoryTwice,
    errors.BadTaxClass,
    errors.MeasureOutOfRange,
    errors.BadGtin,
    errors.BadBarcode,
    errors.BarcodeTwice,
    errors.BarcodeTaken,
    errors.BadTextField,
    errors.TextTooLong,
    errors.ComponentOfItself,
    errors.ComponentTwice,
    errors.ComponentElsewhere,
    errors.TooManyComponents,
    errors.UnknownComponent,
    errors.BundleInBundle,
    errors.HazardousBundle,
    BadLocale,
    UnknownChannel,
    QuantityOutOfRange,
)

Skus = Annotated[list[str], msgspec.Meta(min_length=1, max_length=PAGE_ITEMS_MAX)]
Query = Annotated[str, msgspec.Meta(max_length=100)]


class EditedRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Variants of one product as they shall be."""

    rows: Rows


class ProductTexts(msgspec.Struct, frozen=True):
    """Every text of a product under its code and of its variants under their SKUs."""

    texts: dict[str, list[Text]]


@get(
    "/api/v1/products",
    permission=READ,
    optional=True,
    raises=(
        errors.UnknownCategory,
        BadLocale,
    ),
)
async def list_products(
    caller: Caller,
    paging: Paging,
    query: Query = "",
    category: str | None = None,
    active: bool | None = None,
    locale: str = NO_LANGUAGE,
    channel: str = "",
) -> Page[Product]:
    """List or search products by code.

    ``query`` is the beginning of a code or SKU, a whole barcode, or words of a title. ``category``
    includes what lies inside it. Titles are in ``locale``, for ``channel``, by the stated fallback.
    """
    (after,) = paging.after(str) or ("",)
    async with caller.read() as tx:
        found = await service.list_products(
            tx,
            after=after,
            limit=paging.limit + 1,
            query=query,
            category=category,
            active=active,
            locale=_locale(locale),
            channel=channel,
        )
    return paging.page(found, key=lambda product: (product.code.lower(),))


@get(
    "/api/v1/products/{code}",
    permission=READ,
    raises=(
        errors.UnknownProduct,
        BadLocale,
    ),
)
async def show_product(
    caller: Caller, code: str, locale: str = NO_LANGUAGE, channel: str = ""
) -> Answer[Product]:
    """Show one product with its variants."""
    async with caller.read() as tx:
        found = await service.product(tx, code, locale=_locale(locale), channel=channel)
    return Answer(body=found, version=found.version)


@get("/api/v1/products/{code}/texts", permission=READ, raises=(errors.UnknownProduct,))
async def show_product_texts(caller: Caller, code: str) -> ProductTexts:
    """Show every text of one product and its variants."""
    async with caller.read() as tx:
        found = await service.product(tx, code)
        return ProductTexts(await service.product_texts(tx, found))


@patch(
    "/api/v1/products/{code}",
    permission=WRITE,
    command=commands.EDIT_PRODUCT,
    raises=(
        errors.UnknownProduct,
        errors.RowOfAnotherProduct,
        errors.TooManyVariants,
        *ROW_REFUSALS,
    ),
    example=EditedRows((ProductRow("84029E", "home", title="Hot water bottle, red"),)),
)
async def edit_product(
    caller: Caller, code: str, data: EditedRows, version: Version | None = None
) -> Answer[Product]:
    """Change variants of one product, all or none; If-Match names the version that is meant."""
    wish = EditProduct(code, version, data.rows)
    edited: Product = await caller.submit(commands.EDIT_PRODUCT, wish)
    return Answer(body=edited, version=edited.version)


@post(
    "/api/v1/product-imports",
    permission=WRITE,
    command=commands.IMPORT_PRODUCTS,
    status=200,
    raises=(errors.TooManyVariants,),
    body_bytes_max=IMPORT_BYTES_MAX,
    example=ImportProducts(
        rows=(
            ProductRow(
                "84029E",
                "home",
                title="Hot water bottle, red",
                product="84029",
                gtin="5012345678900",
                weight_grams=420,
                options={"color": "red"},
                barcodes=(BarcodeRow("CASE-84029E", 12),),
            ),
            ProductRow(
                "22470",
                "home",
                title="Winter set",
                components=(ComponentRow("84029E", 2, 1),),
            ),
        ),
        dry_run=True,
    ),
)
async def import_products(caller: Caller, data: ImportProducts) -> ImportResult:
    """Create or change products in bulk, up to 5,000 rows.

    Rows that cannot be taken are told one by one, each with every reason; the others are stored.
    With ``dry_run`` nothing is stored and the answer is the same.
    """
    return await caller.submit(commands.IMPORT_PRODUCTS, data)


@get(
    "/api/v1/variants",
    permission=READ,
    raises=(BadLocale,),
)
async def list_variants(
    caller: Caller, sku: Skus, locale: str = NO_LANGUAGE, channel: str = ""
) -> list[Variant]:
    """Show the variants with the SKUs asked for, in upper or lower case; unknown ones are left out.

    Repeat ``sku`` for each, at most 250.
    """
    async with caller.read() as tx:
        found = await service.variants_by_sku(tx, sku, locale=_locale(locale), channel=channel)
    return list({variant.id: variant for variant in found.values()}.values())


@get(
    "/api/v1/variants/{sku}",
    permission=READ,
    raises=(
        errors.UnknownSku,
        BadLocale,
    ),
)
async def show_variant(
    caller: Caller, sku: str, locale: str = NO_LANGUAGE, channel: str = ""
) -> Variant:
    """Show one variant; for a SKU with a slash use the list."""
    async with caller.read() as tx:
        found = await service.variants_by_sku(tx, [sku], locale=_locale(locale), channel=channel)
    if sku not in found:
        raise errors.UnknownSku(sku=sku[:64])
    return found[sku]


@get("/api/v1/barcodes/{barcode}", permission=READ, raises=(errors.UnknownBarcode,))
async def scan_barcode(caller: Caller, barcode: str) -> Scanned:
    """Tell what a barcode stands for, and how many units."""
    async with caller.read() as tx:
        found = await service.scan(tx, [barcode])
    if barcode not in found:
        raise errors.UnknownBarcode(barcode=barcode[:48])
    return found[barcode]


@get("/api/v1/categories", permission=READ)
async def list_categories(caller: Caller, paging: Paging) -> Page[Category]:
    """List categories by code, each with its parent."""
    (after,) = paging.after(str) or ("",)
    async with caller.read() as tx:
        found = await service.list_categories(tx, after=after, limit=paging.limit + 1)
    return paging.page(found, key=lambda category: (category.code,))


@post(
    "/api/v1/categories",
    permission=WRITE,
    command=commands.PUT_CATEGORIES,
    raises=(
        errors.UnknownCategory,
        errors.CategoryCircle,
        errors.CategoryTooDeep,
        BadCode,
    ),
    example=PutCategories((PutCategory("home", "Home"), PutCategory("mugs", "Mugs", "home"))),
)
async def put_categories(caller: Caller, data: PutCategories) -> list[Category]:
    """Create, rename or move categories, all or none; a parent may be among them."""
    return await caller.submit(commands.PUT_CATEGORIES, data)


@post(
    "/api/v1/texts",
    permission=WRITE,
    command=commands.PUT_TEXTS,
    status=200,
    raises=(
        errors.UnknownProduct,
        errors.UnknownSku,
        errors.UnknownCategory,
        UnknownChannel,
        errors.BadTextField,
        errors.TextTooLong,
        BadLocale,
    ),
    example=PutTexts((OwnerText("variant", "84029E", "title", "Wärmflasche, rot", "de"),)),
)
async def put_texts(caller: Caller, data: PutTexts) -> TextsStored:
    """Store texts of products, variants and categories, all or none; an empty one is removed."""
    return await caller.submit(commands.PUT_TEXTS, data)


@get(
    "/api/v1/text-gaps",
    permission=READ,
    raises=(BadLocale,),
)
async def list_text_gaps(caller: Caller, paging: Paging, locale: str) -> Page[TextGap]:
    """List the texts that a locale lacks: those that would be shown in another language."""
    after = paging.after(str, str, str) or ("", "", "")
    async with caller.read() as tx:
        found = await service.list_text_gaps(
            tx, _locale(locale), after=after, limit=paging.limit + 1
        )
    return paging.page(found, key=lambda gap: (gap.owner_kind, gap.code, gap.field))


def _locale(locale: str) -> str:
    return locale if locale == NO_LANGUAGE else require_locale(locale, pointer="/locale")


ROUTES = [
    list_products,
    show_product,
    show_product_texts,
    edit_product,
    import_products,
    list_variants,
    show_variant,
    scan_barcode,
    list_categories,
    put_categories,
    put_texts,
    list_text_gaps,
]
