"""What is sold at eBay: inventory items and their offers, as the Inventory API tells them."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.ebay.orders import identity
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import PricePatch, ProductPatch

GTINS = ("ean", "upc", "isbn")


def item(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what an article is; how many there are is what we have told."""
    sku = branch.needed("sku")
    product = branch.branch("product")
    pictures = product.peek("imageUrls")
    listed = product.take("imageUrls") if isinstance(pictures, list) else ()
    yield ProductPatch(
        **identity(sku, None, None, context),
        sku=sku,
        gtin=next((found for name in GTINS if (found := _first(product, name))), ""),
        title=product.text("title")[:500],
        text=product.text("description")[:20_000],
        brand=product.text("brand")[:500],
        pictures=tuple(one for one in listed if isinstance(one, str))[:250],
    )


def _first(branch: Branch, name: str) -> str:
    """Return the first of several numbers of an article; all of them are left over."""
    found = branch.peek(name)
    first = found[0] if isinstance(found, list) and found else found
    return first if isinstance(first, str) and first.isdecimal() and len(first) <= 14 else ""


def offer(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how an article is offered, by the name its offer has there, and for how much."""
    sku, number = branch.needed("sku"), branch.needed("offerId")
    told = identity(number, None, None, context)
    status = branch.word("status")
    yield ProductPatch(
        **told, sku=sku, article=number, on_sale=status == "PUBLISHED" if status else None
    )
    summary = branch.branch("pricingSummary")
    part = summary.branch("price")
    currency = part.text("currency")
    price = part.milli("value", currency) if currency else None
    if price is not None:
        yield PricePatch(**told, sku=sku, article=number, unit_price_milli=price, currency=currency)
