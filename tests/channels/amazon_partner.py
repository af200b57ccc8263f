"""The strict Amazon in a process of its own."""

import os
import signal
import subprocess
import sys
from typing import Any, ClassVar

import httpx
import msgspec

BODY_BYTES_MAX = 4 << 20


class AmazonPartner:
    """It can be killed, and tells what it has been told."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.channels.amazon_partner"],
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
        """Orders, listings and calls as it knows them."""
        return self._control("GET", "seen").json()

    def _control(self, method: str, what: str, body: Any = None) -> httpx.Response:
        answer = httpx.request(
            method, f"{self.url}/control/{what}", json=body, trust_env=False, timeout=60
        )
        assert answer.is_success, answer.text
        return answer


def serve() -> None:
    """Serve until killed."""
    from crosslane.channels import Call
    from crosslane.platform.strangers import Asked, Stranger
    from tests.channels.strict_amazon import StrictAmazon

    class Server(Stranger):
        body_bytes_max: ClassVar[int] = BODY_BYTES_MAX

        def __init__(self) -> None:
            super().__init__(0)
            self.amazon = StrictAmazon()
            self.statuses: list[int] = []

        def answer(self, asked: Asked) -> tuple[int, Any]:
            match asked.steps:
                case ["POST", "control", "orders"]:
                    self.amazon.add_order(msgspec.json.decode(asked.body))
                    return 204, None
                case ["POST", "control", "changes", number]:
                    self.amazon.orders[number] |= msgspec.json.decode(asked.body)
                    self.amazon.touch(number)
                    return 204, None
                case ["POST", "control", "statuses"]:
                    self.statuses += msgspec.json.decode(asked.body)
                    return 204, None
                case ["GET", "control", "seen"]:
                    amazon = self.amazon
                    told = {"orders": amazon.orders, "listings": amazon.listings}
                    return 200, told | {"calls": amazon.calls}
            if self.statuses:
                return self.statuses.pop(0), {"errors": [{"code": "QuotaExceeded", "message": ""}]}
            method, *steps = asked.steps
            call = Call(method=method, path="/".join(steps), headers=asked.headers, body=asked.body)
            said = self.amazon.answer(call)
            return said.status, said.body

    Server().run()


if __name__ == "__main__":
    serve()
