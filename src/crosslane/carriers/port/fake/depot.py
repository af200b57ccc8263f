"""The labels of the strict carrier, kept in a journal."""

import hashlib
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from crosslane.carriers.domain.shipment import Consignment, tracking_number
from crosslane.carriers.port.label import draw_label
from crosslane.kernel import Refusal
from crosslane.platform.misdeeds import Refused
from crosslane.platform.strangers import Journal

NUMBER_PREFIX = "FX"
WEIGHT_MAX_GRAMS = 30_000


class Made(Struct, frozen=True):
    """A label that was made, or the news that it is void.

    Args:
        key: the caller's key.
        print: digest of the request, so that a key with two meanings is noticed.
        consignment: what was asked for.
        tracking_number: the number it was given.
        void: it was given back.
    """

    key: str
    print: str
    consignment: Consignment
    tracking_number: str
    void: bool = False

    def document(self) -> bytes:
        """Return the label; it is drawn anew each time and always the same."""
        return draw_label(
            msgspec.structs.replace(self.consignment, tracking_number=self.tracking_number)
        )


class Depot:
    """All labels, in memory and in a journal."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._journal = Journal(path)
        self.labels: dict[str, Made] = {}
        for line in self._journal.lines():
            made = msgspec.json.decode(line, type=Made)
            self.labels[made.key] = made

    def make(self, key: str, body: bytes) -> Made:
        """Make a label once per key; a repetition gets the first one.

        Raises:
            Refused: the request is malformed, cannot be carried, or the key means something else.
        """
        if not key:
            raise Refused(400, "key_missing")
        asked = hashlib.blake2b(body, digest_size=16).hexdigest()
        with self.lock:
            known = self.labels.get(key)
            if known is not None:
                if known.print != asked:
                    raise Refused(422, "key_reused")
                return known
            number = tracking_number(NUMBER_PREFIX, len(self.labels) + 1)
            made = Made(key, asked, _consignment(body), number)
            try:
                made.document()
            except Refusal as refusal:
                raise Refused(422, refusal.code) from None
            self._keep(made)
            return made

    def void(self, key: str) -> Made:
        """Take a label back; one that is void already stays so.

        Raises:
            Refused: there is no such label.
        """
        with self.lock:
            known = self.labels.get(key)
            if known is None:
                raise Refused(404, "unknown_key")
            if not known.void:
                known = msgspec.structs.replace(known, void=True)
                self._keep(known)
            return known

    def _keep(self, made: Made) -> None:
        self._journal.write(made)
        self.labels[made.key] = made


def _consignment(body: bytes) -> Consignment:
    try:
        consignment = msgspec.json.decode(body, type=Consignment)
    except (msgspec.MsgspecError, RecursionError):
        raise Refused(400, "bad_request") from None
    if consignment.shipment.weight_grams > WEIGHT_MAX_GRAMS:
        raise Refused(422, "too_heavy")
    recipient = consignment.shipment.recipient
    if not (recipient.city and recipient.lines):
        raise Refused(422, "address_incomplete")
    return consignment
