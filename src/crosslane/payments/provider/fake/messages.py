"""The messages of the strict provider: signed, delivered until accepted, or wrong on demand."""

import queue
import threading
import time

import msgspec

from crosslane.payments.provider.fake.bank import Bank, Dispute, Operation
from crosslane.platform.notices import Addressee, send_until_accepted

REORDER_SECONDS = 0.2


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
    """Sends one message per decided operation and step of a dispute from a thread of its own."""

    def __init__(self, bank: Bank, delivery: Delivery) -> None:
        self.delivery = delivery
        self._bank = bank
        self._waiting: queue.SimpleQueue[Operation | Dispute] = queue.SimpleQueue()
        for operation in list(bank.operations.values()):
            if operation.status != "pending" and event_id(operation) not in bank.told:
                self._waiting.put(operation)
        for dispute in list(bank.disputes.values()):
            if event_id(dispute) not in bank.told:
                self._waiting.put(dispute)
        threading.Thread(target=self._run, daemon=True).start()

    def tell(self, operation: Operation | Dispute) -> None:
        """Put the message of an operation or dispute in line."""
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

    def _deliver(self, operation: Operation | Dispute) -> None:
        if self.delivery.lose:
            self.delivery.lose -= 1 if self.delivery.lose > 0 else 0
        else:
            for _ in range(self.delivery.repeat):
                kind = "dispute" if isinstance(operation, Dispute) else "operation"
                body = msgspec.json.encode({kind: operation})
                send_until_accepted(self._addressee, event_id(operation), body)
        self._bank.mark_told(event_id(operation))

    def _addressee(self) -> Addressee:
        return Addressee(self.delivery.url, self.delivery.secret)


def event_id(operation: Operation | Dispute) -> str:
    """Return the name of the message about an operation or dispute, the same when repeated."""
    return f"evt_{operation.id}_{operation.status}"
