"""Parts of a strict shop: how it names things, how it refuses, returns its customers ask for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from crosslane.channels import Answer, Call

ORDERS_PATH = "admin/api/2026-10/orders.json"
NOTE_CHARACTERS_MAX = 500


def gid(kind: str, number: object) -> str:
    return f"gid://shopify/{kind}/{number}"


def error(message: str, *at: str, code: str = "") -> dict[str, Any]:
    return {"message": message, "field": list(at) or None, **({"code": code} if code else {})}


@dataclass
class AskedReturns:
    """Returns that customers of a shop have asked for, by name."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, number: str, status: str = "REQUESTED") -> None:
        """A return a customer has asked for."""
        self.known[gid("Return", number)] = {"id": gid("Return", number), "status": status}

    def root(self) -> dict[str, Callable[..., Any]]:
        """What the shop shows and does of them."""
        return {
            "return": lambda _, id: self.known.get(id),
            "returnApproveRequest": self._approve,
            "returnDeclineRequest": self._decline,
        }

    def _approve(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        return self._decide(input, "OPEN")

    def _decline(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        if len(input.get("declineNote") or "") > NOTE_CHARACTERS_MAX:
            return {"userErrors": [error("is too long", "input", "declineNote", code="INVALID")]}
        return self._decide(input, "DECLINED")

    def _decide(self, input: dict[str, Any], status: str) -> dict[str, Any]:
        one = self.known.get(input["id"])
        if one is None:
            return {"userErrors": [error("Return not found.", "input", "id", code="NOT_FOUND")]}
        if one["status"] != "REQUESTED":
            said = error("Return is not requested.", "input", "id", code="INVALID_STATE")
            return {"userErrors": [said]}
        one |= {"status": status, "decided": input}
        return {"return": {"id": one["id"]}, "userErrors": []}


@dataclass
class ListedOrders:
    """Orders as the REST API lists them: by number, a page naming the next one for a while.

    Args:
        orders: as webhooks tell them, by number.
        page_max: orders of a page at most, fewer than asked for.
        pages: what is left of a list that was begun, by the word that names it.
    """

    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    page_max: int = 250
    pages: dict[str, list[int]] = field(default_factory=dict)

    def is_asked(self, call: Call) -> bool:
        """Whether a call asks for them."""
        return call.method == "GET" and call.path.partition("?")[0] == ORDERS_PATH

    def answer(self, call: Call) -> Answer:
        """Answer a call as it would over HTTP."""
        query = dict(parse_qsl(call.path.partition("?")[2], strict_parsing=True))
        size = int(query.pop("limit", "50"))
        assert 1 <= size <= 250, size
        if token := query.pop("page_info", ""):
            if token not in self.pages or query:
                return Answer(status=400, body=b'{"errors":{"page_info":"Invalid value."}}')
            wanted = self.pages[token]
        else:
            wanted = self._wanted(**query)
        size = min(size, self.page_max)
        headers = {}
        if left := wanted[size:]:
            name = f"page-{left[0]}"
            self.pages[name] = left
            url = f"https://shop.example/{ORDERS_PATH}?limit={size}&page_info={name}"
            headers["link"] = f'<{url}>; rel="next"'
        page = [self.orders[number] for number in wanted[:size]]
        return Answer(headers=headers, body=msgspec.json.encode({"orders": page}))

    def _wanted(self, status: str, updated_at_min: str, updated_at_max: str) -> list[int]:
        assert status == "any"
        first, last = map(datetime.fromisoformat, (updated_at_min, updated_at_max))
        changed = {n: datetime.fromisoformat(o["updated_at"]) for n, o in self.orders.items()}
        return [n for n in sorted(self.orders, reverse=True) if first <= changed[n] <= last]
