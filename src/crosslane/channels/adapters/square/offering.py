"""Telling Square what may be sold at a location.

Rules: ``BatchChangeInventory`` of the Inventory API: a hundred changes a call, all or none. What we
tell is how many there are, a physical count, so that it may be told again; a count older than the
newest one of its article is taken as history. A key stands for one set of counts.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

import msgspec

from crosslane.channels.adapters.fetching import instant_text
from crosslane.channels.adapters.shops import partly_told
from crosslane.channels.adapters.square.calling import errors_of, request, why
from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Conversation,
    Outgoing,
    Refused,
    Talk,
)
from crosslane.channels.domain.messages import StockRow, SupplySnapshot

PATH = "v2/inventory/changes/batch-create"
BATCH_MAX = 100
TRIES_MAX = 3
NOT_NAMED = "article-unknown"
_CHANGE = re.compile(r"changes\[(\d+)\]")


def tell_stock(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell how many units of articles may be sold at one location."""
    (one,) = messages
    message = one.message
    if not isinstance(message, SupplySnapshot):
        raise TypeError("No stock is told of")
    place = talk.locations.get(message.location, "")
    if not place:
        detail = f"The connection has no location of Square's for {message.location}"
        raise Refused("location-unknown", detail)
    named = {row.sku: _article(one, row) for row in message.rows}
    failed = {sku: NOT_NAMED for sku, article in named.items() if not article}
    rows = [row for row in message.rows if named[row.sku]]
    at = instant_text(message.event_at)
    for begin in range(0, len(rows), BATCH_MAX):
        part = {
            row.sku: {
                "type": "PHYSICAL_COUNT",
                "physical_count": {
                    "reference_id": f"{one.number}",
                    "catalog_object_id": named[row.sku],
                    "state": "IN_STOCK",
                    "location_id": place,
                    "quantity": str(max(0, row.quantity)),
                    "occurred_at": at,
                },
            }
            for row in rows[begin : begin + BATCH_MAX]
        }
        failed |= yield from _count(one, part, talk)
    return [partly_told(len(message.rows) - len(failed), failed, {})]


def _article(one: Outgoing, row: StockRow) -> str:
    """Return what Square calls an article, "" when it has not told."""
    return row.article or one.known.get(f"article:{row.sku}", "")


def _count(
    one: Outgoing, part: Mapping[str, object], talk: Talk
) -> Generator[Call, Answer, dict[str, str]]:
    """Tell counts; return those that Square will not have, and why.

    It takes all or none, so what it names as wrong is left out of the next try.
    """
    left, lost = dict(part), dict[str, str]()
    for _ in range(TRIES_MAX):
        if not left:
            return lost
        changes = list(left.values())
        seed = f"{one.key}/{msgspec.json.encode(changes).decode()}"
        body = {
            "idempotency_key": str(uuid5(NAMESPACE_URL, seed)),
            "changes": changes,
            "ignore_unchanged_counts": True,
        }
        answer = yield request(talk, PATH, body)
        if answer.is_good:
            return lost
        listed = list(left)
        wrong = {
            listed[int(found[1])]: str(error.get("code") or "error")
            for error in errors_of(answer)
            if (found := _CHANGE.search(str(error.get("field") or "")))
            and int(found[1]) < len(listed)
        }
        if not wrong:
            return lost | dict.fromkeys(left, why(answer)[0])
        lost |= wrong
        left = {sku: each for sku, each in left.items() if sku not in wrong}
    return lost | dict.fromkeys(left, "refused")
