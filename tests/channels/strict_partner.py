"""A strict marketplace in a process of its own: Amazon or eBay."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import httpx
import msgspec

BODY_BYTES_MAX = 4 << 20


class StrictPartner:
    """It can be killed, and tells what it has been told.

    Args:
        name: which marketplace it plays.
    """

    def __init__(self, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.channels.strict_partner", name],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src:."},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def add_order(self, order: dict[str, Any]) -> None:
        self._control("POST", "orders", order)

    def change(self, number: str, **told: Any) -> None:
        """Let an order be otherwise, a second after it was last."""
        self._control("POST", f"changes/{number}", told)

    def say(self, status: int, times: int = 1) -> None:
        """Let it answer a status before it looks at what comes."""
        self._control("POST", "statuses", [status] * times)

    def seen(self) -> dict[str, Any]:
        """What it knows, and which calls were made."""
        return self._control("GET", "seen").json()

    def _control(self, method: str, what: str, body: Any = None) -> httpx.Response:
        answer = httpx.request(
            method, f"{self.url}/control/{what}", json=body, trust_env=False, timeout=60
        )
        assert answer.is_success, answer.text
        return answer


def serve(name: str) -> None:
    """Serve until killed."""
    from crosslane.channels import Call
    from crosslane.platform.strangers import Asked, Stranger
    from tests.channels.strict_amazon import StrictAmazon
    from tests.channels.strict_ebay import StrictEbay

    plays: dict[str, Callable[[], StrictAmazon | StrictEbay]] = {
        "amazon": StrictAmazon,
        "ebay": StrictEbay,
    }

    class Server(Stranger):
        body_bytes_max: ClassVar[int] = BODY_BYTES_MAX

        def __init__(self) -> None:
            super().__init__(0)
            self.market = plays[name]()
            self.statuses: list[int] = []

        def answer(self, asked: Asked) -> tuple[int, Any]:
            match asked.steps:
                case ["POST", "control", "orders"]:
                    self.market.add_order(msgspec.json.decode(asked.body))
                    return 204, None
                case ["POST", "control", "changes", number]:
                    self.market.orders[number] |= msgspec.json.decode(asked.body)
                    self.market.touch(number)
                    return 204, None
                case ["POST", "control", "statuses"]:
                    self.statuses += msgspec.json.decode(asked.body)
                    return 204, None
                case ["GET", "control", "seen"]:
                    return 200, self.market.seen()
            if self.statuses:
                return self.statuses.pop(0), {"errors": [{"code": "QuotaExceeded", "message": ""}]}
            method, *steps = asked.steps
            call = Call(method=method, path="/".join(steps), headers=asked.headers, body=asked.body)
            said = self.market.answer(call)
            return said.status, said.body

    Server().run()


if __name__ == "__main__":
    serve(sys.argv[1])
