"""What is sold at Amazon: listings, their prices, and stock that lies with Amazon.

A listing may stand in several marketplaces. A channel speaks for one of them: the first in its
currency, else the first; what is told of others is kept. Stock of ours that Amazon repeats is
what we told it, so it is noted and not counted.
"""

from collections.abc import Iterator

from crosslane.channels.adapters.amazon.marketplaces import currency_of
from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    case_of,
    currency_told,
    identity,
    milli_of,
)
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message, StockRow, SupplySnapshot
from crosslane.channels.domain.reports import PricePatch, ProductPatch

# What Amazon's own warehouses are called where a location is named.
FBA = "FBA"
BUYABLE = "BUYABLE"
DELETED = "DELETED"


def listing(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what is offered under a SKU, and for how much."""
    sku = branch.needed("sku")
    summary = _ours(branch.branches("summaries"), context)
    offer = _ours(branch.branches("offers"), context)
    changed = summary.moment("lastUpdatedDate", zone=ZONE)
    told = identity(sku, changed, None, context)
    states = summary.peek("status")
    if summary:
        picture = summary.branch("mainImage").text("link")
        yield ProductPatch(
            **told,
            sku=sku,
            article=summary.text("asin"),
            title=summary.text("itemName"),
            kind=summary.text("productType"),
            pictures=(picture,) if picture else (),
            on_sale=BUYABLE in states if isinstance(states, list) else None,
        )
    currency = currency_told(offer, "price")
    price = milli_of(offer, "price", currency) if currency else None
    if price is not None:
        yield PricePatch(
            **told,
            sku=sku,
            article=summary.text("asin"),
            unit_price_milli=price,
            currency=currency,
        )


def _ours(parts: list[Branch], context: Context) -> Branch:
    """Return the part of the marketplace a channel speaks for, an empty one when there is none."""
    found = [
        part
        for part in parts
        if currency_of(part.word("marketplaceId"), "") == context.currency
        and part.peek("offerType") != "B2B"
    ]
    return next(iter(found or parts), Branch.of({}))


def status_change(branch: Branch, context: Context) -> Iterator[Message]:
    """Say whether what is offered under a SKU can be bought, from a notification.

    It tells when the listing was made, which is the same each time: it changed when it is told.
    """
    states = branch.peek(case_of(branch, "Status"))
    told = states if isinstance(states, list) else None
    sku = branch.needed("SKU", "Sku", "sku")
    yield ProductPatch(
        **identity(sku, None, None, context),
        sku=sku,
        article=branch.text("ASIN", "Asin", "asin"),
        on_sale=None if told is None else BUYABLE in told,
        gone=told is not None and DELETED in told,
    )


def summary(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how many units of a SKU lie ready with Amazon."""
    sku = branch.needed("sellerSku")
    details = branch.branch("inventoryDetails")
    changed = branch.moment("lastUpdatedTime", zone=ZONE)
    units = details.whole("fulfillableQuantity")
    if units is None:
        units = branch.whole("totalQuantity", 0)
    yield _lying(identity(f"{FBA}/{sku}", changed, None, context), sku, units or 0, branch)


def availability(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how many units of a SKU lie ready with Amazon, from a notification."""
    sku = branch.needed("SKU", "Sku", "sku")
    parts = branch.branches(case_of(branch, "FulfillmentInventoryByMarketplace"))
    ours = [
        part
        for part in parts
        if currency_of(part.word(case_of(part, "MarketplaceId")), "") == context.currency
    ]
    for part in (ours or parts)[:1]:
        lying = part.branch(case_of(part, "FulfillmentInventory"))
        units = lying.whole(case_of(lying, "Fulfillable"), 0)
        yield _lying(identity(f"{FBA}/{sku}", None, None, context), sku, units or 0, branch)


def _lying(told: dict[str, object], sku: str, units: int, branch: Branch) -> SupplySnapshot:
    row = StockRow(sku=sku, quantity=units, article=branch.text("asin", "ASIN"))
    return SupplySnapshot(**told, location=FBA, rows=(row,))  # type: ignore[arg-type]
