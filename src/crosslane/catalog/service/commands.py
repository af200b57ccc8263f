"""Commands of the catalog: every change asked from outside."""

from crosslane.catalog.domain import Category
from crosslane.catalog.service.editing import (
    PutCategories,
    PutTexts,
    TextsStored,
    put_categories,
    put_texts,
)
from crosslane.catalog.service.importing import (
    EditProduct,
    ImportProducts,
    ImportResult,
    edit_product,
    import_products,
)
from crosslane.catalog.service.reading import Product
from crosslane.platform.lane import one_by_one

IMPORT_PRODUCTS = one_by_one(
    "catalog.import_products", ImportProducts, ImportResult, import_products
)
EDIT_PRODUCT = one_by_one("catalog.edit_product", EditProduct, Product, edit_product)
PUT_CATEGORIES = one_by_one("catalog.put_categories", PutCategories, list[Category], put_categories)
PUT_TEXTS = one_by_one("catalog.put_texts", PutTexts, TextsStored, put_texts)

COMMANDS = [IMPORT_PRODUCTS, EDIT_PRODUCT, PUT_CATEGORIES, PUT_TEXTS]
