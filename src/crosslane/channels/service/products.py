"""What channels say of articles: taken over where policy makes the channel their master.

Each field keeps what the highest version said. An article nobody knew is put into the policy's
category, under its SKU.
"""

from collections.abc import Sequence

from crosslane import catalog, organization
from crosslane.catalog import BarcodeRow, ComponentRow, ImportProducts, ProductRow, Text, Variant
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.policy import MASTERY, Mastery
from crosslane.channels.domain.registers import FieldsStanding, news
from crosslane.channels.domain.reports import ProductPatch
from crosslane.channels.errors import ArticleUnknown
from crosslane.channels.service.following import follow_each
from crosslane.channels.service.orders import OVERTAKEN
from crosslane.channels.service.pending import Todo, outcome_of, refused
from crosslane.channels.storage import told as storage
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.told import Source
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx

KIND = "product"
TITLE_CHARACTERS_MAX = 300
DESCRIPTION = "description"
NOT_MASTER = Fault("not-master", "By policy the channel does not decide this")
NOT_LISTED = Fault("article-unknown", "By policy the channel's own articles have no category")


def article_key(sku: str) -> str:
    """Return what prices wait for whose article nobody knows yet."""
    return f"article:{sku.lower()}"


async def mastery(tx: Tx, channel: str) -> Mastery:
    """Return what a channel is the master of."""
    book, policies = await organization.book(tx), await organization.policies(tx)
    brand = book.channel(channel).brand
    return policies.resolve(MASTERY, tx.now, channel=channel, brand=brand)[0]


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Take over what channels say of articles, in the order of versions."""
    return await follow_each(tx, todo, KIND, FieldsStanding, _follow)


async def _follow(tx: Tx, one: Todo, known: dict[Source, FieldsStanding]) -> Outcome:
    message = one.message
    if not isinstance(message, ProductPatch):
        raise TypeError(f"{one.pending.kind} says nothing of an article")
    master = await mastery(tx, one.pending.channel)
    if not master.articles:
        return outcome_of(one, "kept", NOT_MASTER)
    try:
        return await _tell(tx, one, message, master, known)
    except Refusal as refusal:
        return refused(one, refusal)


async def _tell(
    tx: Tx,
    one: Todo,
    message: ProductPatch,
    master: Mastery,
    known: dict[Source, FieldsStanding],
) -> Outcome:
    sku = message.sku or await _sku_of(tx, message)
    before = (await catalog.variants_by_sku(tx, [sku])).get(sku)
    if before is None and not master.category:
        return outcome_of(one, "kept", NOT_LISTED)
    standing = known.get(one.source, FieldsStanding())
    fresh, after = news(standing, message.source_version, _fields(message))
    row = _row(sku, before, await _barcodes(tx, before), master, fresh)
    async with tx.savepoint():
        result = await catalog.import_products(tx, ImportProducts((row,)))
    if result.refused:
        problem = result.problems[0]
        pointer = problem.pointer.removeprefix("/rows/0")
        return outcome_of(one, "quarantined", Fault(problem.code, problem.message, pointer))
    variant_id = (await catalog.variants_by_sku(tx, [sku]))[sku].id
    known[one.source] = after
    await storage.save_told(tx, KIND, {one.source: after})
    if not fresh:
        return outcome_of(one, "outdated", OVERTAKEN, variant_id=variant_id)
    return outcome_of(one, "applied", variant_id=variant_id)


async def _sku_of(tx: Tx, message: ProductPatch) -> str:
    found = await catalog.scan(tx, [message.gtin]) if message.gtin else {}
    if message.gtin not in found:
        called = message.article or message.gtin or message.stock or message.source_id
        raise ArticleUnknown(pointer="/sku", article=called)
    return found[message.gtin].sku


async def _barcodes(tx: Tx, variant: Variant | None) -> list[BarcodeRow]:
    if variant is None:
        return []
    return (await catalog.barcodes_of(tx, [variant.id])).get(variant.id, [])


def _fields(message: ProductPatch) -> dict[str, object]:
    """Return what a message says, as the catalog calls it."""
    sold = message.on_sale is not None or message.gone
    return {
        "seen": True,
        "title": message.title[:TITLE_CHARACTERS_MAX],
        "text": message.text,
        "gtin": message.gtin,
        "options": dict(message.options),
        "weight_grams": message.weight_grams,
        "active": bool(message.on_sale) and not message.gone if sold else None,
    }


def _row(
    sku: str,
    before: Variant | None,
    barcodes: Sequence[BarcodeRow],
    master: Mastery,
    fresh: dict[str, object],
) -> ProductRow:
    """Return an article as it shall be: as it is, with what is new."""
    new = {name: fresh[name] for name in ("gtin", "options", "weight_grams", "active", "title")
           if name in fresh}  # fmt: skip
    if "text" in fresh:
        new["texts"] = (Text(DESCRIPTION, str(fresh["text"])),)
    if before is None:
        return ProductRow(sku=sku, category=master.category, **new)  # type: ignore[arg-type]
    present = {
        "gtin": before.gtin,
        "weight_grams": before.weight_grams,
        "options": dict(before.options),
        "active": before.active,
    }
    return ProductRow(
        sku=before.sku,
        category=before.category,
        product=before.product,
        tax_class=before.tax_class,
        length_mm=before.length_mm,
        width_mm=before.width_mm,
        height_mm=before.height_mm,
        hazardous=before.hazardous,
        components=tuple(
            ComponentRow(part.sku, part.quantity, part.share_weight) for part in before.components
        ),
        barcodes=tuple(barcodes),
        **(present | new),  # type: ignore[arg-type]
    )


def keys_of(todo: Sequence[Todo], outcomes: Sequence[Outcome]) -> list[str]:
    """Return what prices may have waited for among the articles that were taken over."""
    taken = {outcome.id for outcome in outcomes if outcome.state == "applied"}
    skus = [one.message.sku for one in todo if isinstance(one.message, ProductPatch)
            and one.id in taken]  # fmt: skip
    return [article_key(sku) for sku in skus if sku]
