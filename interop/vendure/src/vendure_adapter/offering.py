"""What a shop may sell, and for how much: variants, found by their SKU.

Vendure keeps what lies on the shelf, and takes off it what its own open orders have. We say what
may still be sold, so the shelf is told as that and those orders together.
"""

from collections.abc import Generator, Sequence
from typing import Any

from crosslane.channels.adapters import (
    Answer,
    Call,
    Conversation,
    Document,
    Outcome,
    Outgoing,
    PricePatch,
    SupplySnapshot,
    Talk,
)
from crosslane.kernel import currency_exponent, rounded_ratio
from vendure_adapter.calling import ask

MILLI = 1_000
HUNDRED = 100
LANGUAGE = "en"
VARIANTS = """
query Variants($skus: [String!]!, $take: Int!) {
  productVariants(options: { filter: { sku: { in: $skus } }, take: $take }) {
    items { id sku stockLevels { stockLocationId stockAllocated } }
  }
}
"""
LOCATIONS = "query Locations { stockLocations(options: { take: 1 }) { items { id } } }"
CHANGE = """
mutation Change($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id }
}
"""
PRODUCT = """
mutation Product($input: CreateProductInput!) { createProduct(input: $input) { id } }
"""
PRODUCTS = """
query Products($slug: String!) { product(slug: $slug) { id } }
"""
VARIANT = """
mutation Variant($input: [CreateProductVariantInput!]!) {
  createProductVariants(input: $input) { id }
}
"""


def tell_stock(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell how many units may be sold."""
    (one,) = messages
    told = one.message
    if not isinstance(told, SupplySnapshot):
        return [Outcome(state="unsupported", code="only-snapshots")]
    place = talk.locations.get(told.location) or talk.settings.get("stock_location", "")
    if not place:
        place = (yield from ask(talk, LOCATIONS))["stockLocations"]["items"][0]["id"]
    variants = yield from _variants(talk, [row.sku for row in told.rows])
    changes: list[dict[str, Any]] = []
    missing: list[str] = []
    for row in told.rows:
        if (variant := variants.get(row.sku)) is None:
            missing.append(row.sku)
            continue
        open_units = sum(
            level["stockAllocated"]
            for level in variant["stockLevels"]
            if level["stockLocationId"] == place
        )
        shelf = {"stockLocationId": place, "stockOnHand": max(0, row.quantity) + open_units}
        changes.append({"id": variant["id"], "trackInventory": "TRUE", "stockLevels": [shelf]})
    if changes:
        yield from ask(talk, CHANGE, input=changes)
    if not missing:
        return [Outcome()]
    learnt = {f"refused:{sku}": "not-there" for sku in missing}
    detail = f"Not there: {', '.join(missing[:10])}"
    state = "told" if changes else "refused"
    return [Outcome(state=state, code="not-there", detail=detail, learnt=learnt)]


def tell_price(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell what an article costs; make it when it is not there and the connection wants that."""
    (one,) = messages
    told = one.message
    if not isinstance(told, PricePatch):
        return [Outcome(state="unsupported", code="only-prices")]
    if told.currency != talk.currency:
        return [Outcome(state="refused", code="currency-differs")]
    price = _hundredths(told.unit_price_milli, told.currency)
    variant = (yield from _variants(talk, [told.sku])).get(told.sku)
    if variant is not None:
        yield from ask(talk, CHANGE, input=[{"id": variant["id"], "price": price}])
        return [Outcome()]
    if talk.settings.get("creates", "") != "yes":
        return [Outcome(state="refused", code="not-there", detail=told.sku)]
    # A try that was broken off may have made the product and no variant of it.
    slug = told.sku.lower()
    words = {"languageCode": LANGUAGE, "name": told.sku}
    product = (yield from ask(talk, PRODUCTS, slug=slug))["product"]
    if product is None:
        wish = {"enabled": True, "translations": [{**words, "slug": slug, "description": ""}]}
        product = (yield from ask(talk, PRODUCT, input=wish))["createProduct"]
    made = {
        "productId": product["id"],
        "sku": told.sku,
        "price": price,
        "stockOnHand": 0,
        "trackInventory": "TRUE",
        "translations": [words],
    }
    yield from ask(talk, VARIANT, input=[made])
    return [Outcome()]


def _variants(
    talk: Talk, skus: Sequence[str]
) -> Generator[Call | Document, Answer, dict[str, dict[str, Any]]]:
    found = yield from ask(talk, VARIANTS, skus=list(skus), take=len(skus) + 1)
    return {one["sku"]: one for one in found["productVariants"]["items"]}


def _hundredths(milli: int, currency: str) -> int:
    return rounded_ratio(milli, HUNDRED, MILLI * 10 ** currency_exponent(currency))
