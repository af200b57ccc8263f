"""Parts of a strict shop: how it names things, how it refuses, returns its customers ask for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
