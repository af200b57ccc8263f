"""The strict carrier as a child process of a test."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from crosslane.carriers.port import CarrierSettings, HttpCarrier

API_KEY = "opensesame"


class Fake:
    """The strict carrier as a child process."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "crosslane.carriers.port.fake"]
        self.process = subprocess.Popen(
            [*command, "--state", str(self.state), "--api-key", API_KEY],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src"},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def port(self, api_key: str = API_KEY) -> HttpCarrier:
        return HttpCarrier(CarrierSettings("swift", self.url, api_key))

    def plan(self, fault: str, **more: Any) -> None:
        httpx.post(
            f"{self.url}/control/faults", json={"fault": fault, **more}, timeout=60
        ).raise_for_status()

    def labels(self) -> list[dict[str, Any]]:
        return httpx.get(f"{self.url}/control/labels", timeout=60).json()

    def clear(self) -> None:
        httpx.delete(f"{self.url}/control/faults", timeout=60).raise_for_status()
