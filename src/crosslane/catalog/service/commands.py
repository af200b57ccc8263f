"""Commands of the catalog: every change asked from outside."""

from crosslane.catalog.domain import Category, Picture
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
from crosslane.catalog.service.picturing import (
    AddRendered,
    ChangePicture,
    RemovePicture,
    add_pictures,
    change_picture,
    remove_picture,
)
from crosslane.catalog.service.reading import Product
from crosslane.platform.lane import one_by_one

IMPORT_PRODUCTS = one_by_one(
    "catalog.import_products", ImportProducts, ImportResult, import_products
)
EDIT_PRODUCT = one_by_one("catalog.edit_product", EditProduct, Product, edit_product)
PUT_CATEGORIES = one_by_one("catalog.put_categories", PutCategories, list[Category], put_categories)
PUT_TEXTS = one_by_one("catalog.put_texts", PutTexts, TextsStored, put_texts)
ADD_PICTURES = one_by_one("catalog.add_pictures", AddRendered, list[Picture], add_pictures)
CHANGE_PICTURE = one_by_one("catalog.change_picture", ChangePicture, Picture, change_picture)
REMOVE_PICTURE = one_by_one("catalog.remove_picture", RemovePicture, type(None), remove_picture)

COMMANDS = [
    IMPORT_PRODUCTS,
    EDIT_PRODUCT,
    PUT_CATEGORIES,
    PUT_TEXTS,
    ADD_PICTURES,
    CHANGE_PICTURE,
    REMOVE_PICTURE,
]
