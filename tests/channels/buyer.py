"""mock-edi as a trading partner, in a process of its own: it orders, and judges what it is told."""

from typing import Any, ClassVar

import httpx

from tests.counterpart import Counterpart

US, THEM = "NORTHWIND", "BUYCO"
VERSIONS = {"X12": "004010", "EDIFACT": "D:96A:UN"}
OXFORD = {"street": "12 High Street", "city": "Oxford", "postal": "OX1 4AA", "country": "GB"}


class Buyer(Counterpart):
    """A buyer in Oxford; the supplier it knows is us.

    Args:
        dialect: X12 or EDIFACT.
    """

    MODULE: ClassVar[str] = "tests.channels.buyer"

    def __init__(self, dialect: str = "X12") -> None:
        self.dialect = dialect
        super().__init__()

    def start(self) -> None:
        super().start()
        # Real orders, not tests of the line.
        told = {"test": 0, "dialect": self.dialect, "version": VERSIONS[self.dialect]}
        self._ask("PATCH", f"partners/{US}", told)

    def behave(self, how: str) -> None:
        """Let it be of a kind of partner, such as strict."""
        self._ask("PATCH", f"partners/{US}", {"behaviour": how})

    def advance(self) -> None:
        """Let all be said that it meant to say later."""
        self._ask("POST", "advance?all")

    def order(self, number: str, *lines: tuple[str, int, str], unit: str = "EA") -> str:
        """Place an order of SKUs, units and prices; returns the interchange it has sent."""
        told = [
            {"sku": sku, "quantity": str(units), "uom": unit, "price": price, "description": sku}
            for sku, units, price in lines
        ]
        wish = {"partner": US, "po_number": number, "currency": "GBP", "lines": told}
        self._ask("POST", "purchase", wish)
        return self.mailbox()

    def change(self, number: str, line: str, units: int) -> str:
        """Change units of a line; returns the interchange it has sent."""
        wish = {"lines": [{"line": line, "quantity": str(units)}]}
        self._ask("POST", f"purchase/{number}/change", wish)
        return self.mailbox()

    def mailbox(self) -> str:
        """What it has to say to us."""
        return self._ask("GET", f"mailbox?partner={US}&raw").text

    def received(self) -> list[tuple[str, bool]]:
        """Sets it has received, in their order, and whether it accepts them without a finding."""
        rows = [row for row in self._ask("GET", "documents").json() if row["direction"] == "in"]
        rows.sort(key=lambda row: row["id"])
        return [(row["code"], bool(row["accepted"]) and not row["findings"]) for row in rows]

    def findings(self) -> dict[str, set[str]]:
        """What it has found about what it has received, by the kind of message."""
        found: dict[str, set[str]] = {}
        for row in self._ask("GET", "documents").json():
            if row["direction"] == "in":
                found.setdefault(row["code"], set()).update(map(str, row["findings"] or ()))
        return found

    def sent(self) -> list[tuple[str, str, str]]:
        """Sets it has sent, in their order, what was acknowledged of them, and why."""
        rows = [row for row in self._ask("GET", "documents").json() if row["direction"] == "out"]
        rows.sort(key=lambda row: row["id"])
        return [(row["code"], row["ack_status"], row["ack_note"]) for row in rows]

    def standing(self, number: str) -> dict[str, Any]:
        """What it knows of an order: ordered, confirmed, shipped, billed, and disagreements."""
        return self._ask("GET", f"orders/{number}?partner={US}").json()

    def unacknowledged(self) -> list[dict[str, Any]]:
        """What it has sent and nobody has acknowledged."""
        return self._ask("GET", "unacknowledged?older-than=0").json()

    def _ask(self, method: str, what: str, body: Any = None) -> httpx.Response:
        return self.ask(method, f"_mock/{what}", body)


def serve() -> None:
    """Serve until killed."""
    from mockedi.server import Config, make_server

    named = {"as2_id": THEM, "name": "Shops of Oxford", "region": ""}
    server = make_server(Config(port=0, quiet=True, **named, **OXFORD))
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
