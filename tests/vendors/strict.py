"""The strict vendor as a child process of a test."""

from pathlib import Path
from typing import Any, ClassVar

from tests.counterpart import Counterpart

ORDER_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
MESSAGE_SECRET = "whsec_NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEw"


class StrictVendor(Counterpart):
    """It can be killed, told to go wrong, and told what to say; it comes back where it was."""

    MODULE: ClassVar[str] = "crosslane.vendors.port.fake"

    def __init__(self, state: Path) -> None:
        self.message_url = ""
        self._port = "0"
        self._kept = ("--state", str(state), "--order-secret", ORDER_SECRET)
        super().__init__()

    def start(self) -> None:
        told = ("--message-secret", MESSAGE_SECRET, "--message-url", self.message_url)
        self.words = (*self._kept, "--port", self._port, *told)
        super().start()
        self._port = self.url.rpartition(":")[2]

    @property
    def endpoint(self) -> str:
        return f"{self.url}/orders"

    def script(self, **how: Any) -> None:
        self.ask("PUT", "control/script", how)

    def orders(self) -> dict[str, dict[str, Any]]:
        """Every order as it stands there, by its id."""
        return {order["id"]: order for order in self.ask("GET", "control/orders").json()}

    def keys(self) -> list[str]:
        return self.ask("GET", "control/keys").json()
