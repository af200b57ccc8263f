"""Telling Amazon what may be sold and for how much.

Rules: ``patchListingsItem`` of the Listings Items API, version 2021-08-01, one call a SKU; or
``batchInventory`` of External Fulfillment, version 2024-09-11, ten of them a call, where the
connection says so. An attribute is merged, so offers for others and stock elsewhere stay.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, urlencode

from crosslane.channels.adapters.amazon.calling import ask, why
from crosslane.channels.adapters.shops import partly_told
from crosslane.channels.adapters.telling import Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.domain.messages import StockRow, SupplySnapshot
from crosslane.channels.domain.reports import PricePatch
from crosslane.kernel import MILLI_PER_MINOR, currency_exponent, rounded_ratio

EXTERNAL = "external"
BATCH_MAX = 10
# What stock is called that a seller sends from one place; likewise stock of any place, here.
DEFAULT = "DEFAULT"
EVERYWHERE = "*"
# Fits any article as far as its offer is concerned.
PRODUCT = "PRODUCT"
TAKEN = ("ACCEPTED", "VALID")

Told = Generator[Call | Document, Answer, Sequence[Outcome]]
Rows = Generator[Call | Document, Answer, dict[str, str]]
"""Calls about several articles; returns why some were refused, by SKU."""


def tell_stock(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Tell how many units of articles may be sold; each is as it is now, whatever was told."""
    (one,) = messages
    message = one.message
    if not isinstance(message, SupplySnapshot):
        raise TypeError("No stock is told of")
    tell = _external if talk.settings.get("stock") == EXTERNAL else _listed
    refused = yield from tell(message, talk, one.number)
    return [partly_told(len(message.rows) - len(refused), refused, {})]


def _listed(message: SupplySnapshot, talk: Talk, number: int) -> Rows:
    del number
    source = "" if message.location == EVERYWHERE else talk.locations.get(message.location, "")
    refusals: dict[str, str] = {}
    for row in message.rows:
        value = {"fulfillment_channel_code": source or DEFAULT, "quantity": max(0, row.quantity)}
        answer = yield from _patch(talk, row.sku, "fulfillment_availability", value)
        if (refusal := _refusal(answer)) is not None:
            refusals[row.sku] = refusal[0]
    return refusals


def _external(message: SupplySnapshot, talk: Talk, number: int) -> Rows:
    source = talk.locations.get(message.location, message.location)
    refusals: dict[str, str] = {}
    for begin in range(0, len(message.rows), BATCH_MAX):
        rows = message.rows[begin : begin + BATCH_MAX]
        body = {"requests": [_request(row, source, talk, number) for row in rows]}
        path = "externalFulfillment/inventory/2024-09-11/inventories"
        answer = yield from ask(talk, "POST", path, body)
        if not answer.is_good:
            refusals |= {row.sku: _said(answer)[0] for row in rows}
            continue
        told = answer.document()
        parts = told.get("responses") if isinstance(told, dict) else None
        found = parts if isinstance(parts, list) else []
        for row, part in zip_longest(rows, found[: len(rows)]):
            if (refusal := _part_refusal(part)) is not None:
                refusals[row.sku] = refusal
    return refusals


def _request(row: StockRow, source: str, talk: Talk, number: int) -> dict[str, Any]:
    where = urlencode({"locationId": source, "skuId": row.sku})
    attributes = {
        "marketplaceId": talk.setting("marketplace"),
        "channelName": talk.settings.get("channel_name") or "MFN",
    }
    return {
        "method": "POST",
        "uri": f"/inventory/update?{where}",
        "body": {
            "quantity": max(0, row.quantity),
            "clientSequenceNumber": number,
            "marketplaceAttributes": attributes,
        },
    }


def _part_refusal(part: object) -> str | None:
    status = part.get("status") if isinstance(part, dict) else None
    code = status.get("statusCode") if isinstance(status, dict) else None
    return None if isinstance(code, int) and code < 300 else f"answer-{code or 'missing'}"


def tell_price(messages: Sequence[Outgoing], talk: Talk) -> Told:
    """Tell what an article costs now, and a reduction while it holds."""
    (one,) = messages
    message = one.message
    if not isinstance(message, PricePatch):
        raise TypeError("No price is told of")
    value: dict[str, Any] = {
        "marketplace_id": talk.setting("marketplace"),
        "currency": message.currency,
        "audience": "ALL",
    }
    bounds = (message.starts_at, message.ends_at)
    if message.was_milli is not None and all(bounds):
        value["our_price"] = _schedule(message.was_milli, message.currency)
        value["discounted_price"] = _schedule(message.unit_price_milli, message.currency, *bounds)
    else:
        value["our_price"] = _schedule(message.unit_price_milli, message.currency)
    answer = yield from _patch(talk, message.sku, "purchasable_offer", value)
    if (refusal := _refusal(answer)) is None:
        return [Outcome()]
    code, detail = refusal
    return [Outcome.refused(answer, code, detail)]


def _schedule(
    milli: int, currency: str, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> list[dict[str, Any]]:
    minor = rounded_ratio(milli, 1, MILLI_PER_MINOR)
    price = Decimal(minor).scaleb(-currency_exponent(currency))
    spans: Mapping[str, datetime | None] = {"start_at": starts_at, "end_at": ends_at}
    told: dict[str, Any] = {"value_with_tax": price}
    for name, at in spans.items():
        if at is not None:
            told[name] = {"value": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return [{"schedule": [told]}]


def _patch(
    talk: Talk, sku: str, attribute: str, value: Mapping[str, Any]
) -> Generator[Call | Document, Answer, Answer]:
    """Merge a value into an attribute of a listing."""
    where = urlencode({"marketplaceIds": talk.setting("marketplace")})
    path = f"listings/2021-08-01/items/{quote(talk.setting('seller'), safe='')}"
    patch = {"op": "merge", "path": f"/attributes/{attribute}", "value": [value]}
    body = {"productType": talk.settings.get("product_type") or PRODUCT, "patches": [patch]}
    return (yield from ask(talk, "PATCH", f"{path}/{quote(sku, safe='')}?{where}", body))


def _refusal(answer: Answer) -> tuple[str, str] | None:
    """Return why a listing was not changed, None when it was."""
    if not answer.is_good:
        return _said(answer)
    told = answer.document()
    if not isinstance(told, dict) or told.get("status") in TAKEN:
        return None
    issues = told.get("issues")
    errors = [one for one in issues if isinstance(one, dict)] if isinstance(issues, list) else []
    worst = next((one for one in errors if one.get("severity") == "ERROR"), {})
    return str(worst.get("code") or "listing-invalid"), str(worst.get("message") or "")


def _said(answer: Answer) -> tuple[str, str]:
    code, detail = why(answer)
    return code or f"answer-{answer.status}", detail
