"""Calls of a shop's Admin API: GraphQL over HTTP, what they cost, and what its errors mean.

Rules: "GraphQL Admin API", "Response status and error codes" and, of apps for one's own shops,
"Using the client credentials grant" of Shopify's documentation, version 2026-10. Each call takes
points out of a bucket that fills again; a call the bucket is too empty for is answered THROTTLED,
and by then nothing of it was done. What a call was refused for stands in ``userErrors``, and then
too nothing of it was done.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.telling import (
    Answer,
    Busy,
    Call,
    Later,
    Refused,
    Talk,
    json_call,
)
from crosslane.channels.adapters.tokens import access_token

API_VERSION = "2026-10"
TOKEN = "x-shopify-access-token"  # noqa: S105 - the header's name
GRANTS = "admin/oauth/access_token"
CLOSED_SECONDS = 3_600
NOTIFIES, YES = "notify_customer", "yes"
"""How long to wait for a shop that its owner has to open again."""

THROTTLED_SECONDS_MAX = 60
DETAIL_CHARACTERS_MAX = 300
ERRORS_MAX = 3
# Statuses that tell of the shop or of our access to it, not of what was asked for.
CLOSED = frozenset({402, 423})
DENIED = {403: "access-denied", 404: "shop-unknown", 430: "access-denied"}

Asking = Generator[Call, Answer, dict[str, Any]]


def ask(talk: Talk, document: str, variables: Mapping[str, Any]) -> Asking:
    """Ask a shop for something, and return what it says.

    Args:
        talk: with whom.
        document: of GraphQL, with one operation.
        variables: of it.

    Raises:
        Busy: the bucket is too empty, or the shop is closed for now.
        Later: the shop has failed.
        Refused: we may not, or there is no such shop, or it does not understand us.
    """
    token = yield from _token(talk)
    body = {"query": document, "variables": variables}
    answer = yield json_call("POST", _path(talk, "graphql.json"), body, {TOKEN: token})
    if answer.status in CLOSED:
        raise Busy(CLOSED_SECONDS)
    if not answer.is_good:
        code = DENIED.get(answer.status, f"answer-{answer.status}")
        raise Refused(code, f"The shop answered with status {answer.status}")
    said = answer.document()
    if not isinstance(said, dict):
        raise Later("The shop's answer is no object")
    if errors := said.get("errors"):
        _fail(errors, said)
    data = said.get("data")
    if not isinstance(data, dict):
        raise Later("The shop's answer has no data")
    return data


def get(talk: Talk, path: str, *, answer_bytes_max: int) -> Generator[Call, Answer, Answer]:
    """Ask a shop for something it tells by REST alone as its webhooks do, and return its answer.

    Args:
        talk: with whom.
        path: of the API, without its version.
        answer_bytes_max: the longest answer that is read.

    Raises:
        Busy: the shop is closed for now.
    """
    token = yield from _token(talk)
    call = json_call("GET", _path(talk, path), None, {TOKEN: token})
    answer = yield msgspec.structs.replace(call, answer_bytes_max=answer_bytes_max)
    if answer.status in CLOSED:
        raise Busy(CLOSED_SECONDS)
    return answer


def _path(talk: Talk, name: str) -> str:
    return f"admin/api/{talk.settings.get('api_version', API_VERSION)}/{name}"


def _token(talk: Talk) -> Generator[Call, Answer, str]:
    """Return a token for calls: that of the connection, or one that is granted for a day."""
    client, _, secret = talk.secret.partition(":")
    if not secret:
        return talk.secret
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    asks = Call(
        method="POST",
        path=GRANTS,
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    return (yield from access_token(talk, asks))


def _fail(errors: Any, said: Mapping[str, Any]) -> None:
    """Raise what an answer that is no answer means."""
    first = errors[0] if isinstance(errors, list) and errors else {}
    first = first if isinstance(first, dict) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code", "")) if isinstance(extensions, dict) else ""
    if code == "THROTTLED":
        raise Busy(wait_seconds(said))
    if code == "SHOP_INACTIVE":
        raise Busy(CLOSED_SECONDS)
    if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
        raise Later("The shop has failed")
    told = str(first.get("message", ""))[:DETAIL_CHARACTERS_MAX]
    raise Refused(code.lower().replace("_", "-") or "query-refused", told)


def wait_seconds(said: Mapping[str, Any]) -> float:
    """Return after how long the bucket holds what a throttled call costs.

    Args:
        said: the answer.
    """
    try:
        cost = said["extensions"]["cost"]
        status = cost["throttleStatus"]
        missing = cost["requestedQueryCost"] - status["currentlyAvailable"]
        seconds = math.ceil(missing / status["restoreRate"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        seconds = 1
    return min(max(1, seconds), THROTTLED_SECONDS_MAX)


def every(
    talk: Talk, document: str, variables: Mapping[str, Any], *path: str
) -> Generator[Call, Answer, list[dict[str, Any]]]:
    """Return the nodes of a connection, page by page.

    Args:
        talk: with whom.
        document: asks for ``nodes`` and ``pageInfo``, of those after ``$after``.
        variables: of it, without ``after``.
        path: of names from the answer to the connection.

    Raises:
        Refused: what it is of is not there.
    """
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        part: Any = yield from ask(talk, document, {**variables, "after": after})
        for name in path:
            if (part := part[name]) is None:
                raise Refused("not-there", f"The shop knows no such {name}")
        found += part["nodes"]
        if not part["pageInfo"]["hasNextPage"]:
            return found
        after = part["pageInfo"]["endCursor"]


def do(
    talk: Talk, document: str, variables: Mapping[str, Any]
) -> Generator[Call, Answer, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Have a shop do something; return what came of it, and what it was refused for.

    Args:
        talk: with whom.
        document: of one mutation.
        variables: of it.
    """
    data = yield from ask(talk, document, variables)
    payload: dict[str, Any] = next(iter(data.values())) or {}
    return payload, [*payload.get("userErrors", ()), *payload.get("orderCancelUserErrors", ())]


def must(talk: Talk, document: str, variables: Mapping[str, Any]) -> Asking:
    """Have a shop do something, and return what came of it.

    Raises:
        Refused: it does not do it; with its first code, and its words with their fields.
    """
    payload, errors = yield from do(talk, document, variables)
    if errors:
        raise Refused(*reason_of(errors))
    return payload


def reason_of(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the first code of what was refused, and the words with their fields."""
    code = next((str(one["code"]) for one in errors if one.get("code")), "user-error")
    told = (
        ": ".join(filter(None, ("/".join(map(str, one.get("field") or ())), one["message"])))
        for one in errors[:ERRORS_MAX]
    )
    return code.lower().replace("_", "-"), "; ".join(told)[:DETAIL_CHARACTERS_MAX]


def ask_order(talk: Talk, document: str, number: str) -> Asking:
    """Ask for an order, and return it.

    Args:
        talk: with whom.
        document: asks for the ``order`` whose ``$id`` it is.
        number: the shop's own of it.

    Raises:
        Refused: there is none.
    """
    data = yield from ask(talk, document, {"id": gid("Order", number)})
    if data["order"] is None:
        raise Refused("order-unknown", "The shop knows no such order, or lets us not see it")
    return data["order"]


def gid(kind: str, number: str) -> str:
    """Return the name of a thing as GraphQL knows it, by its number or that name.

    Args:
        kind: such as Order.
        number: as webhooks tell it.
    """
    return number if number.startswith("gid://") else f"gid://shopify/{kind}/{number}"


def number_of(name: str) -> str:
    """Return the number in the name of a thing."""
    return name.rpartition("/")[2].partition("?")[0]


def notifies(talk: Talk) -> bool:
    """Return whether the shop is to write to the customer about what it is told."""
    return talk.settings.get(NOTIFIES, "") == YES
