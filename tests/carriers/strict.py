"""The strict carrier as a child process of a test."""

from pathlib import Path
from typing import Any, ClassVar

from tests.counterpart import Counterpart

from crosslane.carriers.port import CarrierSettings, HttpCarrier

API_KEY = "opensesame"


class StrictCarrier(Counterpart):
    """It remembers its labels in a file, so that killing it forgets none."""

    MODULE: ClassVar[str] = "crosslane.carriers.port.fake"

    def __init__(self, state: Path) -> None:
        super().__init__("--state", str(state), "--api-key", API_KEY)

    def port(self, api_key: str = API_KEY) -> HttpCarrier:
        return HttpCarrier(CarrierSettings("swift", self.url, api_key))

    def labels(self) -> list[dict[str, Any]]:
        return self.ask("GET", "control/labels").json()
