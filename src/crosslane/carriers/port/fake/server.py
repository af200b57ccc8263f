"""The strict carrier over HTTP."""

from typing import Any

from crosslane.carriers.port.fake.depot import Depot, Made
from crosslane.platform.misdeeds import Refused, go_wrong
from crosslane.platform.strangers import Asked, Stranger


class Carrier(Stranger):
    """Makes labels and takes them back; tells all of them at /control/labels."""

    def __init__(self, port: int, api_key: str, depot: Depot) -> None:
        super().__init__(port)
        self.api_key = api_key
        self.depot = depot

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Make a label or take it back, answer whether a key happened, or tell all that did."""
        match asked.steps:
            case ["GET", "control", "labels"]:
                return 200, [_listed(made) for made in list(self.depot.labels.values())]
            case ["GET", "v1", "labels", key]:
                asked.require_bearer(self.api_key)
                made = self.depot.labels.get(key)
                return (200, _told(made)) if made else (404, {"error": "unknown_key"})
            case ["POST", "v1", "labels"]:
                asked.require_bearer(self.api_key)
                return 201, go_wrong(
                    self.faults.take(), lambda: _told(self.depot.make(asked.key, asked.body))
                )
            case ["POST", "v1", "labels", key, "void"]:
                asked.require_bearer(self.api_key)
                return 200, _listed(self.depot.void(key))
        raise Refused(404, "no_such_path")


def _listed(made: Made) -> dict[str, Any]:
    return {"key": made.key, "tracking_number": made.tracking_number, "void": made.void}


def _told(made: Made) -> dict[str, Any]:
    return {
        "tracking_number": made.tracking_number,
        "mime": "application/pdf",
        "document": made.document(),
    }
