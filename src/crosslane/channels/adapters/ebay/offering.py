"""Telling eBay what may be sold and for how much.

Rules: ``bulkUpdatePriceQuantity`` of the Inventory API, version 1: 25 articles a call; the price of
an article is that of its offer, which is looked up once.
"""

from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import urlencode

from crosslane.channels.adapters.ebay.calling import ask, first_error, refused, why
from crosslane.channels.adapters.shops import partly_told, price_text
from crosslane.channels.adapters.telling import Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.domain.messages import SupplySnapshot
from crosslane.channels.domain.reports import PricePatch
from crosslane.kernel import MILLI_PER_MINOR, rounded_ratio

BATCH_MAX = 25
PATH = "sell/inventory/v1/bulk_update_price_quantity"
GOOD = range(200, 300)

Told = Generator[Call | Document, Answer, Sequence[Outcome]]


def tell_stock(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Tell how many units of articles may be sold; each is as it is now, whatever was told."""
    (one,) = messages
    message = one.message
    if not isinstance(message, SupplySnapshot):
        raise TypeError("No stock is told of")
    failed: dict[str, str] = {}
    for begin in range(0, len(message.rows), BATCH_MAX):
        rows = message.rows[begin : begin + BATCH_MAX]
        requests = [
            {
                "sku": row.sku,
                "shipToLocationAvailability": {"quantity": max(0, row.quantity)},
            }
            for row in rows
        ]
        answer = yield from ask(talk, "POST", PATH, {"requests": requests})
        if answer.is_good:
            failed |= _failed(answer)
        else:
            failed |= dict.fromkeys((row.sku for row in rows), why(answer)[0])
    return [partly_told(len(message.rows) - len(failed), failed, {})]


def _failed(answer: Answer) -> dict[str, str]:
    """Return why some articles of a batch were not changed, by SKU."""
    told = answer.document()
    parts = told.get("responses") if isinstance(told, dict) else None
    found: dict[str, str] = {}
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get("statusCode") not in GOOD:
            code, _ = first_error(part) or (f"answer-{part.get('statusCode')}", "")
            found[str(part.get("sku") or "")] = code
    return found


def tell_price(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Tell what an article costs now."""
    (one,) = messages
    message = one.message
    if not isinstance(message, PricePatch):
        raise TypeError("No price is told of")
    name = f"article:{message.sku}"
    number = one.known.get(name, "")
    if not number:
        query = {"sku": message.sku, "marketplace_id": talk.setting("marketplace")}
        answer = yield from ask(talk, "GET", f"sell/inventory/v1/offer?{urlencode(query)}")
        if not answer.is_good:
            return [refused(answer)]
        if not (number := _offer(answer)):
            detail = f"{message.sku} has no offer there"
            return [Outcome(state="refused", code="offer-missing", detail=detail)]
    minor = rounded_ratio(message.unit_price_milli, 1, MILLI_PER_MINOR)
    price = {
        "value": price_text(minor * MILLI_PER_MINOR, message.currency),
        "currency": message.currency,
    }
    request = {"sku": message.sku, "offers": [{"offerId": number, "price": price}]}
    answer = yield from ask(talk, "POST", PATH, {"requests": [request]})
    if not answer.is_good:
        return [refused(answer)]
    if failed := _failed(answer):
        return [Outcome.refused(answer, next(iter(failed.values())))]
    return [Outcome(learnt={name: number})]


def _offer(answer: Answer) -> str:
    told: Any = answer.document()
    offers = told.get("offers") if isinstance(told, dict) else None
    first = offers[0] if isinstance(offers, list) and offers else None
    return str(first.get("offerId") or "") if isinstance(first, dict) else ""
