import pytest
from tests.pictures import painted

from crosslane.catalog import (
    AddPictures,
    ComponentRow,
    ImportProducts,
    NewPicture,
    ProductRow,
    PutCategories,
    PutCategory,
    import_products,
    put_categories,
    rendered,
)
from crosslane.catalog.service.picturing import add_pictures
from crosslane.platform.database import Tx
from crosslane.verify import verify
from crosslane.verify.catalog import RULES


async def world(tx: Tx) -> None:
    chain = [
        PutCategory("c1", "C1"),
        *(PutCategory(f"c{n}", "C", f"c{n - 1}") for n in range(2, 9)),
    ]
    await put_categories(tx, PutCategories(tuple(chain)))
    rows = (
        ProductRow("A", "c1", gtin="5012345678900", title="A"),
        ProductRow("B", "c1", gtin="96385074"),
        ProductRow("S", "c8", components=(ComponentRow("A"), ComponentRow("B"))),
    )
    assert (await import_products(tx, ImportProducts(rows))).refused == 0
    wish = AddPictures((NewPicture("variant", "A", content=painted()),))
    await add_pictures(tx, await rendered(wish))


async def test_a_sound_tenant_has_no_findings(tx: Tx):
    await world(tx)
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        (
            "insert into catalog_component select a.id, 0, b.id, 1, 1 from catalog_variant a,"
            " catalog_variant b where a.sku = 'A' and b.sku = 'B'",
            "catalog.bundles_are_made_of_single_variants",
        ),
        (
            "update catalog_category set parent_id = (select id from catalog_category"
            " where code = 'c8') where code = 'c1'",
            "catalog.categories_have_no_circle",
        ),
        (
            "update catalog_barcode set barcode = '05012345678901' where barcode like '%900'",
            "catalog.gtins_have_right_check_digits",
        ),
        (
            "update catalog_text set owner_id = gen_random_uuid() where owner_kind = 'variant'",
            "catalog.texts_have_owners",
        ),
        (
            "update catalog_picture set owner_id = gen_random_uuid()",
            "catalog.pictures_have_owners",
        ),
        (
            "update catalog_picture_file set content = content || 'x'",
            "catalog.picture_files_are_named_by_their_content",
        ),
        ("delete from catalog_picture", "catalog.picture_files_are_named_by_their_content"),
    ],
)
async def test_a_defect_is_named(tx: Tx, defect: str, rule: str):
    await world(tx)
    await tx.execute(defect)
    found = await verify(tx, RULES)
    assert {finding.rule for finding in found} == {rule}
