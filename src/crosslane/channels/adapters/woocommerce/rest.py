"""Calls of a shop's REST API, version 3: by the key and the secret of a user, and what is refused.

Rules: "Authentication" and "Errors" of WooCommerce's REST API reference. Key and secret, joined by
a colon, are the connection's token, and go as HTTP Basic authentication. An error tells a code,
words and a status, also where it stands in the answer to a batch.
"""

import base64
from collections.abc import Generator, Mapping, Sequence
from html import unescape
from typing import Any

import msgspec

from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Later,
    Outcome,
    Refused,
    Talk,
    json_call,
)

API = "wp-json/wc/v3"
PAGE = 100
PAGES_MAX = 50
PREFIX = "woocommerce_rest_"
DETAIL_CHARACTERS_MAX = 300
ANSWER_BYTES_MAX = 32 << 20
"""A product tells its texts and pictures, and a batch answers with a hundred of them."""

MARK = "_crosslane"
"""Name of the value by which what we have made is found again."""

Asking = Generator[Call, Answer, Any]


def ask(talk: Talk, method: str, path: str, body: object = None) -> Asking:
    """Ask a shop for something, and return what it says.

    Args:
        talk: with whom.
        method: of HTTP.
        path: of the API, without its version.
        body: to be sent; none when None.

    Raises:
        Refused: it is not done, by its own code and words.
        Later: what answers is no shop.
    """
    answer = yield request(talk, method, path, body)
    if answer.is_good:
        return answer.document()
    raise Refused(*reason_told(answer))


def request(talk: Talk, method: str, path: str, body: object = None) -> Call:
    """Return a call of a shop; arguments as of :func:`ask`."""
    key = base64.b64encode(talk.secret.encode()).decode()
    where = path if path.startswith("wp-json/") else f"{API}/{path}"
    call = json_call(method, where, body, {"authorization": f"Basic {key}"})
    return msgspec.structs.replace(call, answer_bytes_max=ANSWER_BYTES_MAX)


def reason_told(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an answer that something is not done."""
    default = f"answer-{answer.status}"
    try:
        said = answer.document()
    except Later:
        said = None
    if isinstance(said, dict):
        return reason_of(said, default)
    return default, f"The shop answered with status {answer.status}"


def reason_of(error: Mapping[str, Any], default: str = "refused") -> tuple[str, str]:
    """Return the code and the words of an error; what stays open is told as its default."""
    code = str(error.get("code") or default).removeprefix(PREFIX).replace("_", "-")
    return code[:60], str(error.get("message", ""))[:DETAIL_CHARACTERS_MAX]


def every(talk: Talk, path: str) -> Generator[Call, Answer, list[dict[str, Any]]]:
    """Return all there is of a collection, page by page."""
    found: list[dict[str, Any]] = []
    mark = "&" if "?" in path else "?"
    for page in range(1, PAGES_MAX + 1):
        part = yield from ask(talk, "GET", f"{path}{mark}per_page={PAGE}&page={page}")
        found += part
        if len(part) < PAGE:
            break
    return found


def write_note(
    talk: Talk, order: str, text: str, *, customer: bool
) -> Generator[Call, Answer, bool]:
    """Write a note at an order unless it is there; return whether it was not.

    Args:
        talk: with whom.
        order: number of the order.
        text: by which it is found again.
        customer: it is for the customer, whom the shop sends it; else for the people of the shop.

    Raises:
        Refused: there is no such order.
    """
    path = order_path(order, "notes")
    there = yield from ask(talk, "GET", f"{path}?type={'customer' if customer else 'internal'}")
    if any(unescape(note.get("note", "")).strip() == text for note in there):
        return False
    yield from ask(talk, "POST", path, {"note": text, "customer_note": customer})
    return True


def is_marked(made: Mapping[str, Any], key: str) -> bool:
    """Whether something was made for a message of ours."""
    return any(m.get("key") == MARK and m.get("value") == key for m in made.get("meta_data", ()))


def mark(key: str) -> list[dict[str, str]]:
    """Return the value by which what is made is found again."""
    return [{"key": MARK, "value": key}]


def refused(error: Mapping[str, Any]) -> Outcome:
    """Return that a shop will not have one thing of a batch."""
    code, detail = reason_of(error)
    return Outcome(state="refused", code=code, detail=detail)


def order_path(number: str, *more: str) -> str:
    """Return the path of an order, or of what belongs to it.

    Raises:
        Refused: it is no number of a shop's.
    """
    if not number.isdecimal():
        raise Refused("order-unknown", f"{number} is no number of an order of a shop")
    return "/".join(("orders", number, *more))


def unique(values: Sequence[str]) -> list[str]:
    """Return values each once, without empty ones."""
    return list(dict.fromkeys(filter(None, values)))
