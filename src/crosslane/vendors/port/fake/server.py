"""The strict vendor over HTTP."""

from typing import Any, ClassVar

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from crosslane.platform.misdeeds import Refused, go_wrong
from crosslane.platform.strangers import Asked, Stranger
from crosslane.vendors.port.fake.messages import Messenger, Script
from crosslane.vendors.port.fake.office import Office

BODY_BYTES_MAX = 1 << 20


class VendorServer(Stranger):
    """Takes orders; tells each as it stands at /control/orders and every key at /control/keys."""

    body_bytes_max: ClassVar[int] = BODY_BYTES_MAX

    def __init__(self, port: int, order_secret: str, office: Office, messenger: Messenger) -> None:
        super().__init__(port)
        self.webhook = Webhook(order_secret)
        self.office = office
        self.messenger = messenger

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Take an order, tell of all, say something, or change what is said."""
        match asked.steps:
            case ["GET", "control", "orders"]:
                return 200, list(self.office.orders.values())
            case ["GET", "control", "keys"]:
                return 200, list(self.office.by_key)
            case ["POST", "control", "sayings"]:
                self.messenger.say(msgspec.json.decode(asked.body, type=list[dict[str, Any]]))
                return 204, None
            case ["PUT", "control", "script"]:
                now = msgspec.to_builtins(self.messenger.script)
                changed = now | msgspec.json.decode(asked.body, type=dict[str, Any])
                self.messenger.script = msgspec.convert(changed, Script)
                return 204, None
            case ["POST", "orders"]:
                self._require_signed(asked)
                return 201, go_wrong(self.faults.take(), lambda: self._take(asked))
        raise Refused(404, "no_such_path")

    def _take(self, asked: Asked) -> dict[str, Any]:
        taken, fresh = self.office.take(asked.key, asked.body)
        if fresh and self.messenger.script.url:
            self.messenger.tell(taken.order)
        return {"taken": taken.order.id}

    def _require_signed(self, asked: Asked) -> None:
        """Refuse an order that we did not send, and one without a key."""
        try:
            self.webhook.verify(asked.body, dict(asked.headers.items()), json_parse=False)
        except (WebhookVerificationError, ValueError):
            raise Refused(401, "bad_signature") from None
        if not asked.key or asked.key != asked.headers.get("webhook-id"):
            raise Refused(400, "key_missing")
