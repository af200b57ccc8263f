import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.catalog import errors
from crosslane.catalog.domain import (
    FULFILLMENT,
    BarcodeRow,
    Category,
    CategoryTree,
    ComponentRow,
    FulfillmentPolicy,
    Known,
    KnownVariant,
    ProductRow,
    Text,
    Variant,
    barcode_key,
    checked_text,
    grown,
    gtin_key,
    gtin_text,
    judge,
    locale_chain,
    methods_allowed,
    require_sku,
    require_tax_class,
)
from crosslane.organization import (
    METHODS,
    BadLocale,
    Channel,
    PolicyBook,
    PolicyVersion,
    Scope,
)

# --- codes and measures --------------------------------------------------------------------------


@pytest.mark.parametrize("sku", ["10002", "84029E", "BANK CHARGES", "gift_0001_20", "a", "x" * 64])
def test_skus_of_the_real_world(sku):
    assert require_sku(sku) == sku


@pytest.mark.parametrize("sku", ["", " 1", "1 ", "x" * 65, "Größe", "a\tb", "a\nb"])
def test_malformed_skus_are_refused(sku):
    with pytest.raises(errors.BadSku):
        require_sku(sku)


@pytest.mark.parametrize(
    ("gtin", "key", "printed"),
    [
        ("96385074", "00000096385074", "96385074"),
        ("036000291452", "00036000291452", "0036000291452"),
        ("5012345678900", "05012345678900", "5012345678900"),
        ("50 12345 67890 0", "05012345678900", "5012345678900"),
        ("15012345678907", "15012345678907", "15012345678907"),
    ],
)
def test_a_gtin_is_one_whatever_its_printed_length(gtin, key, printed):
    assert gtin_key(gtin) == key
    assert gtin_text(key) == printed
    assert gtin_key(printed) == key


@pytest.mark.parametrize("gtin", ["", "5012345678901", "123", "501234567890X", "٥٠١٢٣٤٥٦٧٨٩٠٠"])
def test_wrong_gtins_are_refused(gtin):
    with pytest.raises(errors.BadGtin):
        gtin_key(gtin)


@given(st.text(alphabet="0123456789", min_size=13, max_size=13), st.integers(0, 12))
def test_one_wrong_digit_is_always_noticed(digits, place):
    try:
        gtin_key(digits)
    except errors.BadGtin:
        return
    wrong = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
    with pytest.raises(errors.BadGtin):
        gtin_key(wrong)


def test_a_barcode_is_a_gtin_or_what_the_scanner_reads():
    assert barcode_key("5012345678900") == "05012345678900"
    assert barcode_key("5012345678901") == "5012345678901"
    assert barcode_key("MF-0001") == "MF-0001"
    for barcode in ("", "x" * 49, "ü"):
        with pytest.raises(errors.BadBarcode):
            barcode_key(barcode)


def test_tax_classes():
    assert require_tax_class("reduced-5") == "reduced-5"
    for tax_class in ("", "Standard", "a b"):
        with pytest.raises(errors.BadTaxClass):
            require_tax_class(tax_class)


# --- categories ----------------------------------------------------------------------------------


def a_category(code: str, parent: str | None = None) -> Category:
    return Category(uuid4(), code, code.title(), parent)


def test_paths_run_from_the_root_and_moving_moves_what_is_inside():
    tree = grown(
        CategoryTree(),
        [a_category("mugs", "kitchen"), a_category("kitchen", "home"), a_category("home")],
    )
    assert tree.path("mugs") == ("home", "kitchen", "mugs")
    assert {c.code for c in tree.below("kitchen")} == {"kitchen", "mugs"}
    moved = grown(tree, [a_category("kitchen")])
    assert moved.path("mugs") == ("kitchen", "mugs")
    assert moved.by_id(moved.category("mugs").id).code == "mugs"


def test_a_tree_that_cannot_be_is_refused():
    tree = CategoryTree([a_category("home"), a_category("kitchen", "home")])
    with pytest.raises(errors.UnknownCategory) as refused:
        grown(tree, [a_category("a"), a_category("mugs", "nowhere")])
    assert refused.value.pointer == "/categories/1/parent"
    with pytest.raises(errors.CategoryCircle):
        grown(tree, [a_category("home", "kitchen")])
    with pytest.raises(errors.CategoryCircle):
        grown(tree, [a_category("x", "x")])
    with pytest.raises(errors.CategoryTooDeep):
        grown(
            tree,
            [a_category("c0", "kitchen")] + [a_category(f"c{n}", f"c{n - 1}") for n in range(1, 9)],
        )
    with pytest.raises(errors.UnknownCategory):
        tree.category("nowhere")


# --- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "chain"),
    [
        ("de-AT", ["de-AT", "de", "und"]),
        ("zh-Hant-TW", ["zh-Hant-TW", "zh-Hant", "zh", "und"]),
        ("en", ["en", "und"]),
        ("und", ["und"]),
    ],
)
def test_locales_are_widened_step_by_step(locale, chain):
    assert locale_chain(locale) == chain


def test_texts_are_brought_to_canonical_form():
    assert checked_text(Text("title", "Tasse", "de_at")).locale == "de-AT"
    assert checked_text(Text("title", "Cup")).locale == "und"
    for text, refusal in [
        (Text("Title", "x"), errors.BadTextField),
        (Text("title", "x" * 301), errors.TextTooLong),
        (Text("title", "x", "klingon"), BadLocale),
    ]:
        with pytest.raises(refusal):
            checked_text(text, pointer="/texts/0")


# --- fulfillment ---------------------------------------------------------------------------------


def a_variant(*path: str) -> Variant:
    return Variant(
        id=uuid4(),
        sku="TV-1",
        product_id=uuid4(),
        product="TV-1",
        title="TV",
        gtin=None,
        weight_grams=0,
        length_mm=0,
        width_mm=0,
        height_mm=0,
        tax_class="standard",
        category=path[-1],
        category_path=path,
        options={},
    )


def a_channel(**changes) -> Channel:
    return msgspec.structs.replace(
        Channel(
            id=uuid4(),
            code="web",
            name="Web",
            type="web",
            brand="marlow",
            market="gb",
            entity="mf",
            currency="GBP",
            country="GB",
            locale="en-GB",
            tax_mode="inclusive",
            timezone="UTC",
            methods=METHODS,
            default_method="ship",
        ),
        **changes,
    )


def test_a_tv_is_shipped_or_picked_up_and_a_suit_only_sold_in_the_store():
    at = datetime(2011, 1, 1, tzinfo=UTC)
    versions = [
        PolicyVersion(
            UUID(int=no),
            no,
            FULFILLMENT.name,
            Scope("category", code),
            at,
            msgspec.to_builtins(FulfillmentPolicy(frozenset(methods))),
            "staff:x",
            "r",
            at,
        )
        for no, (code, methods) in enumerate(
            [("tvs", {"ship", "pickup"}), ("suits", {"carry_out"})], 1
        )
    ]
    book = PolicyBook(versions)
    tv, suit, mug = a_variant("home", "tvs"), a_variant("suits"), a_variant("home", "mugs")
    assert methods_allowed(book, tv, a_channel(), at) == ({"ship", "pickup"}, UUID(int=1))
    assert methods_allowed(book, suit, a_channel(), at) == ({"carry_out"}, UUID(int=2))
    assert methods_allowed(book, mug, a_channel(), at) == (METHODS, None)
    only_ships = a_channel(methods=frozenset({"ship"}))
    assert methods_allowed(book, tv, only_ships, at)[0] == {"ship"}
    assert methods_allowed(book, suit, only_ships, at)[0] == frozenset()


# --- judging an import ---------------------------------------------------------------------------

KNOWN = Known(
    categories=CategoryTree([a_category("home"), a_category("mugs", "home")]),
    channels=frozenset({"web"}),
    variants={
        "mug-1": KnownVariant(uuid4(), "MUG-1", "MUG", uuid4()),
        "set-1": KnownVariant(uuid4(), "SET-1", "SET", uuid4(), is_bundle=True),
        "spoon": KnownVariant(uuid4(), "SPOON", "SPOON", uuid4(), used_in=frozenset({"set-1"})),
    },
    barcode_owners={"05012345678900": "MUG-1"},
)


def row(sku: str, **more) -> ProductRow:
    return ProductRow(sku, **{"category": "mugs", **more})


def reasons(*rows: ProductRow) -> list[tuple[int, str, str]]:
    refused = judge(rows, KNOWN).refused
    return [(place, r.pointer, r.code) for place, found in refused.items() for r in found]


def test_a_good_row_is_brought_to_canonical_form():
    judged = judge(
        [
            row(
                "mug-1",
                title="Red mug",
                gtin="5012345678900",
                barcodes=(BarcodeRow("036000291452", 6),),
                texts=(Text("title", "Becher", "de_de"),),
            ),
            row("NEW"),
        ],
        KNOWN,
    )
    assert judged.refused == {}
    first, second = judged.accepted.values()
    assert (first.product, second.product) == ("MUG", "NEW")
    assert first.gtin == "05012345678900"
    assert first.barcodes == (BarcodeRow("00036000291452", 6),)
    assert first.texts == (Text("title", "Becher", "de-DE"), Text("title", "Red mug"))


def test_every_reason_of_a_row_is_told():
    assert reasons(
        row(" x", category="nowhere", tax_class="?", gtin="1", weight_grams=-1, title="x" * 301)
    ) == [
        (0, "/rows/0/sku", "bad-sku"),
        (0, "/rows/0/tax_class", "bad-tax-class"),
        (0, "/rows/0/category", "unknown-category"),
        (0, "/rows/0/gtin", "bad-gtin"),
        (0, "/rows/0/weight_grams", "measure-out-of-range"),
        (0, "/rows/0/title/text", "text-too-long"),
    ]


def test_a_bundle_is_not_marked_as_dangerous_goods_because_its_parts_are_sent():
    parts = (ComponentRow("MUG-1"),)
    assert reasons(row("A", hazardous=True), row("B", components=parts)) == []
    assert reasons(row("A", hazardous=True, components=parts)) == [
        (0, "/rows/0/hazardous", "hazardous-bundle")
    ]


def test_rows_must_not_contradict_each_other():
    assert reasons(
        row("A"), row("a"), row("B", product="P"), row("C", product="p", category="home")
    ) == [
        (1, "/rows/1/sku", "sku-twice"),
        (3, "/rows/3/category", "category-twice"),
    ]


def test_texts_are_for_channels_that_exist():
    assert reasons(row("A", texts=(Text("title", "x", channel="web"),))) == []
    assert reasons(row("A", texts=(Text("title", "x", channel="shop"),))) == [
        (0, "/rows/0/texts/0/channel", "unknown-channel")
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("A", gtin="5012345678900")], [(0, "/rows/0/gtin", "barcode-taken")]),
        ([row("A", gtin="5012345678900"), row("MUG-1")], []),
        ([row("A", gtin="5012345678900"), row("mug-1", gtin="5012345678900")],
         [(0, "/rows/0/gtin", "barcode-taken")]),
        ([row("A", gtin="96385074"), row("B", barcodes=(BarcodeRow("96385074"),))],
         [(1, "/rows/1/barcodes/0/barcode", "barcode-taken")]),
        ([row("A", barcodes=(BarcodeRow("X", 0), BarcodeRow("", 1)))],
         [(0, "/rows/0/barcodes/0/units", "quantity-out-of-range"),
          (0, "/rows/0/barcodes/1/barcode", "bad-barcode")]),
        ([row("A", gtin="96385074", barcodes=(BarcodeRow("00000096385074", 1),))], []),
        ([row("A", gtin="96385074", barcodes=(BarcodeRow("96385074", 6),))],
         [(0, "/rows/0/barcodes/0/units", "barcode-twice")]),
        ([row("A", barcodes=(BarcodeRow("X", 6), BarcodeRow("X", 6), BarcodeRow("X", 12)))],
         [(0, "/rows/0/barcodes/2/units", "barcode-twice")]),
    ],
)  # fmt: skip
def test_a_barcode_has_one_owner_and_may_move_when_it_is_let_go(rows, expected):
    assert reasons(*rows) == expected


def test_a_barcode_given_twice_is_kept_once():
    same = (BarcodeRow("5012345678900"), BarcodeRow("CASE", 6), BarcodeRow("CASE", 6))
    judged = judge([row("mug-1", gtin="5012345678900", barcodes=same)], KNOWN)
    assert judged.accepted[0].barcodes == (BarcodeRow("CASE", 6),)


def test_a_row_of_very_many_parts_is_soon_judged():
    many = tuple(f"P{n}" for n in range(50_000))
    began = time.process_time()
    crowded = row("S", components=parts(*many), barcodes=tuple(map(BarcodeRow, many)))
    assert reasons(crowded) == [(0, "/rows/0/components", "too-many-components")]
    assert time.process_time() - began < 10  # compared with each other they take minutes


def parts(*skus: str) -> tuple[ComponentRow, ...]:
    return tuple(ComponentRow(sku) for sku in skus)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("S", components=parts("MUG-1", "spoon"))], []),
        ([row("S", components=parts("N")), row("N")], []),
        ([row("S", components=parts("s"))],
         [(0, "/rows/0/components/0/sku", "component-of-itself")]),
        ([row("S", components=parts("MUG-1", "mug-1"))],
         [(0, "/rows/0/components/1/sku", "component-twice")]),
        ([row("S", components=(ComponentRow("MUG-1", 0, -1),))],
         [(0, "/rows/0/components/0/quantity", "quantity-out-of-range"),
          (0, "/rows/0/components/0/share_weight", "measure-out-of-range")]),
        ([row("S", components=parts("N"))], [(0, "/rows/0/components/0/sku", "unknown-component")]),
        ([row("S", components=parts("set-1"))],
         [(0, "/rows/0/components/0/sku", "bundle-in-bundle")]),
        # A bundle that becomes a single article in the same import may be a part.
        ([row("S", components=parts("set-1")), row("SET-1")], []),
        ([row("spoon", components=parts("MUG-1"))],
         [(0, "/rows/0/components", "component-elsewhere")]),
        ([row("spoon", components=parts("MUG-1")), row("SET-1", components=parts("mug-1"))], []),
        # The refusal of a row takes those down that rest on it, and lets others live.
        ([row("S", components=parts("N")), row("N", gtin="1")],
         [(0, "/rows/0/components/0/sku", "unknown-component"), (1, "/rows/1/gtin", "bad-gtin")]),
        ([row("spoon", components=parts("MUG-1")), row("SET-1", components=parts("nothing"))],
         [(0, "/rows/0/components", "component-elsewhere"),
          (1, "/rows/1/components/0/sku", "unknown-component")]),
        ([row("A", components=parts("B")), row("B", components=parts("MUG-1"))],
         [(0, "/rows/0/components/0/sku", "bundle-in-bundle")]),
        ([row("S", components=parts(*(f"P{n}" for n in range(51))))],
         [(0, "/rows/0/components", "too-many-components")]),
    ],
)  # fmt: skip
def test_bundles_are_made_of_single_articles_that_exist(rows, expected):
    assert reasons(*rows) == expected


_SKUS = st.sampled_from(["A", "B", "C", "mug-1", "SET-1", "spoon"])


@given(
    st.lists(
        st.builds(
            lambda sku, components, gtin: row(sku, components=parts(*components), gtin=gtin),
            _SKUS,
            st.lists(_SKUS, max_size=2),
            st.sampled_from([None, "96385074", "5012345678900", "1"]),
        ),
        max_size=6,
    )
)
def test_what_is_accepted_is_consistent_and_nothing_is_lost(rows):
    judged = judge(rows, KNOWN)
    assert sorted([*judged.accepted, *judged.refused]) == list(range(len(rows)))
    after = {sku: known.is_bundle for sku, known in KNOWN.variants.items()}
    part_of = {("spoon", "set-1")}
    for accepted in judged.accepted.values():
        key = accepted.sku.lower()
        after[key] = bool(accepted.components)
        part_of = {(part, bundle) for part, bundle in part_of if bundle != key}
        part_of |= {(part.sku.lower(), key) for part in accepted.components}
    assert all(part in after and not after[part] for part, _ in part_of)
    gtins = [accepted.gtin for accepted in judged.accepted.values() if accepted.gtin]
    assert len(gtins) == len(set(gtins))
