"""Categories, and texts of products, variants and categories."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    EVERY_CHANNEL,
    NO_LANGUAGE,
    TITLE,
    Category,
    OwnerKind,
    Text,
    checked_text,
    grown,
)
from crosslane.catalog.errors import UnknownCategory, UnknownProduct, UnknownSku
from crosslane.catalog.service.importing import announce
from crosslane.catalog.service.reading import CATEGORIES, PRODUCTS_TOPIC, category_tree
from crosslane.catalog.storage import categories as category_rows
from crosslane.catalog.storage import importing as importing_rows
from crosslane.catalog.storage import products as product_rows
from crosslane.catalog.storage import texts as text_rows
from crosslane.catalog.storage.texts import OwnedText
from crosslane.kernel import NotFound, new_id
from crosslane.organization import Code, Name, OrganizationBook, book, require_code
from crosslane.platform import facts
from crosslane.platform.database import Tx

_Owners = Mapping[OwnerKind, Mapping[str, UUID]]

CATEGORIES_PER_CALL_MAX = 1_000
TEXTS_PER_CALL_MAX = 1_000


class PutCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create a category, or rename and move the one with this code.

    Args:
        code: which category.
        name: in no particular language; other languages are texts.
        parent: code of the category it lies in, None for the top.
    """

    code: Code
    name: Name
    parent: Code | None = None


class PutCategories(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Create, rename or move categories, all or none; a parent may be among them."""

    categories: Annotated[
        tuple[PutCategory, ...], msgspec.Meta(min_length=1, max_length=CATEGORIES_PER_CALL_MAX)
    ]


class OwnerText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text and whose it is, by code.

    Args:
        owner: sort of owner.
        code: product code, SKU or category code.
        field: what the text is, such as ``title`` or ``description``.
        text: the text itself; empty to remove it.
        locale: BCP 47 locale, ``und`` for every language.
        channel: code of the only channel it is for, empty for every channel.
    """

    owner: OwnerKind
    code: str
    field: str
    text: str
    locale: str = NO_LANGUAGE
    channel: str = EVERY_CHANNEL


class PutTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Store or remove texts, all or none."""

    texts: Annotated[
        tuple[OwnerText, ...], msgspec.Meta(min_length=1, max_length=TEXTS_PER_CALL_MAX)
    ]


class TextsStored(msgspec.Struct, frozen=True):
    """How many owners have a text now that they did not have before, or lost one."""

    owners_changed: int


async def put_categories(tx: Tx, wish: PutCategories) -> list[Category]:
    """Create, rename or move categories; the answer is in the order asked for.

    Raises:
        BadCode: a code is malformed.
        UnknownCategory, CategoryCircle, CategoryTooDeep: the tree could not be.
    """
    await facts.touch(tx, CATEGORIES.topic)
    tree = await category_tree(tx)
    for place, category in enumerate(wish.categories):
        require_code(category.code, pointer=f"/categories/{place}/code")
    wishes = {
        put.code: Category(
            id=tree.by_code[put.code].id if put.code in tree.by_code else new_id(),
            code=put.code,
            name=put.name,
            parent=put.parent,
        )
        for put in wish.categories
    }
    changed = grown(tree, list(wishes.values()))
    # Parents before children: a row's parent must be there when the row is stored.
    ordered = sorted(wishes.values(), key=lambda category: len(changed.path(category.code)))
    parents = [None if c.parent is None else changed.category(c.parent).id for c in ordered]
    await category_rows.upsert_categories(tx, ordered, parents)
    names = [OwnedText(c.id, "category", Text(TITLE, c.name)) for c in ordered]
    await text_rows.upsert_texts(tx, names)
    return [wishes[put.code] for put in wish.categories]


async def put_texts(tx: Tx, wish: PutTexts) -> TextsStored:
    """Store or remove texts.

    Raises:
        BadTextField, BadLocale, TextTooLong: a text is malformed.
        UnknownChannel: there is no such channel.
        UnknownProduct, UnknownSku, UnknownCategory: there is no such owner.
    """
    await importing_rows.lock_catalog(tx)
    tree = await category_tree(tx)
    products = await product_rows.list_product_ids(tx, _codes(wish, "product"))
    variants = await importing_rows.list_known_variants(tx, _codes(wish, "variant"))
    owners: _Owners = {
        "product": products,
        "variant": {key: variant.id for key, variant in variants.items()},
        "category": {code: category.id for code, category in tree.by_code.items()},
    }
    texts = _owned(wish, owners, await book(tx))
    changed = await text_rows.upsert_texts(tx, texts) | await text_rows.delete_texts(tx, texts)
    if any(text.owner_kind == "category" for text in texts):
        await facts.touch(tx, CATEGORIES.topic)
    by_product: dict[UUID, list[UUID]] = {i: [] for i in products.values() if i in changed}
    for variant in variants.values():
        if variant.id in changed:
            by_product.setdefault(variant.product_id, []).append(variant.id)
    await importing_rows.touch_products(tx, list(by_product))
    if by_product:
        await facts.touch(tx, PRODUCTS_TOPIC)
    await announce(tx, by_product)
    return TextsStored(len(changed))


def _owned(wish: PutTexts, owners: _Owners, known: OrganizationBook) -> list[OwnedText]:
    """Check texts and find their owners; of two for the same place the later one counts."""
    found: dict[tuple[UUID, str, str, str], OwnedText] = {}
    for place, given in enumerate(wish.texts):
        at = f"/texts/{place}"
        text = checked_text(Text(given.field, given.text, given.locale, given.channel), pointer=at)
        if text.channel != EVERY_CHANNEL:
            known.channel(text.channel, pointer=f"{at}/channel")
        key = given.code if given.owner == "category" else given.code.lower()
        owner_id = owners[given.owner].get(key)
        if owner_id is None:
            raise _unknown(given, pointer=f"{at}/code")
        place_of_text = (owner_id, text.field, text.locale, text.channel)
        found[place_of_text] = OwnedText(owner_id, given.owner, text)
    return list(found.values())


def _codes(wish: PutTexts, owner: OwnerKind) -> Sequence[str]:
    return sorted({text.code.lower() for text in wish.texts if text.owner == owner})


def _unknown(given: OwnerText, *, pointer: str) -> NotFound:
    match given.owner:
        case "product":
            return UnknownProduct(pointer=pointer, code=given.code[:64])
        case "variant":
            return UnknownSku(pointer=pointer, sku=given.code[:64])
        case "category":
            return UnknownCategory(pointer=pointer, code=given.code[:64])
