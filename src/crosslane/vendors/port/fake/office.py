"""The orders of the strict vendor, kept in a journal."""

import hashlib
import threading
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.platform.misdeeds import Refused
from crosslane.platform.strangers import Journal
from crosslane.vendors.port.port import SentOrder


class Taken(Struct, frozen=True):
    """A version of an order as it was taken.

    Args:
        key: the caller's key.
        print: digest of the request, so that a key with two meanings is noticed.
    """

    key: str
    print: str
    order: SentOrder


class Office:
    """All orders, in memory and in a journal."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._journal = Journal(path)
        self.by_key: dict[str, Taken] = {}
        self.orders: dict[UUID, SentOrder] = {}
        for line in self._journal.lines():
            self._learn(msgspec.json.decode(line, type=Taken))

    def take(self, key: str, body: bytes) -> tuple[Taken, bool]:
        """Take an order once per key; a repetition gets the first answer.

        Returns:
            The order as taken, and whether it is new here.

        Raises:
            Refused: the order is malformed, cannot be served, or the key means something else.
        """
        asked = hashlib.blake2b(body, digest_size=16).hexdigest()
        with self.lock:
            known = self.by_key.get(key)
            if known is not None:
                if known.print != asked:
                    raise Refused(422, "key_reused")
                return known, False
            taken = Taken(key, asked, _order(body))
            fresh = taken.order.id not in self.orders
            self._learn(taken)
            self._journal.write(taken)
            return taken, fresh

    def _learn(self, taken: Taken) -> None:
        self.by_key[taken.key] = taken
        present = self.orders.get(taken.order.id)
        if present is None or present.version < taken.order.version:
            self.orders[taken.order.id] = taken.order


def _order(body: bytes) -> SentOrder:
    try:
        order = msgspec.json.decode(body, type=SentOrder)
    except (msgspec.MsgspecError, RecursionError):
        raise Refused(400, "bad_request") from None
    if not (order.ship_to.city and order.ship_to.lines and order.ship_to.name):
        raise Refused(422, "address_incomplete")
    if not order.lines or any(line.quantity < 0 for line in order.lines):
        raise Refused(422, "no_goods")
    if any(line.unit_cost_milli is None and line.vendor_sku for line in order.lines):
        raise Refused(422, "no_price")
    if any(line.vendor_sku.startswith("UNKNOWN") for line in order.lines):
        raise Refused(422, "unknown_article")
    return order
