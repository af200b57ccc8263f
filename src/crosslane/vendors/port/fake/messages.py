"""What the strict vendor says: signed, until it is accepted, repeated and in disorder on demand."""

import queue
import threading
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from crosslane.kernel import line_amount
from crosslane.platform.notices import Addressee, send_until_accepted
from crosslane.vendors.port.port import SentOrder

TAX_BP = 2_000
BP_PER_ONE = 10_000

Step = Literal["acknowledge", "short", "ship", "deliver", "invoice"]


class Script(Struct, forbid_unknown_fields=True):
    """What is said about each new order, and what happens to it on the way.

    Args:
        url: the address; nothing is said while it is empty.
        secret: messages are signed with it (Standard Webhooks).
        api_key: is shown instead of a signature, unless it is empty.
        steps: which messages, in this order; none makes a silent vendor. ``short`` is one unit of
            the first line.
        repeat: how often each is sent.
        reorder: send the last first.
        overcharge_bp: hundredths of a percent that invoices are above what was agreed.
    """

    url: str = ""
    secret: str = ""
    api_key: str = ""
    steps: tuple[Step, ...] = ("acknowledge", "ship", "invoice")
    repeat: int = 1
    reorder: bool = False
    overcharge_bp: int = 0


class Messenger:
    """Sends messages from a thread of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._waiting: queue.SimpleQueue[list[dict[str, Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def tell(self, order: SentOrder) -> None:
        """Put what the script says of an order in line."""
        self.say(messages_of(order, self.script))

    def say(self, messages: list[dict[str, Any]]) -> None:
        """Put messages in line."""
        self._waiting.put(messages)

    def _run(self) -> None:
        while True:
            messages, script = self._waiting.get(), self.script
            if script.reorder:
                messages = messages[::-1]
            for message in messages:
                for _ in range(script.repeat):
                    name, body = str(message["id"]), msgspec.json.encode(message)
                    send_until_accepted(self._addressee, name, body)

    def _addressee(self) -> Addressee:
        script = self.script
        return Addressee(script.url, script.secret, script.api_key)


def messages_of(order: SentOrder, script: Script) -> list[dict[str, Any]]:
    """Return what a script says of an order; asked again it says the same."""
    kept = {line.line_id: line.quantity for line in order.lines}
    if "short" in script.steps:
        kept[order.lines[0].line_id] -= 1
    goods = [{"line_id": line_id, "quantity": units} for line_id, units in kept.items() if units]
    costs = {line.line_id: line.unit_cost_milli or 0 for line in order.lines}
    invoiced = [
        each | {"net_minor": _asked(costs[each["line_id"]], each["quantity"], script)}
        for each in goods
    ]
    number = f"VX{order.id.int % 10**12:012}"
    said: dict[Step, dict[str, Any]] = {
        "acknowledge": {},
        "short": {"lines": [{"line_id": order.lines[0].line_id, "quantity": 1}]},
        "ship": {"parcels": [{"carrier": "VANS", "tracking_number": number, "lines": goods}]},
        "deliver": {"carrier": "VANS", "tracking_number": number},
        "invoice": {
            "number": f"INV-{number}",
            "currency": order.currency,
            "lines": invoiced,
            "tax_minor": sum(x["net_minor"] for x in invoiced) * TAX_BP // BP_PER_ONE,
        },
    }
    return [
        {
            "type": step,
            "id": f"{step}-{order.id}",
            "purchase_order": order.id,
            "occurred_at": datetime.now(UTC).isoformat(),
            **said[step],
        }
        for step in script.steps
    ]


def _asked(unit_cost_milli: int, units: int, script: Script) -> int:
    return line_amount(unit_cost_milli, units) * (BP_PER_ONE + script.overcharge_bp) // BP_PER_ONE
