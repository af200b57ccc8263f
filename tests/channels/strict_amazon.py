"""A strict Amazon: as much of its Selling Partner API as is called, as its models say it answers.

Bodies that it takes and gives are held against Amazon's own models. A call needs a token of the
last hour; an order takes no more units than it has left to send, and a package that is confirmed
again by its number is the same package.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import msgspec

from crosslane.channels import Answer, Call
from tests.channels.schemas.amazon import fitting

CLIENT, SECRET, REFRESH = "amzn1.application-oa2-client.1", "amzn1.oa2-cs.v1.2", "Atzr|3"
SELLER, MARKETPLACE = "A3TH9S8BH6GOGM", "A1F83G8C2ARO7P"
PAGE_MAX = 100
# Pages are as long as this, however long they were wanted.
PAGE_USUAL = 3
BATCH_MAX = 10
TOKENS_ASKED = "POST /auth/o2/token"


class Refuses(Exception):
    """Amazon refuses: status, code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"code": code, "message": message}]}


class StrictAmazon:
    """One seller at one marketplace."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.listings: dict[str, dict[str, Any]] = {}
        self.external: dict[tuple[str, str], int] = {}
        self.stores: dict[str, str] = {}
        self.pickups: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self.invalid_skus: set[str] = set()
        self.statuses: list[int] = []

    def add_order(self, order: dict[str, Any]) -> None:
        """Take an order, or tell it anew."""
        fitting("sales", "Order", order)
        self.orders[order["orderId"]] = {"packages": [], **order}

    def collect(self, number: str, store: str) -> None:
        """Let an order be collected in a store, which only the older API names."""
        self.orders[number]["programs"] = ["PRIME", "IN_STORE_PICK_UP"]
        self.stores[number] = store

    def change(self, number: str, **told: Any) -> None:
        """Let an order be otherwise, a second after it was last."""
        self.orders[number] |= told
        self.touch(number)

    def say(self, status: int) -> None:
        """Let it answer a status to the next call, before it looks at it."""
        self.statuses.append(status)

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        url = urlsplit(call.path)
        path = f"/{url.path.lstrip('/')}"
        self.calls.append(f"{call.method} {path}")
        try:
            if self.statuses:
                raise Refuses(self.statuses.pop(0), "QuotaExceeded", "You exceeded your quota")
            if path == "/auth/o2/token":
                return self._said(200, self._token(call))
            if call.headers.get("x-amz-access-token") not in self.tokens:
                raise Refuses(403, "Unauthorized", "Access to requested resource is denied.")
            body = msgspec.json.decode(call.body) if call.body else None
            status, said = self._route(call.method, path, parse_qs(url.query), body)
        except Refuses as refuses:
            return self._said(refuses.status, refuses.body)
        return self._said(status, said)

    def _said(self, status: int, body: Any) -> Answer:
        raw = b"" if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json", "x-amzn-ratelimit-limit": "2.0"}
        return Answer(status=status, headers=headers, body=raw)

    def _token(self, call: Call) -> dict[str, Any]:
        form = dict(parse_qsl(call.body.decode(), strict_parsing=True))
        good = {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH,
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
        if form != good:
            raise Refuses(400, "invalid_grant", "The request has an invalid grant parameter")
        token = f"Atza|{len(self.calls)}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "bearer", "expires_in": 3600}

    def _route(
        self, method: str, path: str, query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        for pattern, handle in (
            (r"POST /orders/v0/orders/([^/]+)/shipmentConfirmation", self._confirm),
            (r"POST /orders/v0/orders/([^/]+)/shipment", self._pick_up),
            (r"GET /orders/v0/orders/([^/]+)/orderItems", self._items),
            (r"GET /orders/2026-01-01/orders/([^/]+)", self._order),
            (r"GET /orders/2026-01-01/orders", self._search),
            (rf"PATCH /listings/2021-08-01/items/{SELLER}/([^/]+)", self._patch),
            (r"POST /externalFulfillment/inventory/2024-09-11/inventories", self._inventory),
        ):
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return handle(*map(unquote, found.groups()), query, body)
        raise Refuses(404, "NotFound", f"No operation {method} {path}")

    def _known(self, number: str) -> dict[str, Any]:
        if number not in self.orders:
            raise Refuses(404, "NotFound", f"No order {number}")
        return self.orders[number]

    def _confirm(self, number: str, query: Any, body: Any) -> tuple[int, Any]:
        del query
        try:
            fitting("orders", "ConfirmShipmentRequest", body)
        except (AssertionError, ValueError) as wrong:
            raise Refuses(400, "InvalidInput", str(wrong)) from None
        order, told = self._known(number), body["packageDetail"]
        reference = told["packageReferenceId"]
        assert re.fullmatch(r"[1-9]\d*", reference), reference
        assert told["carrierCode"] != "Other" or told.get("carrierName"), told
        packages = [p for p in order["packages"] if p["packageReferenceId"] != reference]
        left = {item["orderItemId"]: item["quantityOrdered"] for item in order["orderItems"]}
        for item in [i for p in packages for i in p["packageItems"]] + told["orderItems"]:
            left[item["orderItemId"]] = left.get(item["orderItemId"], 0) - item["quantity"]
        if body["marketplaceId"] != MARKETPLACE or min(left.values()) < 0:
            raise Refuses(400, "InvalidInput", "More units than are left to be shipped")
        packages.append(
            {
                "packageReferenceId": reference,
                "packageStatus": {"status": "SHIPPED"},
                "carrier": told.get("carrierName") or told["carrierCode"],
                "shipTime": told["shipDate"],
                "trackingNumber": told["trackingNumber"],
                "packageItems": [
                    {"orderItemId": i["orderItemId"], "quantity": i["quantity"]}
                    for i in told["orderItems"]
                ],
            }
        )
        order["packages"] = packages
        status = "PARTIALLY_SHIPPED" if any(left.values()) else "SHIPPED"
        order["fulfillment"] = order["fulfillment"] | {"fulfillmentStatus": status}
        self.touch(number)
        return 204, None

    def touch(self, number: str) -> None:
        """Let an order have been updated a moment after it was last."""
        at = datetime.fromisoformat(self.orders[number]["lastUpdatedTime"])
        later = (at + timedelta(seconds=1)).astimezone(UTC).isoformat()
        self.orders[number]["lastUpdatedTime"] = later.replace("+00:00", "Z")

    def _pick_up(self, number: str, query: Any, body: Any) -> tuple[int, Any]:
        del query
        fitting("orders", "UpdateShipmentStatusRequest", body)
        self._known(number)
        self.pickups.append((number, body["shipmentStatus"]))
        return 204, None

    def _order(self, number: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        del body
        assert set(query) <= {"includedData"}
        return 200, self._checked("GetOrderResponse", {"order": self._known(number)})

    def _items(self, number: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        del body
        assert not query
        items = [
            {
                "ASIN": "B0A",
                "OrderItemId": item["orderItemId"],
                "SellerSKU": item["product"]["sellerSku"],
                "QuantityOrdered": item["quantityOrdered"],
                "ItemPrice": {"CurrencyCode": "GBP", "Amount": "2.00"},
                "StoreChainStoreId": self.stores.get(number),
            }
            for item in self._known(number)["orderItems"]
        ]
        told = [{name: value for name, value in item.items() if value} for item in items]
        said = {"payload": {"AmazonOrderId": number, "OrderItems": told}}
        fitting("orders", "GetOrderItemsResponse", said)
        return 200, said

    def _search(self, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        del body
        after = datetime.fromisoformat(query["lastUpdatedAfter"][0])
        before = datetime.fromisoformat(query["lastUpdatedBefore"][0])
        assert after <= before, query
        assert query["marketplaceIds"] == [MARKETPLACE]
        size = int(query.get("maxResultsPerPage", ["100"])[0])
        assert 1 <= size <= PAGE_MAX
        token = query.get("paginationToken", ["0"])[0]
        if not token.isdecimal():
            raise Refuses(400, "InvalidInput", "The token is not good any more")
        begin = int(token)
        found = sorted(
            (o["lastUpdatedTime"], number)
            for number, o in self.orders.items()
            if after <= datetime.fromisoformat(o["lastUpdatedTime"]) <= before
        )
        size = min(size, PAGE_USUAL)
        page = found[begin : begin + size]
        said: dict[str, Any] = {"orders": [self.orders[number] for _, number in page]}
        if begin + size < len(found):
            said["pagination"] = {"nextToken": str(begin + size)}
        said["lastUpdatedBefore"] = query["lastUpdatedBefore"][0]
        return 200, self._checked("SearchOrdersResponse", said)

    def _checked(self, name: str, said: Any) -> Any:
        fitting("sales", name, said)
        return said

    def _patch(self, sku: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        fitting("listings", "ListingsItemPatchRequest", body)
        assert query["marketplaceIds"] == [MARKETPLACE]
        wrong = sku in self.invalid_skus
        issue = {
            "code": "90220",
            "message": "'size' is required but not supplied.",
            "severity": "ERROR",
            "categories": ["MISSING_ATTRIBUTE"],
        }
        for patch in () if wrong else body["patches"]:
            attribute = patch["path"].removeprefix("/attributes/")
            self.listings.setdefault(sku, {})[attribute] = patch["value"][0]
        said = {
            "sku": sku,
            "status": "INVALID" if wrong else "ACCEPTED",
            "submissionId": f"s-{len(self.calls)}",
            "issues": [issue] if wrong else [],
        }
        fitting("listings", "ListingsItemSubmissionResponse", said)
        return 200, said

    def _inventory(self, query: Any, body: Any) -> tuple[int, Any]:
        del query
        fitting("inventory", "BatchInventoryRequest", body)
        if len(body["requests"]) > BATCH_MAX:
            words = "Maximum number for requests supported in batch is 10."
            raise Refuses(400, "BATCH_SIZE_EXCEED", words)
        answers = [self._one_inventory(one) for one in body["requests"]]
        said = {"responses": answers}
        fitting("inventory", "BatchInventoryResponse", said)
        return 207, said

    def _one_inventory(self, request: dict[str, Any]) -> dict[str, Any]:
        url, body = urlsplit(request["uri"]), request["body"]
        assert (request["method"], url.path) == ("POST", "/inventory/update")
        where = {name: values[0] for name, values in parse_qs(url.query).items()}
        status = {"statusCode": 200, "reasonPhrase": "Success"}
        if where["skuId"] in self.invalid_skus:
            status = {"statusCode": 404, "reasonPhrase": "SKU not found"}
        else:
            self.external[where["locationId"], where["skuId"]] = body["quantity"]
        told = {"skuId": where["skuId"], "locationId": where["locationId"]}
        told["sellableQuantity"] = body["quantity"]
        return {"status": status, "body": told}
