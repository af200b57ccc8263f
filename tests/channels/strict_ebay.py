"""A strict eBay: as much of its Sell APIs as is called, as their descriptions say they answer.

Bodies that it takes and gives are held against models generated from eBay's own descriptions. It
knows no idempotency keys: a parcel that is told twice is two parcels.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import msgspec

from crosslane.channels import Answer, Call
from tests.channels.schemas.ebay import fitting

CLIENT, SECRET, REFRESH = "client-1", "secret-2", "v^1.1#r^1"
MARKETPLACE = "EBAY_GB"
BATCH_MAX = 25
PAGE_MAX = 200
# Pages are as long as this, however long they were wanted.
PAGE_USUAL = 3


class Refuses(Exception):
    """It refuses: status, number of the error and words."""

    def __init__(self, status: int, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"errorId": number, "domain": "API", "message": message}]}


class StrictEbay:
    """One seller."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.parcels: dict[str, list[dict[str, Any]]] = {}
        self.stock: dict[str, int] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.tokens: set[str] = set()

    def add_order(self, order: dict[str, Any]) -> None:
        fitting("fulfillment", "Order", order)
        self.orders[order["orderId"]] = order
        self.parcels.setdefault(order["orderId"], [])

    def add_article(self, sku: str, offer: str) -> None:
        self.stock[sku] = 0
        self.offers[offer] = {"offerId": offer, "sku": sku, "marketplaceId": MARKETPLACE}

    def change(self, number: str, **told: Any) -> None:
        """Let an order be otherwise, a second after it was last."""
        one = self.orders[number]
        at = datetime.fromisoformat(one["lastModifiedDate"]) + timedelta(seconds=1)
        later = at.astimezone(UTC).isoformat(timespec="milliseconds")
        self.orders[number] = one | told | {"lastModifiedDate": later.replace("+00:00", "Z")}

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        url = urlsplit(call.path)
        path = f"/{url.path.lstrip('/')}"
        self.calls.append(f"{call.method} {path}")
        try:
            if path.endswith("/oauth2/token"):
                return self._said(200, self._token(call))
            if call.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                raise Refuses(401, 1001, "Invalid access token")
            body = msgspec.json.decode(call.body) if call.body else None
            return self._route(call.method, path, parse_qs(url.query), body)
        except Refuses as refuses:
            return self._said(refuses.status, refuses.body)

    def _said(self, status: int, body: Any, **headers: str) -> Answer:
        raw = b"" if body is None else msgspec.json.encode(body)
        return Answer(status=status, headers=headers, body=raw)

    def _token(self, call: Call) -> dict[str, Any]:
        who = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form = dict(parse_qsl(call.body.decode(), strict_parsing=True))
        good = {"grant_type": "refresh_token", "refresh_token": REFRESH}
        if form != good or call.headers.get("authorization") != f"Basic {who}":
            raise Refuses(400, 1002, "invalid_grant")
        token = f"t-{len(self.calls)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "User Access Token", "expires_in": 7200}

    def _route(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Answer:
        if found := re.fullmatch(r"/sell/fulfillment/v1/order/([^/]+)/shipping_fulfillment", path):
            number = unquote(found[1])
            if number not in self.orders:
                raise Refuses(404, 32100, "Invalid order ID")
            return self._parcels(number) if method == "GET" else self._ship(number, body)
        handle = {
            "GET /sell/fulfillment/v1/order": self._search,
            "GET /sell/inventory/v1/offer": self._offers,
            "POST /sell/inventory/v1/bulk_update_price_quantity": self._update,
        }.get(f"{method} {path}")
        if handle is None:
            raise Refuses(404, 2002, f"No operation {method} {path}")
        return handle(query, body)

    def _parcels(self, number: str) -> Answer:
        said = {"fulfillments": self.parcels[number], "total": len(self.parcels[number])}
        fitting("fulfillment", "ShippingFulfillmentPagedCollection", said)
        return self._said(200, said)

    def _ship(self, number: str, body: Any) -> Answer:
        fitting("fulfillment", "ShippingFulfillmentDetails", body)
        assert ("trackingNumber" in body) == ("shippingCarrierCode" in body), body
        assert body.get("trackingNumber", "1").isalnum(), body
        left = {one["lineItemId"]: one["quantity"] for one in self.orders[number]["lineItems"]}
        told = [one for parcel in self.parcels[number] for one in parcel["lineItems"]]
        for one in told + body["lineItems"]:
            left[one["lineItemId"]] = left.get(one["lineItemId"], 0) - one["quantity"]
        if min(left.values()) < 0:
            raise Refuses(400, 32310, "Invalid line item quantity")
        name = body.get("trackingNumber") or f"9{len(told):03}"
        parcel = {
            "fulfillmentId": name,
            "lineItems": body["lineItems"],
            "shippedDate": body["shippedDate"],
        }
        if "trackingNumber" in body:
            parcel["shipmentTrackingNumber"] = body["trackingNumber"]
            parcel["shippingCarrierCode"] = body["shippingCarrierCode"]
        self.parcels[number].append(parcel)
        where = (
            f"https://api.ebay.com/sell/fulfillment/v1/order/{number}/shipping_fulfillment/{name}"
        )
        return self._said(201, None, location=where)

    def _search(self, query: Mapping[str, list[str]], body: Any) -> Answer:
        del body
        found = re.fullmatch(r"lastmodifieddate:\[(\S+)\.\.(\S+)\]", query["filter"][0])
        assert found, query
        after, before = (datetime.fromisoformat(one) for one in found.groups())
        limit, offset = int(query["limit"][0]), int(query["offset"][0])
        assert after <= before
        assert 1 <= limit <= PAGE_MAX
        every = sorted(
            (one["lastModifiedDate"], number)
            for number, one in self.orders.items()
            if after <= datetime.fromisoformat(one["lastModifiedDate"]) <= before
        )
        page = every[offset : offset + min(limit, PAGE_USUAL)]
        said: dict[str, Any] = {
            "orders": [self.orders[number] for _, number in page],
            "total": len(every),
            "limit": limit,
            "offset": offset,
        }
        if offset + len(page) < len(every):
            said["next"] = "https://api.ebay.com/sell/fulfillment/v1/order?…"
        fitting("fulfillment", "OrderSearchPagedCollection", said)
        return self._said(200, said)

    def _offers(self, query: Mapping[str, list[str]], body: Any) -> Answer:
        del body
        assert query["marketplace_id"] == [MARKETPLACE]
        theirs = [one for one in self.offers.values() if one["sku"] == query["sku"][0]]
        if not theirs:
            raise Refuses(404, 25713, "This Offer is not available.")
        return self._said(200, {"offers": theirs, "total": len(theirs)})

    def _update(self, query: Any, body: Any) -> Answer:
        del query
        fitting("inventory", "BulkPriceQuantity", body)
        if len(body["requests"]) > BATCH_MAX:
            raise Refuses(400, 25709, "At most 25 requests")
        said = {"responses": [self._one(one) for one in body["requests"]]}
        fitting("inventory", "BulkPriceQuantityResponse", said)
        return self._said(200, said)

    def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        sku = request["sku"]
        if sku not in self.stock:
            fault = Refuses(404, 25702, f"{sku} could not be found").body
            return {"sku": sku, "statusCode": 404, **fault}
        if "shipToLocationAvailability" in request:
            self.stock[sku] = request["shipToLocationAvailability"]["quantity"]
        for offer in request.get("offers", ()):
            self.offers[offer["offerId"]]["price"] = offer["price"]
        return {"sku": sku, "statusCode": 200}
