"""The messages of the strict provider: signed, delivered until accepted, or wrong on demand."""

import queue
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import msgspec
from standardwebhooks import Webhook

from crosslane.payments.provider.fake.bank import Bank, Operation

REORDER_SECONDS = 0.2
SEND_SECONDS_MAX = 5.0
RETRY_SECONDS_FIRST = 0.2
RETRY_SECONDS_MAX = 5.0
TRIES_MAX = 200


class Delivery(msgspec.Struct, forbid_unknown_fields=True):
    """Where messages go and what happens to them on the way.

    Args:
        url: the address; messages wait while it is empty.
        secret: they are signed with it (Standard Webhooks).
        repeat: how often each is sent.
        reorder: collect for a moment and send the last first.
        lose: how many of the next ones to lose, -1 for all.
    """

    url: str = ""
    secret: str = ""
    repeat: int = 1
    reorder: bool = False
    lose: int = 0


class Messenger:
    """Sends one message per decided operation from a thread of its own."""

    def __init__(self, bank: Bank, delivery: Delivery) -> None:
        self.delivery = delivery
        self._bank = bank
        self._waiting: queue.SimpleQueue[Operation] = queue.SimpleQueue()
        for operation in list(bank.operations.values()):
            if operation.status != "pending" and event_id(operation) not in bank.told:
                self._waiting.put(operation)
        threading.Thread(target=self._run, daemon=True).start()

    def tell(self, operation: Operation) -> None:
        """Put an operation's message in line."""
        self._waiting.put(operation)

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            if self.delivery.reorder:
                time.sleep(REORDER_SECONDS)
                while not self._waiting.empty():
                    batch.append(self._waiting.get())
                batch.reverse()
            for operation in batch:
                self._deliver(operation)

    def _deliver(self, operation: Operation) -> None:
        if self.delivery.lose:
            self.delivery.lose -= 1 if self.delivery.lose > 0 else 0
        else:
            for _ in range(self.delivery.repeat):
                self._send_until_accepted(operation)
        self._bank.mark_told(event_id(operation))

    def _send_until_accepted(self, operation: Operation) -> None:
        wait = RETRY_SECONDS_FIRST
        for _ in range(TRIES_MAX):
            if self.delivery.url and self._send(operation):
                return
            time.sleep(wait)
            wait = min(wait * 2, RETRY_SECONDS_MAX)

    def _send(self, operation: Operation) -> bool:
        body = msgspec.json.encode({"operation": operation})
        now = datetime.now(UTC)
        name = event_id(operation)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.delivery.secret).sign(name, now, body.decode()),
        }
        request = urllib.request.Request(self.delivery.url, body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=SEND_SECONDS_MAX) as answer:  # noqa: S310
                return 200 <= answer.status < 300
        except (urllib.error.URLError, OSError):
            return False


def event_id(operation: Operation) -> str:
    """Return the name of the message about an operation; a repetition has the same."""
    return f"evt_{operation.id}_{operation.status}"
