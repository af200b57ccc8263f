"""Judging rows of an import: each is accepted as a whole or refused with every reason found.

First each row alone, then rows against each other and against what is known. A bundle row counts
on its components' rows, so refusing one may refuse another: the judging is repeated until nothing
changes any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

import msgspec

from crosslane.catalog.domain.category import CategoryTree
from crosslane.catalog.domain.text import TITLE, Text, checked_text
from crosslane.catalog.domain.variant import (
    COMPONENTS_MAX,
    SIZE_MM_MAX,
    WEIGHT_GRAMS_MAX,
    barcode_key,
    gtin_key,
    require_measure,
    require_sku,
    require_tax_class,
)
from crosslane.catalog.errors import (
    BarcodeTaken,
    BarcodeTwice,
    BundleInBundle,
    CategoryTwice,
    ComponentElsewhere,
    ComponentOfItself,
    ComponentTwice,
    HazardousBundle,
    SkuTwice,
    TooManyComponents,
    UnknownComponent,
)
from crosslane.kernel import Refusal, require_quantity
from crosslane.organization import UnknownChannel

ROWS_MAX = 5_000
SHARE_WEIGHT_MAX = 1_000_000


class ComponentRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a bundle, by SKU."""

    sku: str
    quantity: int = 1
    share_weight: int = 1


class BarcodeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further barcode: of a pack, or one the retailer prints itself."""

    barcode: str
    units: int = 1


class ProductRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One variant as it shall be. What is left out takes its default, except texts, which stay.

    Args:
        sku: which variant; created when it is new.
        category: code of the category of its product.
        title: shorthand for a ``title`` text in no particular language.
        product: code of its product; of a new variant the SKU when left out.
        tax_class: class whose rates pricing knows.
        gtin: 8, 12, 13 or 14 digits.
        weight_grams: 0 when unknown, as are the sizes.
        length_mm: longest side.
        width_mm: middle side.
        height_mm: shortest side.
        hazardous: whether it is dangerous goods, which not every location may send; never a bundle.
        options: what tells it from its siblings.
        components: parts, when it is a bundle.
        barcodes: further barcodes.
        texts: texts in locales and for channels.
        active: whether it is sold.
    """

    sku: str
    category: str
    title: str = ""
    product: str | None = None
    tax_class: str = "standard"
    gtin: str | None = None
    weight_grams: int = 0
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    hazardous: bool = False
    options: dict[str, str] = {}
    components: tuple[ComponentRow, ...] = ()
    barcodes: tuple[BarcodeRow, ...] = ()
    texts: tuple[Text, ...] = ()
    active: bool = True


class KnownVariant(msgspec.Struct, frozen=True):
    """What judging needs of a variant that exists.

    Args:
        id: identifier.
        sku: as stored.
        product: code of its product.
        product_id: that product.
        is_bundle: whether it has components.
        used_in: lower-case SKUs of the bundles it is a component of.
    """

    id: UUID
    sku: str
    product: str
    product_id: UUID
    is_bundle: bool = False
    used_in: frozenset[str] = frozenset()


class Known(msgspec.Struct, frozen=True):
    """What is stored and matters to the rows.

    Args:
        categories: the whole tree.
        channels: codes of all channels.
        variants: those named by rows or components, by lower-case SKU.
        barcode_owners: SKU of the owner, by kept barcode.
    """

    categories: CategoryTree
    channels: frozenset[str]
    variants: Mapping[str, KnownVariant]
    barcode_owners: Mapping[str, str]


class Judgement(msgspec.Struct, frozen=True):
    """What becomes of an import.

    Args:
        accepted: rows to store, by place and in canonical form.
        refused: every reason against each other row, by place.
    """

    accepted: dict[int, ProductRow]
    refused: dict[int, list[Refusal]]


def judge(rows: Sequence[ProductRow], known: Known) -> Judgement:
    """Decide which rows can be stored.

    Args:
        rows: as given.
        known: what is stored.
    """
    refused: dict[int, list[Refusal]] = {}
    for place, row in enumerate(rows):
        if reasons := list(_refusals(_checks(row, f"/rows/{place}", known))):
            refused[place] = reasons
    for place, refusal in _refused_by_earlier_rows(rows, known):
        refused.setdefault(place, []).append(refusal)
    accepted = {
        place: _canonical(row, known) for place, row in enumerate(rows) if place not in refused
    }
    while fallen := _refused_by_context(accepted, known):
        refused.update(fallen)
        for place in fallen:
            del accepted[place]
    return Judgement(accepted, {place: refused[place] for place in sorted(refused)})


def product_code(row: ProductRow, known: Known) -> str:
    """Return the code of a row's product: as given, else where it is now, else its own SKU."""
    if row.product is not None:
        return row.product
    variant = known.variants.get(row.sku.lower())
    return row.sku if variant is None else variant.product


def _refusals(checks: Iterable[Callable[[], object]]) -> Iterator[Refusal]:
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            yield refusal


def _checks(row: ProductRow, at: str, known: Known) -> Iterator[Callable[[], object]]:
    yield partial(require_sku, row.sku, pointer=f"{at}/sku")
    yield partial(require_tax_class, row.tax_class, pointer=f"{at}/tax_class")
    yield partial(known.categories.category, row.category, pointer=f"{at}/category")
    if row.product is not None:
        yield partial(require_sku, row.product, pointer=f"{at}/product")
    units: dict[str, int] = {}
    if row.gtin is not None:
        yield partial(_require_gtin, row.gtin, units, pointer=f"{at}/gtin")
    for name, most in _MEASURES:
        value = getattr(row, name)
        yield partial(require_measure, name, value, most, pointer=f"{at}/{name}")
    for place, barcode in enumerate(row.barcodes):
        where = f"{at}/barcodes/{place}"
        yield partial(require_quantity, barcode.units, pointer=f"{where}/units")
        yield partial(_require_barcode, barcode, units, pointer=where)
    for place, text in enumerate(_texts(row)):
        where = f"{at}/texts/{place}" if place < len(row.texts) else f"{at}/title"
        yield partial(checked_text, text, pointer=where)
        yield partial(_require_channel, text.channel, known, pointer=f"{where}/channel")
    named = {row.sku.lower(): -1}
    for place, part in enumerate(row.components[:COMPONENTS_MAX]):
        where = f"{at}/components/{place}"
        yield partial(require_quantity, part.quantity, pointer=f"{where}/quantity")
        yield partial(
            require_measure,
            "share_weight",
            part.share_weight,
            SHARE_WEIGHT_MAX,
            pointer=f"{where}/share_weight",
        )
        yield partial(_refuse_repeated_part, part.sku, place, named, pointer=f"{where}/sku")
    yield partial(_refuse_many_parts, row, pointer=f"{at}/components")
    yield partial(_refuse_hazardous_bundle, row, pointer=f"{at}/hazardous")


_MEASURES = (
    ("weight_grams", WEIGHT_GRAMS_MAX),
    ("length_mm", SIZE_MM_MAX),
    ("width_mm", SIZE_MM_MAX),
    ("height_mm", SIZE_MM_MAX),
)


def _require_channel(channel: str, known: Known, *, pointer: str) -> None:
    if channel and channel not in known.channels:
        raise UnknownChannel(pointer=pointer, code=channel[:40])


def _require_gtin(gtin: str, units: dict[str, int], *, pointer: str) -> None:
    units[gtin_key(gtin, pointer=pointer)] = 1


def _require_barcode(given: BarcodeRow, units: dict[str, int], *, pointer: str) -> None:
    """Refuse a barcode that is none, or stands for other units than before in its row."""
    key = barcode_key(given.barcode, pointer=f"{pointer}/barcode")
    if (before := units.setdefault(key, given.units)) != given.units:
        raise BarcodeTwice(pointer=f"{pointer}/units", barcode=key, units=before, more=given.units)


def _refuse_repeated_part(sku: str, place: int, named: dict[str, int], *, pointer: str) -> None:
    """Refuse a part that is the bundle itself, at place -1, or was named before."""
    earlier = named.setdefault(sku.lower(), place)
    if earlier == place:
        return
    if earlier < 0:
        raise ComponentOfItself(pointer=pointer, sku=sku[:64])
    raise ComponentTwice(pointer=pointer, sku=sku[:64])


def _refuse_many_parts(row: ProductRow, *, pointer: str) -> None:
    if len(row.components) > COMPONENTS_MAX:
        raise TooManyComponents(pointer=pointer, most=COMPONENTS_MAX)


def _refuse_hazardous_bundle(row: ProductRow, *, pointer: str) -> None:
    """Refuse a mark that would tell nobody anything: what is sent are the parts."""
    if row.components and row.hazardous:
        raise HazardousBundle(pointer=pointer, sku=row.sku[:64])


def _refused_by_earlier_rows(
    rows: Sequence[ProductRow], known: Known
) -> Iterator[tuple[int, Refusal]]:
    first_of_sku: dict[str, int] = {}
    first_of_product: dict[str, int] = {}
    for place, row in enumerate(rows):
        at = f"/rows/{place}"
        earlier = first_of_sku.setdefault(row.sku.lower(), place)
        if earlier != place:
            yield place, SkuTwice(pointer=f"{at}/sku", row=earlier, sku=row.sku[:64])
        product = product_code(row, known)
        earlier = first_of_product.setdefault(product.lower(), place)
        if rows[earlier].category != row.category:
            yield (
                place,
                CategoryTwice(pointer=f"{at}/category", row=earlier, product=product[:64]),
            )


def _refused_by_context(
    accepted: Mapping[int, ProductRow], known: Known
) -> dict[int, list[Refusal]]:
    by_sku = {row.sku.lower(): row for row in accepted.values()}
    claimed: dict[str, str] = {}
    fallen: dict[int, list[Refusal]] = {}
    for place, row in accepted.items():
        at = f"/rows/{place}"
        reasons = [
            *_taken_barcodes(row, at, by_sku, claimed, known),
            *_unfit_parts(row, at, by_sku, known),
        ]
        if reasons:
            fallen[place] = reasons
    return fallen


def _taken_barcodes(
    row: ProductRow,
    at: str,
    by_sku: Mapping[str, ProductRow],
    claimed: dict[str, str],
    known: Known,
) -> Iterator[Refusal]:
    for pointer, barcode in _barcodes(row):
        owner = claimed.setdefault(barcode, row.sku)
        stored = known.barcode_owners.get(barcode)
        # A barcode may move between two rows of one import, when the old owner lets go of it.
        if stored is not None and not _lets_go(by_sku.get(stored.lower()), barcode):
            owner = stored
        if owner.lower() != row.sku.lower():
            yield BarcodeTaken(pointer=f"{at}{pointer}", barcode=barcode, sku=owner)


def _lets_go(owner: ProductRow | None, barcode: str) -> bool:
    return owner is not None and barcode not in (held for _, held in _barcodes(owner))


def _barcodes(row: ProductRow) -> Iterator[tuple[str, str]]:
    if row.gtin is not None:
        yield "/gtin", row.gtin
    for place, further in enumerate(row.barcodes):
        yield f"/barcodes/{place}/barcode", further.barcode


def _unfit_parts(
    row: ProductRow, at: str, by_sku: Mapping[str, ProductRow], known: Known
) -> Iterator[Refusal]:
    if not row.components:
        return
    variant = known.variants.get(row.sku.lower())
    for bundle in sorted(variant.used_in - by_sku.keys() if variant else ()):
        yield ComponentElsewhere(pointer=f"{at}/components", sku=row.sku, bundle=bundle)
    for place, part in enumerate(row.components):
        pointer, key = f"{at}/components/{place}/sku", part.sku.lower()
        if key in by_sku:
            is_bundle = bool(by_sku[key].components)
        elif key in known.variants:
            is_bundle = known.variants[key].is_bundle
        else:
            yield UnknownComponent(pointer=pointer, sku=part.sku[:64])
            continue
        if is_bundle:
            yield BundleInBundle(pointer=pointer, sku=part.sku)


def _texts(row: ProductRow) -> tuple[Text, ...]:
    return (*row.texts, Text(TITLE, row.title)) if row.title else row.texts


def _canonical(row: ProductRow, known: Known) -> ProductRow:
    gtin = None if row.gtin is None else gtin_key(row.gtin)
    further = {barcode_key(b.barcode): b.units for b in row.barcodes}
    further = {barcode: units for barcode, units in further.items() if barcode != gtin}
    texts = {(t.field, t.locale, t.channel): t for t in map(checked_text, _texts(row))}
    return msgspec.structs.replace(
        row,
        product=product_code(row, known),
        gtin=gtin,
        barcodes=tuple(BarcodeRow(barcode, units) for barcode, units in further.items()),
        title="",
        texts=tuple(texts.values()),
    )
