"""A strict shop: WooCommerce's REST API, version 3, as its reference and its source say it answers.

It knows orders with their lines, notes and refunds, products and their variations, and the Shipment
Tracking extension. A refund beyond what is left is answered 500, as the real one does.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from crosslane.channels import Answer, Call
from tests.channels.schemas.woocommerce import faults_of

KEY, SECRET = "ck_strict", "cs_strict"
STATUSES = frozenset(
    {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash"}
)
BATCH_MAX = 100
ORDERED_BY = ("date", "id", "include", "title", "slug", "modified")


class Refuses(Exception):
    """The shop refuses: its code, words and status."""

    def __init__(self, status: int, code: str, message: str = "Not so") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    @property
    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": {"status": self.status}}


class StrictWoo:
    """One shop."""

    def __init__(self) -> None:
        self.orders: dict[int, dict[str, Any]] = {}
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.trackings: dict[int, list[dict[str, Any]]] = {}
        self.products: dict[int, dict[str, Any]] = {}
        self.calls: list[str] = []
        self._headers: dict[str, str] = {}
        self._last = 100

    def add_order(
        self,
        number: int,
        lines: Mapping[Any, int],
        *,
        total: str = "50.00",
        status: str = "processing",
        currency: str = "GBP",
    ) -> None:
        self.orders[number] = {
            "id": number,
            "status": status,
            "currency": currency,
            "total": total,
            "line_items": [{"id": int(n), "quantity": units} for n, units in lines.items()],
        }
        self.refunds[number], self.notes[number], self.trackings[number] = [], [], []

    def save_order(self, order: Mapping[str, Any], changed: Any) -> None:
        """Take an order as a shop tells it, changed at an instant of its own."""
        at = datetime.fromisoformat(str(changed)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        number = order["id"]
        self.orders[number] = {**order, "date_modified": at, "date_modified_gmt": at}
        self.refunds[number], self.notes[number], self.trackings[number] = [], [], []

    def add_product(self, sku: str, parent: int = 0) -> dict[str, Any]:
        number = self._next()
        self.products[number] = {"id": number, "sku": sku, "parent_id": parent}
        return self.products[number]

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        body = msgspec.json.decode(call.body) if call.body else None
        told = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        url = urlsplit(call.path)
        self._headers = {}
        self.calls.append(f"{call.method} {url.path.partition('/v3/')[2]}")
        try:
            if call.headers.get("authorization") != f"Basic {told}":
                raise Refuses(401, "woocommerce_rest_cannot_view")
            if faults := faults_of(call.method, call.path, body):
                raise AssertionError(faults)
            said = self._route(call.method, url.path, parse_qs(url.query), body)
        except Refuses as refuses:
            return Answer(status=refuses.status, body=msgspec.json.encode(refuses.body))
        status = 201 if call.method == "POST" and "batch" not in call.path else 200
        return Answer(status=status, headers=self._headers, body=msgspec.json.encode(said))

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _route(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        if found := re.search(r"/orders/(\d+)(?:/([a-z-]+))?$", path):
            number, part = int(found[1]), found[2] or ""
            if number not in self.orders:
                raise Refuses(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
            return getattr(self, f"_{method.lower()}_{part.replace('-', '_') or 'order'}")(
                number, body if body is not None else query
            )
        if found := re.search(r"/products/(?:(\d+)/variations/)?batch$", path):
            return self._batch(int(found[1] or 0), body["update"])
        if path.endswith("/orders"):
            return self._list_orders({name: values[0] for name, values in query.items()})
        return self._search(query)

    def _list_orders(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Orders changed within a time whose ends are not in it, by whole seconds."""
        enums = {"status": ("any", "trash"), "orderby": ORDERED_BY, "order": ("asc", "desc")}
        wrong = [name for name, known in enums.items() if query[name] not in known]
        after, before = (
            datetime.strptime(query[name], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
            for name in ("modified_after", "modified_before")
        )
        size, page = int(query["per_page"]), int(query["page"])
        wrong += ["per_page"] if not 1 <= size <= 100 else ["page"] if page < 1 else []
        if wrong:
            raise Refuses(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(wrong)}")
        assert (query["dates_are_gmt"], query["orderby"], query["order"]) == (
            "true",
            "modified",
            "asc",
        )
        found = sorted(
            (changed, number)
            for number, order in self.orders.items()
            if (order["status"] == "trash") == (query["status"] == "trash")
            and after
            < (changed := datetime.fromisoformat(f"{order['date_modified_gmt']}Z"))
            < before
        )
        self._headers = {
            "x-wp-total": str(len(found)),
            "x-wp-totalpages": str(-(-len(found) // size)),
        }
        return [self.orders[number] for _, number in found[(page - 1) * size : page * size]]

    def _get_order(self, number: int, _: Any) -> dict[str, Any]:
        return self.orders[number]

    def _put_order(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("status", "pending") not in STATUSES:
            raise Refuses(400, "rest_invalid_param", "Invalid parameter(s): status")
        self.orders[number] |= body
        return self.orders[number]

    def _get_notes(self, number: int, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        (kind,) = query.get("type", ["any"])
        if kind not in ("any", "customer", "internal"):
            raise Refuses(400, "rest_invalid_param", "Invalid parameter(s): type")
        wanted = {"any": (True, False), "customer": (True,), "internal": (False,)}[kind]
        return [note for note in self.notes[number] if note["customer_note"] in wanted]

    def _post_notes(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        kept = body["note"].replace("&", "&amp;")
        note = {"id": self._next(), "customer_note": False, **body, "note": kept}
        self.notes[number].append(note)
        return note

    def _get_refunds(self, number: int, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size, page = int(query["per_page"][0]), int(query["page"][0])
        assert 1 <= size <= 100
        return self.refunds[number][(page - 1) * size : page * size]

    def _post_refunds(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        order, given = self.orders[number], sum(Decimal(r["amount"]) for r in self.refunds[number])
        lines = body.get("line_items", [])
        if Decimal(body["amount"]) > Decimal(order["total"]) - given:
            code = "woocommerce_rest_cannot_create_order_refund"
            raise Refuses(500, code, "Invalid refund amount.")
        known = {line["id"] for line in order["line_items"]}
        assert all(line["id"] in known for line in lines), lines
        refund = {
            "id": self._next(),
            "amount": body["amount"],
            "reason": body.get("reason", ""),
            "refunded_payment": body["api_refund"],
            "restocked": body["api_restock"],
            "meta_data": [{"id": self._next(), **meta} for meta in body["meta_data"]],
            "line_items": [
                {
                    "id": self._next(),
                    "quantity": -line["quantity"],
                    "meta_data": [{"key": "_refunded_item_id", "value": str(line["id"])}],
                }
                for line in lines
            ],
        }
        self.refunds[number].insert(0, refund)
        return refund

    def _get_shipment_trackings(self, number: int, _: Any) -> list[dict[str, Any]]:
        return self.trackings[number]

    def _post_shipment_trackings(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        self.trackings[number].append(body)
        return body

    def _search(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = query["sku"][0].split(",")
        return [product for product in self.products.values() if product["sku"] in wanted]

    def _batch(self, parent: int, changes: list[dict[str, Any]]) -> dict[str, Any]:
        if len(changes) > BATCH_MAX:
            raise Refuses(413, "woocommerce_rest_request_entity_too_large")
        done = []
        for change in changes:
            product = self.products.get(change["id"])
            if product is None or product["parent_id"] != parent:
                refuses = Refuses(400, "woocommerce_rest_product_invalid_id", "Invalid ID.")
                done.append({"id": change["id"], "error": refuses.body})
                continue
            product |= change
            done.append(product)
        return {"update": done}
