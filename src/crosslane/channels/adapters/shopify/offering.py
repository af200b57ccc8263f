"""Telling a shop what it may sell: units at its locations, and prices.

Units are set to what we say and compared with nothing. Our count is the truth: it holds every order
we know of, those of the shop too, so a number to compare with would be wrong whenever the shop has
told us of a sale since. What it sells before we hear of it is what the share kept back is for.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from crosslane.channels.adapters.shopify.admin import ask, do, gid, number_of, reason_of
from crosslane.channels.adapters.shops import partly_told, price_text
from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Later,
    Outcome,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.domain.messages import SupplySnapshot
from crosslane.channels.domain.reports import PricePatch

ARTICLE, STOCK, PRODUCT = "article:", "stock:", "product:"
SKUS_MAX = 40
"""SKUs that are looked up at once: their variants fit one page, even some that share a SKU."""

ROWS_MAX = 250
PRICES_MAX = 100
"""Prices that are told at once, as shops take at most 250 variants of a product."""

TRIES_MAX = 5
STALE = frozenset({"IDEMPOTENCY_CONCURRENT_REQUEST", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"})

VARIANTS = """
query Variants($query: String!) {
  productVariants(first: 100, query: $query) {
    nodes { id sku inventoryItem { id } product { id } }
  }
}"""
BY_NAME = """
query ByName($ids: [ID!]!) {
  nodes(ids: $ids) { ... on ProductVariant { id product { id } } }
}"""
SET = """
mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { field message code }
  }
}"""
PRICE = """
mutation Price($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id }
    userErrors { field message code }
  }
}"""


class Found(msgspec.Struct, frozen=True):
    """What a shop calls an article: its variant, the stock of it, and its product."""

    article: str
    stock: str
    product: str


def tell_supply(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop how many units it may sell at one location."""
    (one,) = messages
    message = one.message
    if not isinstance(message, SupplySnapshot):
        raise TypeError(f"{message} tells no stock")
    place = talk.locations.get(message.location) or talk.settings.get("location", "")
    if not place:
        detail = f"The connection has no location of the shop's for {message.location}"
        raise Refused("location-unknown", detail)
    items = {row.sku: item for row in message.rows if (item := _known(one, STOCK, row.sku))}
    found = yield from _look_up([r.sku for r in message.rows if r.sku not in items], talk)
    learnt = _learnt(found)
    items |= {sku: names[0].stock for sku, names in found.items() if len(names) == 1}
    rows = {
        gid("InventoryItem", items[row.sku]): max(0, row.quantity)
        for row in message.rows
        if row.sku in items
    }
    failed = {row.sku: "not-there" for row in message.rows if row.sku not in items}
    failed |= {sku: "sku-ambiguous" for sku, names in found.items() if len(names) > 1}
    by_item = {gid("InventoryItem", item): sku for sku, item in items.items()}
    told = 0
    listed = list(rows.items())
    for start in range(0, len(listed), ROWS_MAX):
        part = dict(listed[start : start + ROWS_MAX])
        lost = yield from _set(one, f"{start}", part, gid("Location", place), talk)
        told += len(part) - len(lost)
        failed |= {by_item[item]: code for item, code in lost.items()}
    return [partly_told(told, failed, learnt)]


def _set(
    one: Outgoing, part: str, units: Mapping[str, int], place: str, talk: Talk
) -> Generator[Call, Answer, dict[str, str]]:
    """Set units of stock items; return those the shop will not set, and why.

    A shop sets all or none, so what it names as wrong is left out of the next try.
    """
    left, lost = dict(units), dict[str, str]()
    for _ in range(TRIES_MAX):
        if not left:
            return lost
        listed = list(left)
        wish = {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"gid://crosslane/Telling/{one.number}",
            "quantities": [
                {
                    "inventoryItemId": item,
                    "locationId": place,
                    "quantity": units,
                    "changeFromQuantity": None,
                }
                for item, units in left.items()
            ],
        }
        # One key stands for one set of numbers, whatever was left out of it before.
        seed = f"{one.key}/{part}/{msgspec.json.encode(wish).decode()}"
        key = str(uuid5(NAMESPACE_URL, seed))
        _, errors = yield from do(talk, SET, {"input": wish, "key": key})
        if not errors:
            return lost
        if any(error["code"] in STALE for error in errors):
            raise Later("The shop is still at the last try")
        wrong = {
            listed[n]: reason_of([error])[0]
            for error in errors
            if (n := _place_in(error.get("field"), len(listed))) is not None
        }
        if not wrong:
            raise Refused(*reason_of(errors))
        lost |= wrong
        left = {item: n for item, n in left.items() if item not in wrong}
    raise Refused("too-many-refusals", f"The shop refuses stock of {len(lost)} articles")


def tell_prices(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop what its articles cost."""
    wishes: dict[int, PricePatch] = {}
    for n, one in enumerate(messages):
        if not isinstance(one.message, PricePatch):
            raise TypeError(f"{one.message} tells no price")
        wishes[n] = one.message
    outcomes: dict[int, Outcome] = {}
    for n, patch in wishes.items():
        if patch.currency != talk.currency:
            detail = f"The shop sells in {talk.currency}, not in {patch.currency}"
            outcomes[n] = Outcome(state="refused", code="currency-differs", detail=detail)
    waiting = [n for n in wishes if n not in outcomes]
    named = {n: name for n in waiting if (name := _known(messages[n], ARTICLE, wishes[n].sku))}
    products = {n: _known(messages[n], PRODUCT, wishes[n].sku) for n in named}
    yield from _fill_products(named, products, talk)
    found = yield from _look_up([wishes[n].sku for n in waiting if n not in named], talk)
    for n in waiting:
        names = found.get(wishes[n].sku, [])
        if n not in named and len(names) == 1:
            named[n], products[n] = names[0].article, names[0].product
        elif n not in named:
            code = "sku-ambiguous" if names else "not-there"
            outcomes[n] = Outcome(state="refused", code=code, detail=wishes[n].sku)
    by_product: dict[str, list[int]] = {}
    for n in named:
        by_product.setdefault(products[n], []).append(n)
    for product, places in by_product.items():
        outcomes |= yield from _price(product, places, named, wishes, talk)
    learnt = {n: _learnt({wishes[n].sku: found.get(wishes[n].sku, [])}) for n in wishes}
    return [msgspec.structs.replace(outcomes[n], learnt=learnt[n]) for n in range(len(messages))]


def _price(
    product: str,
    places: Sequence[int],
    named: Mapping[int, str],
    wishes: Mapping[int, PricePatch],
    talk: Talk,
) -> Generator[Call, Answer, dict[int, Outcome]]:
    """Tell the prices of the variants of one product; a later one of the same variant stands."""
    last = {named[n]: n for n in places}
    listed = list(last.items())
    variants = [_variant(name, wishes[n]) for name, n in listed]
    about = {"product": gid("Product", product), "variants": variants}
    _, errors = yield from do(talk, PRICE, about)
    outcomes = {n: Outcome() for n in places}
    for error in errors:
        at = _place_in(error.get("field"), len(listed))
        code, detail = reason_of([error])
        for n in places if at is None else [p for p in places if named[p] == listed[at][0]]:
            outcomes[n] = Outcome(state="refused", code=code, detail=detail)
    return outcomes


def _variant(name: str, patch: PricePatch) -> dict[str, Any]:
    was = patch.was_milli
    return {
        "id": gid("ProductVariant", name),
        "price": price_text(patch.unit_price_milli, patch.currency),
        "compareAtPrice": None if was is None else price_text(was, patch.currency),
    }


def _fill_products(
    named: dict[int, str], products: dict[int, str], talk: Talk
) -> Generator[Call, Answer, None]:
    """Ask for the products of variants of which only the number is known; forget what is gone."""
    lacking = {gid("ProductVariant", named[n]) for n, product in products.items() if not product}
    if not lacking:
        return
    data = yield from ask(talk, BY_NAME, {"ids": sorted(lacking)})
    found = {node["id"]: node["product"]["id"] for node in data["nodes"] if node}
    for n in [n for n, product in products.items() if not product]:
        product = found.get(gid("ProductVariant", named[n]), "")
        if product:
            products[n] = number_of(product)
        else:
            del named[n], products[n]


def _look_up(skus: Sequence[str], talk: Talk) -> Generator[Call, Answer, dict[str, list[Found]]]:
    """Return what a shop calls articles; it may have several of one SKU, or none."""
    wanted = list(dict.fromkeys(filter(None, skus)))
    found: dict[str, list[Found]] = {}
    for start in range(0, len(wanted), SKUS_MAX):
        part = wanted[start : start + SKUS_MAX]
        query = " OR ".join(f"sku:{_quoted(sku)}" for sku in part)
        data = yield from ask(talk, VARIANTS, {"query": query})
        for node in data["productVariants"]["nodes"]:
            # A search finds more than what is alike.
            if node["sku"] in part:
                names = (node["id"], node["inventoryItem"]["id"], node["product"]["id"])
                found.setdefault(node["sku"], []).append(Found(*map(number_of, names)))
    return found


def _quoted(sku: str) -> str:
    escaped = sku.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _known(one: Outgoing, kind: str, sku: str) -> str:
    return one.known.get(f"{kind}{sku}", "")


def _learnt(found: Mapping[str, Sequence[Found]]) -> dict[str, str]:
    return {
        f"{kind}{sku}": name
        for sku, names in found.items()
        if len(names) == 1
        for kind, name in (
            (ARTICLE, names[0].article),
            (STOCK, names[0].stock),
            (PRODUCT, names[0].product),
        )
    }


def _place_in(field: Any, count: int) -> int | None:
    """Return which of several things an error is about, None when it is about all of them."""
    for step in field if isinstance(field, list) else ():
        if str(step).isdecimal() and int(step) < count:
            return int(step)
    return None
