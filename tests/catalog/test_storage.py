from collections.abc import Sequence

import asyncpg
import pytest

from crosslane.catalog.domain import Category, Text
from crosslane.catalog.storage import categories, importing, products, texts
from crosslane.catalog.storage.importing import BarcodeHeld, Part, VariantRow
from crosslane.catalog.storage.texts import OwnedText
from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx


async def stored(tx: Tx, *skus: str) -> list[importing.Written]:
    category = Category(new_id(), "c", "C")
    await categories.upsert_categories(tx, [category], [None])
    [product] = (await importing.upsert_products(tx, {"P": category.id})).values()
    written = await importing.upsert_variants(tx, [row(sku, product.id) for sku in skus])
    return [written[sku.lower()] for sku in skus]


def row(sku: str, product_id, grams: int = 0) -> VariantRow:
    return VariantRow(new_id(), product_id, sku, "standard", grams, 0, 0, 0, False, b"{}", True)


async def test_products_and_variants_tell_new_different_and_same_apart(tx: Tx):
    one, other = Category(new_id(), "a", "A"), Category(new_id(), "b", "B")
    await categories.upsert_categories(tx, [one, other], [None, None])
    first = await importing.upsert_products(tx, {"P": one.id, "Q": one.id})
    again = await importing.upsert_products(tx, {"p": other.id, "Q": one.id, "R": one.id})
    assert {key: (w.created, w.changed) for key, w in again.items()} == {
        "p": (False, True),
        "q": (False, False),
        "r": (True, True),
    }
    assert again["p"].id == first["p"].id
    head = await products.find_product(tx, "P")
    assert (head.code, head.category_id) == ("P", other.id)
    made = await importing.upsert_variants(tx, [row("A", head.id), row("B", head.id)])
    then = await importing.upsert_variants(tx, [row("a", head.id, 5), row("B", head.id)])
    assert {key: (w.created, w.changed) for key, w in then.items()} == {
        "a": (False, True),
        "b": (False, False),
    }
    assert {key: w.id for key, w in then.items()} == {key: w.id for key, w in made.items()}


async def test_barcodes_and_parts_become_the_set_that_is_given(tx: Tx):
    a, b = await stored(tx, "A", "B")
    held = [BarcodeHeld(a.id, "1", "gtin", 1), BarcodeHeld(a.id, "2", "pack", 6)]
    assert await importing.delete_barcodes_but(tx, [a.id], held) == set()
    assert await importing.upsert_barcodes(tx, held) == {a.id}
    assert await importing.upsert_barcodes(tx, held) == set()
    assert await importing.delete_barcodes_but(tx, [a.id], held[:1]) == {a.id}
    assert await importing.list_barcode_owners(tx, ["1", "2"]) == {"1": "A"}
    parts = [Part(a.id, 0, b.id, 2, 1)]
    assert await importing.delete_parts_but(tx, [a.id], parts) == set()
    assert await importing.insert_parts(tx, parts) == {a.id}
    assert await importing.insert_parts(tx, parts) == set()
    known = await importing.list_known_variants(tx, ["a", "b"])
    assert (known["a"].is_bundle, known["b"].used_in) == (True, frozenset({"a"}))
    assert await importing.delete_parts_but(tx, [a.id], [Part(a.id, 0, b.id, 3, 1)]) == {a.id}


async def test_texts_are_picked_by_locale_then_channel(tx: Tx):
    [owner] = await stored(tx, "A")
    given = [
        Text("title", "und"),
        Text("title", "und web", channel="web"),
        Text("title", "fr", "fr"),
        Text("title", "de", "de"),
        Text("care", "wash"),
    ]
    owned = [OwnedText(owner.id, "variant", text) for text in given]
    assert await texts.upsert_texts(tx, owned) == {owner.id}
    assert await texts.upsert_texts(tx, owned) == set()
    assert sorted(t.text for t in (await texts.list_texts(tx, [owner.id], limit=9))[owner.id]) == [
        "de",
        "fr",
        "und",
        "und web",
        "wash",
    ]

    async def pick(locales: Sequence[str], channel: str) -> str:
        found = await texts.pick_texts(tx, [owner.id], "title", locales=locales, channel=channel)
        return found[owner.id]

    assert await pick(["fr", "und"], "web") == "fr"
    assert await pick(["en", "und"], "web") == "und web"
    assert await pick(["en", "und"], "") == "und"
    assert await pick(["en"], "") == "de"
    assert await texts.delete_texts(tx, [OwnedText(owner.id, "variant", Text("care", ""))]) == {
        owner.id
    }


@pytest.mark.parametrize(
    ("statement", "violation"),
    [
        (
            "insert into catalog_variant select gen_random_uuid(), product_id, 'a', tax_class,"
            " 0, 0, 0, 0, '{}', true from catalog_variant",
            asyncpg.UniqueViolationError,
        ),
        (
            "insert into catalog_barcode select '1', id, 'gtin', 2 from catalog_variant",
            asyncpg.CheckViolationError,
        ),
        (
            "insert into catalog_component select id, 0, id, 1, 1 from catalog_variant",
            asyncpg.CheckViolationError,
        ),
        (
            "update catalog_category set parent_id = id",
            asyncpg.CheckViolationError,
        ),
    ],
)
async def test_the_schema_itself_refuses_what_the_rules_refuse(
    database: Database, tenant: str, statement: str, violation: type[Exception]
):
    async with database.transaction(tenant) as tx:
        await stored(tx, "A")
    with pytest.raises(violation):
        async with database.transaction(tenant) as tx:
            await tx.execute(statement)
