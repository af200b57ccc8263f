"""Goods of a shop: what is sold and for how much."""

from collections.abc import Iterator
from html import unescape

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.woocommerce.resource import identity, instant
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import PricePatch, ProductPatch

# Old shops say that a variation is published by a truth.
PUBLISHED = ("publish", True)
# What only stands for others, each with a price of its own.
PARENTS = frozenset({"variable", "grouped"})
TEXT_CHARACTERS_MAX = 20_000


def product(branch: Branch, context: Context, *, gone: bool = False) -> Iterator[Message]:
    """Say what an article is, and what it costs.

    Args:
        branch: a product or a variation of one.
        context: where it comes from.
        gone: it was removed from the shop.
    """
    told = identity(branch, context)
    if gone and len(branch.value) == 1:
        told["source_version"] = version_of(context.received_at)
    number, sku = told["source_id"], branch.text("sku")
    text = branch.peek("description")
    status = branch.peek("status")
    published = None if status is None else status in PUBLISHED
    yield ProductPatch(
        **told,
        article=number,
        sku=sku,
        gtin=branch.text("global_unique_id"),
        title=unescape(branch.text("name"))[:500],
        text=branch.text("description") if len(str(text)) <= TEXT_CHARACTERS_MAX else "",
        brand=_first(branch, "brands"),
        kind=_first(branch, "categories"),
        options={
            name: value
            for part in branch.branches("attributes")
            if isinstance(part.peek("option"), str)
            and (name := part.text("name"))
            and (value := part.text("option"))
        },
        pictures=_pictures(branch),
        on_sale=published and branch.peek("purchasable") is not False,
        tracked=branch.flag("manage_stock")
        if isinstance(branch.peek("manage_stock"), bool)
        else None,
        gone=gone,
    )
    if "price" in branch and branch.word("type") not in PARENTS and not gone:
        yield _price(branch, context, told, sku)


def _price(branch: Branch, context: Context, told: dict[str, object], sku: str) -> PricePatch:
    """Return what an article costs now; a reduction that is to come is kept."""
    reduced = branch.peek("on_sale") is True
    return PricePatch(
        **told,  # type: ignore[arg-type]
        article=str(told["source_id"]),
        sku=sku,
        unit_price_milli=branch.milli("price", context.currency, 0) or 0,
        was_milli=branch.milli("regular_price", context.currency) if reduced else None,
        currency=context.currency,
        starts_at=instant(branch, context, "date_on_sale_from") if reduced else None,
        ends_at=instant(branch, context, "date_on_sale_to") if reduced else None,
    )


def _first(branch: Branch, name: str) -> str:
    return next((unescape(part.text("name"))[:500] for part in branch.branches(name)), "")


def _pictures(branch: Branch) -> tuple[str, ...]:
    images = branch.branches("images")
    if isinstance(branch.peek("image"), dict):
        images = [*images, branch.branch("image")]
    return tuple(found for part in images if (found := part.text("src")))
