"""A strict partner in a process of its own: takes signed documents, each key once."""

from typing import Any, ClassVar

import msgspec

from tests.counterpart import Counterpart

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
BODY_BYTES_MAX = 4 << 20


class Partner(Counterpart):
    """It can be killed and told to go wrong; what it has taken it tells."""

    MODULE: ClassVar[str] = "tests.channels.partner"

    def say(self, status: int, times: int = 1, after: int | None = None) -> None:
        """Let it answer a status before it looks at what comes."""
        self.ask("POST", "control/statuses", [[status, after]] * times)

    def documents(self) -> list[dict[str, Any]]:
        """What it has taken: key, name, and the lines of it."""
        return self.ask("GET", "control/documents").json()

    def lines(self) -> list[dict[str, Any]]:
        """What it was told, message by message."""
        return [line for one in self.documents() for line in one["lines"]]

    def asked(self) -> list[str]:
        """The keys it was asked to take, however often."""
        return self.ask("GET", "control/asked").json()


def serve() -> None:
    """Serve until killed."""
    from standardwebhooks import Webhook, WebhookVerificationError

    from crosslane.platform.misdeeds import Refused, go_wrong
    from crosslane.platform.strangers import Asked, Stranger

    class Server(Stranger):
        body_bytes_max: ClassVar[int] = BODY_BYTES_MAX

        def __init__(self) -> None:
            super().__init__(0)
            self.taken: dict[str, dict[str, Any]] = {}
            self.asked: list[str] = []
            self.statuses: list[list[int]] = []

        def answer(self, asked: Asked) -> tuple[int, Any]:
            match asked.steps:
                case ["GET", "control", "documents"]:
                    return 200, list(self.taken.values())
                case ["GET", "control", "asked"]:
                    return 200, self.asked
                case ["POST", "control", "statuses"]:
                    self.statuses += msgspec.json.decode(asked.body)
                    return 204, None
                case ["POST", "inbox"]:
                    self.asked.append(asked.key)
                    if self.statuses:
                        return self.statuses.pop(0)[0], {"error": "not_now"}
                    return 201, go_wrong(self.faults.take(), lambda: self.take(asked))
            raise Refused(404, "no_such_path")

        def take(self, asked: Asked) -> dict[str, Any]:
            try:
                Webhook(SECRET).verify(asked.body, dict(asked.headers), json_parse=False)
            except (WebhookVerificationError, ValueError):
                raise Refused(401, "bad_signature") from None
            if not asked.key or asked.key != asked.headers.get("webhook-id"):
                raise Refused(400, "key_missing")
            name = asked.headers["content-disposition"].partition('filename="')[2].rstrip('"')
            lines = [msgspec.json.decode(line) for line in asked.body.splitlines()]
            told = {"key": asked.key, "name": name, "lines": lines}
            known = self.taken.setdefault(asked.key, told)
            if known["lines"] != lines:
                raise Refused(409, "key_reused")
            return {"taken": name}

    Server().run()


if __name__ == "__main__":
    serve()
