import asyncio
from uuid import uuid4

import msgspec
import pytest

from crosslane.catalog import errors
from crosslane.catalog.domain import (
    BarcodeRow,
    ComponentRow,
    ProductRow,
    Text,
)
from crosslane.catalog.service import (
    EditProduct,
    ImportProducts,
    ImportResult,
    OwnerText,
    PutCategories,
    PutCategory,
    PutTexts,
    barcodes_of,
    bundles_of,
    category_exists,
    category_tree,
    edit_product,
    import_products,
    list_categories,
    list_products,
    list_text_gaps,
    list_variants,
    product,
    product_texts,
    put_categories,
    put_texts,
    scan,
    variants_by_id,
    variants_by_sku,
)
from crosslane.kernel import Stale
from crosslane.organization import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    UnknownChannel,
    put_brand,
    put_channel,
    put_entity,
    put_market,
)
from crosslane.platform import outbox
from crosslane.platform.database import Database, Tx

MUG = ProductRow("MUG-1", "mugs", title="Red mug", gtin="5012345678900", weight_grams=350)
SPOON = ProductRow("SPOON", "kitchen", title="Tea spoon")
SET = ProductRow(
    "SET-1",
    "kitchen",
    title="Tea for two",
    components=(ComponentRow("MUG-1", 2, 3), ComponentRow("spoon", 2, 1)),
)


@pytest.fixture
async def shop(tx: Tx) -> Tx:
    await put_entity(tx, PutEntity("mf", "Marlow & Finch Ltd", "GB", "GBP"))
    await put_brand(tx, PutBrand("marlow", "Marlow"))
    await put_market(tx, PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive"))
    await put_channel(tx, PutChannel("web", "Web", "web", "marlow", "gb", "mf"))
    await put_categories(
        tx,
        PutCategories(
            (
                PutCategory("mugs", "Mugs", "kitchen"),
                PutCategory("kitchen", "Kitchen", "home"),
                PutCategory("home", "Home"),
                PutCategory("garden", "Garden"),
            )
        ),
    )
    return tx


async def load(tx: Tx, *rows: ProductRow, dry_run: bool = False) -> ImportResult:
    result = await import_products(tx, ImportProducts(rows, dry_run))
    await outbox.write(tx)
    return result


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.created, result.updated, result.unchanged, result.refused


async def versions(tx: Tx, *codes: str) -> list[int]:
    return [(await product(tx, code)).version for code in codes]


# --- categories ----------------------------------------------------------------------------------


async def test_categories_are_put_in_any_order_and_move_with_their_insides(shop: Tx):
    tree = await category_tree(shop)
    assert tree.path("mugs") == ("home", "kitchen", "mugs")
    mugs = tree.category("mugs")
    [moved] = await put_categories(
        shop, PutCategories((PutCategory("kitchen", "Kitchen & bath", "garden"),))
    )
    tree = await category_tree(shop)
    assert tree.path("mugs") == ("garden", "kitchen", "mugs")
    assert tree.category("mugs") == mugs
    assert tree.category("kitchen") == moved
    assert await category_exists(shop, "mugs")
    assert not await category_exists(shop, "Mugs")
    listed = await list_categories(shop, after="garden", limit=2)
    assert [category.code for category in listed] == ["home", "kitchen"]


async def test_a_circle_is_refused(shop: Tx):
    with pytest.raises(errors.CategoryCircle):
        await put_categories(shop, PutCategories((PutCategory("home", "Home", "mugs"),)))


# --- import --------------------------------------------------------------------------------------


async def test_what_is_imported_is_found_in_any_case_by_the_sku_as_asked(shop: Tx):
    assert counts(await load(shop, MUG, SPOON, SET)) == (3, 0, 0, 0)
    found = await variants_by_sku(shop, ["mug-1", "MUG-1", "Set-1", "nothing"])
    assert found.keys() == {"mug-1", "MUG-1", "Set-1"}
    mug = found["mug-1"]
    assert mug == found["MUG-1"]
    assert (mug.sku, mug.product, mug.title, mug.gtin) == (
        "MUG-1",
        "MUG-1",
        "Red mug",
        "5012345678900",
    )
    assert (mug.category, mug.category_path) == ("mugs", ("home", "kitchen", "mugs"))
    assert [(c.sku, c.quantity, c.share_weight) for c in found["Set-1"].components] == [
        ("MUG-1", 2, 3),
        ("SPOON", 2, 1),
    ]
    assert found["Set-1"].is_bundle
    assert await variants_by_id(shop, [mug.id, uuid4()]) == {mug.id: mug}
    assert await variants_by_sku(shop, []) == await variants_by_id(shop, []) == {}


async def test_variants_and_their_bundles_are_read_in_one_statement(
    database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        await put_categories(
            tx, PutCategories((PutCategory("mugs", "M"), PutCategory("kitchen", "K")))
        )
        await load(tx, MUG, SPOON, SET)
    async with database.transaction(tenant) as tx:
        await category_tree(tx)
    async with database.transaction(tenant) as tx:
        before = tx.statements
        assert len(await variants_by_sku(tx, ["MUG-1", "SPOON", "SET-1"])) == 3
        assert tx.statements - before == 1
    async with database.transaction(tenant) as tx:
        before = tx.statements
        found = await variants_by_sku(tx, ["SET-1", "MUG-1"])
        assert list(found) == ["SET-1", "MUG-1"]
        assert tx.statements == before


async def test_the_same_rows_again_change_nothing(shop: Tx):
    await load(shop, MUG, SPOON, SET)
    events = await shop.fetchval("select count(*) from platform_log")
    assert counts(await load(shop, MUG, SPOON, SET)) == (0, 0, 3, 0)
    assert await shop.fetchval("select count(*) from platform_log") == events
    assert await versions(shop, "MUG-1", "SET-1") == [1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"weight_grams": 1},
        {"hazardous": True},
        {"gtin": None},
        {"gtin": "96385074"},
        {"barcodes": (BarcodeRow("CASE-6", 6),)},
        {"title": "Blue mug"},
        {"texts": (Text("title", "Becher", "de"),)},
        {"options": {"color": "red"}},
        {"active": False},
        {"category": "kitchen"},
        {"components": (ComponentRow("SPOON"),)},
    ],
)
async def test_a_changed_row_counts_one_version_and_is_told(shop: Tx, change):
    await load(shop, MUG, SPOON)
    result = await load(shop, msgspec.structs.replace(MUG, **change), SPOON)
    moved = "category" in change
    assert counts(result) == ((0, 0, 2, 0) if moved else (0, 1, 1, 0))
    assert await versions(shop, "MUG-1", "SPOON") == [2, 1]
    told = await shop.fetch("select kind, body from platform_log order by id")
    assert [row["kind"] for row in told] == ["catalog.ProductsChanged"] * 2
    mug = (await variants_by_sku(shop, ["MUG-1"]))["MUG-1"]
    last = msgspec.json.decode(told[-1]["body"])
    assert last["product_ids"] == [str(mug.product_id)]
    assert last["variant_ids"] == ([] if moved else [str(mug.id)])


async def test_bad_rows_are_told_and_good_ones_stored(shop: Tx):
    result = await load(
        shop,
        MUG,
        ProductRow("BAD", "nowhere", gtin="1"),
        ProductRow("COPY", "mugs", gtin="05012345678900"),
        SPOON,
    )
    assert counts(result) == (2, 0, 0, 2)
    assert [(p.row, p.key, p.pointer, p.code) for p in result.problems] == [
        (1, "BAD", "/rows/1/category", "unknown-category"),
        (1, "BAD", "/rows/1/gtin", "bad-gtin"),
        (2, "COPY", "/rows/2/gtin", "barcode-taken"),
    ]
    assert result.problems[2].message == "The barcode 05012345678900 belongs to MUG-1."
    assert (await variants_by_sku(shop, ["BAD", "COPY", "SPOON"])).keys() == {"SPOON"}


async def test_a_dry_run_tells_the_same_and_changes_nothing(shop: Tx):
    await load(shop, MUG)
    rows = (msgspec.structs.replace(MUG, weight_grams=9), SPOON, ProductRow("BAD", "nowhere"))
    rehearsed = await load(shop, *rows, dry_run=True)
    assert (await variants_by_sku(shop, ["MUG-1", "SPOON"])).keys() == {"MUG-1"}
    assert await versions(shop, "MUG-1") == [1]
    performed = await load(shop, *rows)
    assert rehearsed == msgspec.structs.replace(performed, dry_run=True)
    assert counts(performed) == (1, 1, 0, 1)


async def test_a_barcode_moves_when_its_owner_lets_go(shop: Tx):
    await load(shop, MUG)
    without = msgspec.structs.replace(MUG, gtin=None)
    taker = msgspec.structs.replace(SPOON, gtin=MUG.gtin, barcodes=(BarcodeRow("CASE-6", 6),))
    assert counts(await load(shop, taker, without)) == (1, 1, 0, 0)
    found = await scan(shop, ["5012345678900", "CASE-6", "unknown", ""])
    assert {barcode: (s.sku, s.units) for barcode, s in found.items()} == {
        "5012345678900": ("SPOON", 1),
        "CASE-6": ("SPOON", 6),
    }


async def test_variants_share_a_product_and_may_move_to_another(shop: Tx):
    red = ProductRow("M-R", "mugs", product="M", options={"color": "red"})
    blue = ProductRow("M-B", "mugs", product="M", options={"color": "blue"})
    await load(shop, red, blue)
    family = await product(shop, "m")
    assert [variant.sku for variant in family.variants] == ["M-B", "M-R"]
    assert counts(await load(shop, msgspec.structs.replace(blue, product="OTHER"))) == (0, 1, 0, 0)
    assert [v.sku for v in (await product(shop, "M")).variants] == ["M-R"]
    assert await versions(shop, "M", "OTHER") == [2, 1]
    # A row that does not name its product leaves the variant where it is.
    again = msgspec.structs.replace(blue, product=None)
    assert counts(await load(shop, again)) == (0, 0, 1, 0)


async def test_a_product_has_a_limit_of_variants(shop: Tx):
    rows = [ProductRow(f"V{n}", "mugs", product="P") for n in range(251)]
    with pytest.raises(errors.TooManyVariants, match="250"):
        await load(shop, *rows)


async def test_two_imports_at_once_cannot_make_a_bundle_of_bundles(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await put_categories(tx, PutCategories((PutCategory("c", "C"),)))
        await load(tx, *(ProductRow(sku, "c") for sku in "ABC"))

    async def bundle(sku: str, part: str) -> ImportResult:
        async with database.transaction(tenant) as tx:
            return await load(tx, ProductRow(sku, "c", components=(ComponentRow(part),)))

    one, other = await asyncio.gather(bundle("A", "B"), bundle("B", "C"))
    assert sorted([counts(one), counts(other)]) == [(0, 0, 0, 1), (0, 1, 0, 0)]


# --- one product ---------------------------------------------------------------------------------


async def test_a_product_is_edited_at_the_version_that_was_read(shop: Tx):
    await load(shop, MUG)
    heavier = ProductRow("MUG-1", "mugs", title="Red mug", weight_grams=400)
    edited = await edit_product(shop, EditProduct("mug-1", 1, (heavier,)))
    assert (edited.version, edited.variants[0].weight_grams) == (2, 400)
    with pytest.raises(Stale, match="version 2, not 1"):
        await edit_product(shop, EditProduct("MUG-1", 1, (heavier,)))
    assert (await edit_product(shop, EditProduct("MUG-1", None, (heavier,)))).version == 2
    with pytest.raises(errors.UnknownProduct):
        await edit_product(shop, EditProduct("nothing", 1, (heavier,)))
    with pytest.raises(errors.RowOfAnotherProduct):
        await edit_product(
            shop, EditProduct("MUG-1", 2, (msgspec.structs.replace(heavier, product="X"),))
        )
    with pytest.raises(errors.UnknownCategory) as refused:
        await edit_product(
            shop, EditProduct("MUG-1", 2, (msgspec.structs.replace(heavier, category="x"),))
        )
    assert refused.value.pointer == "/rows/0/category"


# --- listing and search --------------------------------------------------------------------------


async def listed(tx: Tx, **filters) -> list[str]:
    found = await list_products(tx, **{"after": "", "limit": 50, **filters})
    return [one.code for one in found]


async def test_products_are_listed_by_code_and_filtered(shop: Tx):
    retired = ProductRow("old", "garden", title="Old 100% gnome_x", active=False)
    await load(shop, MUG, SPOON, SET, retired)
    assert await listed(shop) == ["MUG-1", "old", "SET-1", "SPOON"]
    assert await listed(shop, after="MUG-1", limit=2) == ["old", "SET-1"]
    assert await listed(shop, category="kitchen") == ["MUG-1", "SET-1", "SPOON"]
    assert await listed(shop, active=True, category="garden") == []
    assert await listed(shop, active=False) == ["old"]
    with pytest.raises(errors.UnknownCategory):
        await listed(shop, category="nowhere")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("mu", ["MUG-1"]),
        ("MUG", ["MUG-1"]),
        ("red MUG", ["MUG-1"]),
        ("tea", ["SET-1", "SPOON"]),
        ("tea two", ["SET-1"]),
        ("5012345678900", ["MUG-1"]),
        ("005012345678900", []),
        ("%", []),
        ("_", []),
        ("' or 1=1 --", []),
        ("\\", []),
        ("kitchen", []),
    ],
)
async def test_search_finds_codes_barcodes_and_words_of_titles(shop: Tx, query, found):
    await load(shop, MUG, SPOON, SET)
    assert await listed(shop, query=query) == found


# --- texts ---------------------------------------------------------------------------------------


async def test_variants_are_found_one_by_one_with_their_barcodes_and_bundles(shop: Tx):
    pack = msgspec.structs.replace(MUG, barcodes=(BarcodeRow("CASE-12", 12),))
    await load(shop, pack, SPOON, SET)
    by_sku = {one.sku: one.id for one in await list_variants(shop, after="", limit=9)}
    assert list(by_sku) == ["MUG-1", "SET-1", "SPOON"]
    for query in ("mug-", "5012345678900", "CASE-12", "red"):
        assert [v.sku for v in await list_variants(shop, after="", limit=9, query=query)] == [
            "MUG-1"
        ]
    assert [v.sku for v in await list_variants(shop, after="mug-1", limit=1)] == ["SET-1"]
    inside = await list_variants(shop, after="", limit=9, category="mugs")
    assert [v.sku for v in inside] == ["MUG-1"]
    assert await list_variants(shop, after="", limit=9, active=False) == []
    mug = by_sku["MUG-1"]
    assert await barcodes_of(shop, [*by_sku.values()]) == {mug: [BarcodeRow("CASE-12", 12)]}
    assert (await bundles_of(shop, [mug]))[mug] == [by_sku["SET-1"]]


async def test_the_title_falls_back_as_stated(shop: Tx):
    await load(
        shop,
        ProductRow(
            "M",
            "mugs",
            product="P",
            title="any",
            texts=(
                Text("title", "Deutsch", "de"),
                Text("title", "Austria", "de-AT"),
                Text("title", "Web only", "de", "web"),
            ),
        ),
        ProductRow("N", "mugs", product="P"),
        ProductRow("O", "mugs"),
        ProductRow("F", "mugs", texts=(Text("title", "Français", "fr"),)),
    )
    await put_texts(shop, PutTexts((OwnerText("product", "p", "title", "Produkt", "de"),)))

    async def title(sku: str, locale: str, channel: str = "") -> str:
        found = await variants_by_sku(shop, [sku], locale=locale, channel=channel)
        return found[sku].title

    assert await title("M", "de-AT") == "Austria"
    assert await title("M", "de-CH") == "Deutsch"
    assert await title("M", "de-CH", "web") == "Web only"
    assert await title("M", "de-CH", "phone") == "Deutsch"
    assert await title("M", "en-GB") == "any"
    assert await title("N", "de") == "Produkt"
    assert await title("N", "en") == "Produkt"
    assert await title("O", "en") == "O"
    assert await title("F", "en") == "Français"
    assert (await product(shop, "P", locale="de-AT")).title == "Produkt"
    assert (await product(shop, "O")).title == "O"


async def test_texts_are_stored_removed_and_told(shop: Tx):
    await load(shop, MUG)
    wish = PutTexts(
        (
            OwnerText("variant", "mug-1", "title", "Roter Becher", "de"),
            OwnerText("variant", "MUG-1", "title", "Becher, rot", "de"),
            OwnerText("product", "mug-1", "description", "Holds tea"),
            OwnerText("category", "mugs", "title", "Becher", "de"),
        )
    )
    assert (await put_texts(shop, wish)).owners_changed == 3
    assert (await put_texts(shop, wish)).owners_changed == 0
    found = await product(shop, "MUG-1", locale="de")
    assert (found.version, found.variants[0].title) == (2, "Becher, rot")
    texts = await product_texts(shop, found)
    assert {text.text for text in texts["MUG-1"]} == {"Red mug", "Becher, rot", "Holds tea"}
    gone = PutTexts((OwnerText("variant", "MUG-1", "title", "", "de"),))
    assert (await put_texts(shop, gone)).owners_changed == 1
    assert (await product(shop, "MUG-1", locale="de")).variants[0].title == "Red mug"


async def test_texts_need_an_owner_and_a_channel_that_exist(shop: Tx):
    for text, refusal in [
        (OwnerText("variant", "x", "title", "x"), errors.UnknownSku),
        (OwnerText("product", "x", "title", "x"), errors.UnknownProduct),
        (OwnerText("category", "x", "title", "x"), errors.UnknownCategory),
        (OwnerText("category", "mugs", "title", "x", channel="x"), UnknownChannel),
    ]:
        with pytest.raises(refusal) as refused:
            await put_texts(shop, PutTexts((text,)))
        assert refused.value.pointer.startswith("/texts/0/")


async def test_the_gaps_of_a_locale_are_listed(shop: Tx):
    await load(shop, MUG, SPOON)
    await put_texts(
        shop,
        PutTexts(
            (
                OwnerText("variant", "MUG-1", "title", "Becher", "de"),
                OwnerText("variant", "MUG-1", "care", "Dishwasher"),
                OwnerText("category", "mugs", "title", "Becher", "de"),
            )
        ),
    )
    gaps = await list_text_gaps(shop, "de-AT", after=("", "", ""), limit=50)
    assert [(gap.owner_kind, gap.code, gap.field) for gap in gaps] == [
        ("category", "garden", "title"),
        ("category", "home", "title"),
        ("category", "kitchen", "title"),
        ("variant", "MUG-1", "care"),
        ("variant", "SPOON", "title"),
    ]
    after = await list_text_gaps(shop, "de-AT", after=("variant", "MUG-1", "care"), limit=50)
    assert [gap.code for gap in after] == ["SPOON"]
