"""Telling a shop what it may sell, and for how much: products and their variations, in batches.

A shop has one stock, not one for each place. Told are units to be set, so that telling them again
changes nothing. Which product a SKU is, and of which one a variation, is asked for once.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from crosslane.channels.adapters.shops import partly_told, price_text
from crosslane.channels.adapters.telling import Answer, Call, Conversation, Outcome, Outgoing, Talk
from crosslane.channels.adapters.woocommerce.rest import ask, refused, unique
from crosslane.channels.domain.messages import SupplySnapshot
from crosslane.channels.domain.reports import PricePatch
from crosslane.kernel import Instant

ARTICLE, PRODUCT = "article:", "product:"
EVERYWHERE = "*"
BATCH_MAX = 100
SKUS_MAX = 50
NONE = "0"
"""Stands for the product of what is a product itself."""


class Found(msgspec.Struct, frozen=True):
    """What a shop calls an article: its number, and that of the product it varies, or NONE."""

    article: str
    product: str


def tell_supply(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop how many units it may sell."""
    (one,) = messages
    message = one.message
    if not isinstance(message, SupplySnapshot):
        raise TypeError(f"{message} tells no stock")
    if message.location not in (EVERYWHERE, talk.settings.get("location", EVERYWHERE)):
        detail = f"The shop has one stock, which {message.location} is not"
        return [Outcome(state="unsupported", code="one-stock", detail=detail)]
    skus = [row.sku for row in message.rows]
    names, failed, learnt = yield from _named(dict.fromkeys(skus, one), talk)
    changes = {
        names[row.sku]: {"manage_stock": True, "stock_quantity": max(0, row.quantity)}
        for row in message.rows
        if row.sku in names
    }
    lost = yield from _change(changes, talk)
    sku_of = {name: sku for sku, name in names.items()}
    failed |= {sku_of[name]: outcome.code for name, outcome in lost.items()}
    return [partly_told(len(changes) - len(lost), failed, learnt)]


def tell_prices(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell a shop what its articles cost; the last one told of an article stands."""
    patches: dict[int, PricePatch] = {}
    for n, one in enumerate(messages):
        if not isinstance(one.message, PricePatch):
            raise TypeError(f"{one.message} tells no price")
        patches[n] = one.message
    valid = {n: patch for n, patch in patches.items() if patch.currency == talk.currency}
    names, failed, learnt = yield from _named(
        {patch.sku: messages[n] for n, patch in valid.items()}, talk
    )
    changes = {names[p.sku]: _price(p) for p in valid.values() if p.sku in names}
    lost = yield from _change(changes, talk)
    outcomes = []
    for n, patch in patches.items():
        if n not in valid:
            detail = f"The shop sells in {talk.currency}, not in {patch.currency}"
            outcomes.append(Outcome(state="refused", code="currency-differs", detail=detail))
        elif patch.sku in failed:
            outcomes.append(Outcome(state="refused", code=failed[patch.sku], detail=patch.sku))
        else:
            of_it = {f"{kind}{patch.sku}" for kind in (ARTICLE, PRODUCT)}
            knows = {name: value for name, value in learnt.items() if name in of_it}
            told = lost.get(names[patch.sku], Outcome())
            outcomes.append(msgspec.structs.replace(told, learnt=knows))
    return outcomes


def _price(patch: PricePatch) -> dict[str, Any]:
    """Return what a price is there: the usual one, and the reduced one while it is."""
    price = price_text(patch.unit_price_milli, patch.currency)
    if patch.was_milli is None:
        return {"regular_price": price, "sale_price": ""}
    return {
        "regular_price": price_text(patch.was_milli, patch.currency),
        "sale_price": price,
        "date_on_sale_from_gmt": _gmt(patch.starts_at),
        "date_on_sale_to_gmt": _gmt(patch.ends_at),
    }


def _gmt(at: Instant | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S")


def _named(
    skus: Mapping[str, Outgoing], talk: Talk
) -> Generator[Call, Answer, tuple[dict[str, Found], dict[str, str], dict[str, str]]]:
    """Return what a shop calls articles, why it does not know others, and what was learnt."""
    names: dict[str, Found] = {}
    for sku, one in skus.items():
        article, product = (one.known.get(f"{kind}{sku}", "") for kind in (ARTICLE, PRODUCT))
        if article and product:
            names[sku] = Found(article, product)
    found: dict[str, list[Found]] = {}
    wanted = [sku for sku in unique(list(skus)) if sku not in names]
    for start in range(0, len(wanted), SKUS_MAX):
        part = wanted[start : start + SKUS_MAX]
        asked = ",".join(quote(sku, safe="") for sku in part)
        path = f"products?sku={asked}&per_page=100&_fields=id,sku,parent_id"
        for product in (yield from ask(talk, "GET", path)):
            if product["sku"] in part:
                name = Found(str(product["id"]), str(product.get("parent_id") or NONE))
                found.setdefault(product["sku"], []).append(name)
    single = {sku: several[0] for sku, several in found.items() if len(several) == 1}
    failed = {sku: "sku-ambiguous" for sku in found if sku not in single}
    failed |= {sku: "not-there" for sku in skus if sku not in found and sku not in names}
    learnt = {
        f"{kind}{sku}": value
        for sku, name in single.items()
        for kind, value in ((ARTICLE, name.article), (PRODUCT, name.product))
    }
    return names | single, failed, learnt


def _change(
    changes: Mapping[Found, Mapping[str, Any]], talk: Talk
) -> Generator[Call, Answer, dict[Found, Outcome]]:
    """Change articles in batches, those of one product together; return what was refused."""
    by_product: dict[str, list[Found]] = {}
    for name in changes:
        by_product.setdefault(name.product, []).append(name)
    lost: dict[Found, Outcome] = {}
    for product, names in by_product.items():
        under = "products" if product == NONE else f"products/{product}/variations"
        for start in range(0, len(names), BATCH_MAX):
            part = names[start : start + BATCH_MAX]
            wish = {"update": [{"id": int(n.article), **changes[n]} for n in part]}
            done = yield from ask(talk, "POST", f"{under}/batch", wish)
            for name, answer in zip(part, done.get("update", ()), strict=False):
                if error := answer.get("error"):
                    lost[name] = refused(error)
    return lost
