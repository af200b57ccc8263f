"""Variants kept in memory: those of the tables, whatever is changed."""

import msgspec

from crosslane.catalog import (
    ComponentRow,
    EditProduct,
    ImportProducts,
    OwnerText,
    ProductRow,
    PutCategories,
    PutCategory,
    PutTexts,
    category_tree,
    edit_product,
    import_products,
    put_categories,
    put_texts,
    variants_by_id,
    variants_by_sku,
)
from crosslane.catalog.domain import NO_LANGUAGE, locale_chain
from crosslane.catalog.storage.variants import variants_by_sku as load_variants
from crosslane.platform.database import Database

MUG = ProductRow("MUG-1", "mugs", title="Red mug", gtin="5012345678900", weight_grams=350)
SPOON = ProductRow("SPOON", "kitchen", title="Tea spoon")
SET = ProductRow(
    "SET-1",
    "kitchen",
    title="Tea for two",
    components=(ComponentRow("MUG-1", 2, 3), ComponentRow("spoon", 2, 1)),
)
CHANGES = (
    ImportProducts((msgspec.structs.replace(MUG, weight_grams=400),)),
    ImportProducts((msgspec.structs.replace(MUG, gtin="5012345678917"),)),
    ImportProducts((msgspec.structs.replace(MUG, active=False),)),
    ImportProducts((msgspec.structs.replace(SET, components=(ComponentRow("MUG-1", 1, 1),)),)),
    ImportProducts((msgspec.structs.replace(MUG, category="garden"),)),
    EditProduct("MUG-1", None, (msgspec.structs.replace(MUG, height_mm=90),)),
    PutTexts((OwnerText("variant", "MUG-1", "title", "Mug, red"),)),
    PutTexts((OwnerText("variant", "MUG-1", "title", ""),)),
    PutTexts((OwnerText("product", "MUG-1", "title", "Mugs of any color"),)),
    PutCategories((PutCategory("mugs", "Mugs", "garden"),)),
)
DOORS = {
    ImportProducts: import_products,
    EditProduct: edit_product,
    PutTexts: put_texts,
    PutCategories: put_categories,
}


async def test_variants_from_memory_are_those_of_the_tables_after_any_change(
    database: Database, tenant: str
):
    skus = ["mug-1", "SPOON", "SET-1"]
    async with database.transaction(tenant) as tx:
        places = (("kitchen", None), ("garden", None), ("mugs", "kitchen"))
        await put_categories(
            tx, PutCategories(tuple(PutCategory(code, code, inside) for code, inside in places))
        )
        await import_products(tx, ImportProducts((MUG, SPOON, SET)))
    async with database.transaction(tenant) as tx:
        before = await variants_by_sku(tx, skus)
        assert await variants_by_id(tx, [v.id for v in before.values()]) == by_id(before)
    for change in CHANGES:
        async with database.transaction(tenant) as tx:
            await DOORS[type(change)](tx, change)
            assert await variants_by_sku(tx, skus) != before, change
            async with database.transaction(tenant) as meanwhile:
                assert await variants_by_sku(meanwhile, skus) == before, change
        async with database.transaction(tenant) as tx:
            now = await variants_by_sku(tx, skus)
            assert await variants_by_id(tx, [v.id for v in now.values()]) == by_id(now)
            tree = await category_tree(tx)
            titles = {"locales": locale_chain(NO_LANGUAGE), "channel": ""}
            assert now == await load_variants(tx, tree, skus, **titles) != before, change
        before = now


async def test_a_new_article_leaves_the_others_in_memory(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        places = (PutCategory("kitchen", "K"), PutCategory("mugs", "M"))
        await put_categories(tx, PutCategories(places))
        await import_products(tx, ImportProducts((MUG,)))
    async with database.transaction(tenant) as tx:
        assert not await variants_by_sku(tx, ["SPOON"])
        known = await variants_by_sku(tx, ["MUG-1"])
    async with database.transaction(tenant) as tx:
        await import_products(tx, ImportProducts((SPOON, MUG)))
    async with database.transaction(tenant) as tx:
        before = tx.statements
        assert await variants_by_sku(tx, ["MUG-1"]) == known
        assert tx.statements == before
        assert (await variants_by_sku(tx, ["SPOON"]))["SPOON"].title == "Tea spoon"


def by_id(variants):
    return {variant.id: variant for variant in variants.values()}
