"""A strict Square: it takes what its published models allow and refuses all else, as it does."""

import json
from datetime import datetime
from typing import Any

import msgspec

from crosslane.channels import Answer, Call
from tests.channels.schemas.square import fitting

TOKEN = "EAAA-of-the-tests"
VERSION = "2026-09-16"
BATCH_MAX = 100
PAGE_USUAL = 2
LOCATIONS_MAX = 10
PLACE = "L-OXFORD"


class Refuses(Exception):
    """An error of Square's."""

    def __init__(self, status: int, code: str, detail: str, *fields: str) -> None:
        super().__init__(detail)
        self.status = status
        one = {"category": "INVALID_REQUEST_ERROR", "code": code, "detail": detail}
        self.body = {"errors": [one | {"field": each} for each in fields] or [one]}


class StrictSquare:
    """Square's Inventory and Orders APIs of one seller."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.articles: set[str] = set()
        self.places = {PLACE}
        self.stock: dict[str, str] = {}
        self.done: dict[str, Any] = {}

    def add_order(self, order: dict[str, Any]) -> None:
        """Let an order be there, or be as it is now."""
        self.orders[order["id"]] = fitting("Order", order)

    def add_article(self, number: str) -> None:
        """Let an article be there."""
        self.articles.add(number)

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        path = f"/{call.path.lstrip('/')}"
        self.calls.append(f"{call.method} {path}")
        try:
            if call.headers.get("authorization") != f"Bearer {TOKEN}":
                raise Refuses(401, "UNAUTHORIZED", "This request could not be authorized.")
            assert call.headers["square-version"] == VERSION
            body = msgspec.json.decode(call.body)
            if call.method == "POST" and path == "/v2/inventory/changes/batch-create":
                return self._said(200, self._change(body))
            if call.method == "POST" and path == "/v2/orders/search":
                return self._said(200, self._search(body))
            raise Refuses(404, "NOT_FOUND", f"No operation {call.method} {path}")
        except Refuses as refuses:
            return self._said(refuses.status, refuses.body)

    def _said(self, status: int, body: Any) -> Answer:
        return Answer(status=status, body=msgspec.json.encode(body))

    def _change(self, body: dict[str, Any]) -> Any:
        fitting("BatchChangeInventoryRequest", body)
        key, changes = body["idempotency_key"], body["changes"]
        assert 1 <= len(key) <= 128
        said = json.dumps(body, sort_keys=True)
        if key in self.done:
            if self.done[key][0] != said:
                raise Refuses(400, "IDEMPOTENCY_KEY_REUSED", "The key stands for another request")
            return self.done[key][1]
        if not 1 <= len(changes) <= BATCH_MAX:
            raise Refuses(400, "ARRAY_LENGTH_TOO_LONG", "At most 100 changes", "changes")
        counts = [one["physical_count"] for one in changes]
        lost = [
            f"changes[{n}].physical_count.catalog_object_id"
            for n, one in enumerate(counts)
            if one["catalog_object_id"] not in self.articles
        ]
        if lost:
            raise Refuses(400, "NOT_FOUND", "The article is not there", *lost)
        for one in counts:
            assert one["location_id"] in self.places
            assert one["quantity"].isdecimal()
            assert datetime.fromisoformat(one["occurred_at"])
            self.stock[f"{one['catalog_object_id']}@{one['location_id']}"] = one["quantity"]
        told = [
            {
                "catalog_object_id": one["catalog_object_id"],
                "catalog_object_type": "ITEM_VARIATION",
                "state": one["state"],
                "location_id": one["location_id"],
                "quantity": one["quantity"],
                "calculated_at": one["occurred_at"],
            }
            for one in counts
        ]
        answer = {"counts": [fitting("InventoryCount", one) for one in told]}
        self.done[key] = (said, answer)
        return answer

    def _search(self, body: dict[str, Any]) -> Any:
        fitting("SearchOrdersQuery", body["query"])
        assert body.keys() <= {"location_ids", "limit", "query", "cursor"}
        assert 1 <= len(body["location_ids"]) <= LOCATIONS_MAX
        assert 1 <= body["limit"] <= 1_000
        # Only what is sorted by a time may be filtered by it.
        assert body["query"]["sort"]["sort_field"] == "UPDATED_AT"
        asked = body["query"]["filter"]["date_time_filter"]["updated_at"]
        after, before = (datetime.fromisoformat(asked[one]) for one in ("start_at", "end_at"))
        assert after <= before
        found = sorted(
            (one["updated_at"], number)
            for number, one in self.orders.items()
            if after <= datetime.fromisoformat(one["updated_at"]) <= before
            and one["location_id"] in body["location_ids"]
        )
        begin = int(body.get("cursor", "0"))
        end = begin + min(body["limit"], PAGE_USUAL)
        said: dict[str, Any] = {"orders": [self.orders[number] for _, number in found[begin:end]]}
        if not said["orders"]:
            return {}
        return said | {"cursor": str(end)} if end < len(found) else said
