"""The strict vendor as a child process of a test."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

ORDER_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
MESSAGE_SECRET = "whsec_NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEw"


class StrictVendor:
    """It can be killed, told to go wrong, and told what to say."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = "0"
        self.message_url = ""
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "crosslane.vendors.port.fake"),
                *("--state", str(self.state), "--port", self.port),
                *("--order-secret", ORDER_SECRET, "--message-secret", MESSAGE_SECRET),
                *("--message-url", self.message_url),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src"},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = self.url.rpartition(":")[2]

    @property
    def endpoint(self) -> str:
        return f"{self.url}/orders"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def fault(self, fault: str, **more: Any) -> None:
        self._send("POST", "faults", {"fault": fault, **more})

    def clear_faults(self) -> None:
        assert httpx.delete(f"{self.url}/control/faults", trust_env=False, timeout=60).is_success

    def script(self, **how: Any) -> None:
        self._send("PUT", "script", how)

    def orders(self) -> dict[str, dict[str, Any]]:
        """Every order as it stands there, by its id."""
        return {order["id"]: order for order in self._read("orders")}

    def keys(self) -> list[str]:
        return self._read("keys")

    def _read(self, what: str) -> Any:
        return httpx.get(f"{self.url}/control/{what}", trust_env=False, timeout=60).json()

    def _send(self, method: str, what: str, body: Any) -> None:
        answer = httpx.request(
            method, f"{self.url}/control/{what}", json=body, trust_env=False, timeout=60
        )
        assert answer.is_success, answer.text
