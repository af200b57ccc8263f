"""What is sold: products, their variants and bundles, categories, texts, pictures and barcodes.

Nouns: a :class:`Variant` is what can be ordered, by SKU; variants of one product differ in options.
A bundle is a variant with components: it carries the price, its parts lie on the shelf, and prices
are shared among them by weight. A category is a node of a tree; policies are set on it, among them
``catalog.fulfillment``: by which methods goods may reach people at all (:func:`methods_allowed`).

SKUs and product codes are kept as written, unique ignoring case and found in any case: in real
order data 93 of 94 pairs of codes that differ only in case are one article under one name (the
last has no name), so two spellings never mean two things. They are ASCII, 1 to 64 characters.
GTINs are one whatever their printed length. Sizes are millimetres, weights grams, 0 when unknown.

Texts stand by owner, field, locale and channel; ``domain/text.py`` states which one is shown.

Pictures of products and variants come as files or by an address a worker fetches (the effect
``catalog.fetch_picture``); :func:`rendered` reads files before their command is decided. Of a file
only its look is kept, as WebP in two sizes, under an address that changes with its content and that
anybody may ask for. ``variant.picture`` is its own first one, else the first of its product.

Doors for other modules: :func:`variants_by_sku` (answers by the SKU as asked) and
:func:`variants_by_id`, from memory what was asked before; :func:`siblings_of` (others of the same
product); :func:`list_variants` and :func:`list_products` page by page, :func:`barcodes_of` and
:func:`bundles_of` of an article, :func:`pictures_of` of a product; :func:`shelf_ids` for feeds of
many thousand rows; :func:`scan`, :func:`category_tree`, :func:`category_exists`,
:func:`methods_allowed`; :func:`import_products` to fill the catalog set by set.

Invariants: a bundle's components are single variants. A barcode has one owner. The category tree
has no circle and at most eight levels. A file of a picture is named by its content, and is there as
long as a picture is shown from it.

Events: ProductsChanged. Facts: ``catalog.categories``, ``catalog.products``.
Policies: ``catalog.fulfillment``.
Tables: catalog_category, catalog_product, catalog_variant, catalog_barcode, catalog_component,
catalog_text, catalog_picture, catalog_picture_file.
"""

from crosslane.catalog.domain import (
    EVERY_CHANNEL,
    FULFILLMENT,
    NO_LANGUAGE,
    BarcodeRow,
    Category,
    CategoryTree,
    Component,
    ComponentRow,
    FulfillmentPolicy,
    OwnerKind,
    Picture,
    ProductRow,
    Scanned,
    Shown,
    Text,
    Variant,
    methods_allowed,
)
from crosslane.catalog.errors import (
    BadGtin,
    BadSku,
    NoSuchPicture,
    UnknownBarcode,
    UnknownCategory,
    UnknownProduct,
    UnknownSku,
)
from crosslane.catalog.events import ProductsChanged
from crosslane.catalog.rest import ROUTES
from crosslane.catalog.service import (
    FETCH,
    PICTURE_BYTES_MAX,
    AddPictures,
    ChangePicture,
    EditProduct,
    ImportProducts,
    ImportResult,
    NewPicture,
    OwnerText,
    Product,
    PutCategories,
    PutCategory,
    PutTexts,
    RemovePicture,
    barcodes_of,
    bundles_of,
    category_exists,
    category_tree,
    edit_product,
    import_products,
    list_products,
    list_variants,
    pictures_of,
    product,
    product_texts,
    put_categories,
    put_texts,
    rendered,
    scan,
    shelf_ids,
    siblings_of,
    variants_by_id,
    variants_by_sku,
)
from crosslane.catalog.service.commands import (
    ADD_PICTURES,
    CHANGE_PICTURE,
    COMMANDS,
    EDIT_PRODUCT,
    REMOVE_PICTURE,
)

POLICIES = [FULFILLMENT]
EFFECTS = [FETCH]

__all__ = [
    "ADD_PICTURES",
    "CHANGE_PICTURE",
    "COMMANDS",
    "EDIT_PRODUCT",
    "EFFECTS",
    "EVERY_CHANNEL",
    "FULFILLMENT",
    "NO_LANGUAGE",
    "PICTURE_BYTES_MAX",
    "POLICIES",
    "REMOVE_PICTURE",
    "ROUTES",
    "AddPictures",
    "BadGtin",
    "BadSku",
    "BarcodeRow",
    "Category",
    "CategoryTree",
    "ChangePicture",
    "Component",
    "ComponentRow",
    "EditProduct",
    "FulfillmentPolicy",
    "ImportProducts",
    "ImportResult",
    "NewPicture",
    "NoSuchPicture",
    "OwnerKind",
    "OwnerText",
    "Picture",
    "Product",
    "ProductRow",
    "ProductsChanged",
    "PutCategories",
    "PutCategory",
    "PutTexts",
    "RemovePicture",
    "Scanned",
    "Shown",
    "Text",
    "UnknownBarcode",
    "UnknownCategory",
    "UnknownProduct",
    "UnknownSku",
    "Variant",
    "barcodes_of",
    "bundles_of",
    "category_exists",
    "category_tree",
    "edit_product",
    "import_products",
    "list_products",
    "list_variants",
    "methods_allowed",
    "pictures_of",
    "product",
    "product_texts",
    "put_categories",
    "put_texts",
    "rendered",
    "scan",
    "shelf_ids",
    "siblings_of",
    "variants_by_id",
    "variants_by_sku",
]
