"""What the strict strangers say of themselves: signed notices, sent until they are accepted."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct
from standardwebhooks import Webhook

SEND_SECONDS_MAX = 5.0
RETRY_SECONDS_FIRST = 0.2
RETRY_SECONDS_MAX = 5.0
TRIES_MAX = 200


class Addressee(Struct, frozen=True):
    """Who is told, and how he knows the sender.

    Args:
        url: the address; nothing is sent while it is empty.
        secret: notices are signed with it (Standard Webhooks).
        api_key: is shown instead of a signature, unless it is empty.
    """

    url: str
    secret: str
    api_key: str = ""


def send_until_accepted(whom: Callable[[], Addressee], name: str, body: bytes) -> None:
    """Send a notice, again with growing pauses until it is accepted or TRIES_MAX is reached.

    Args:
        whom: asked before each try, because the address may be told later.
        name: identifies the notice; a repetition has the same.
        body: JSON.
    """
    wait = RETRY_SECONDS_FIRST
    for _ in range(TRIES_MAX):
        addressee = whom()
        if addressee.url and _send(addressee, name, body):
            return
        time.sleep(wait)
        wait = min(wait * 2, RETRY_SECONDS_MAX)


def _send(addressee: Addressee, name: str, body: bytes) -> bool:
    headers = {"Content-Type": "application/json"}
    if addressee.api_key:
        headers["Authorization"] = f"Bearer {addressee.api_key}"
    else:
        now = datetime.now(UTC)
        headers |= {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(addressee.secret).sign(name, now, body.decode()),
        }
    request = urllib.request.Request(addressee.url, body, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS_MAX) as answer:  # noqa: S310
            return 200 <= answer.status < 300
    except (urllib.error.URLError, OSError):
        return False
