"""What the strict strangers say of themselves: signed notices, sent until they are accepted."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from msgspec import Struct
from standardwebhooks import Webhook

SEND_SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 64 * 1024
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
    try:
        return 200 <= _post(addressee.url, headers, body) < 300
    except (OSError, HTTPException):
        return False


class _Kept(threading.local):
    """The connection that a thread has used last; one that was dropped meanwhile costs a pause."""

    origin = ""
    connection: HTTPConnection | None = None


_kept = _Kept()


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    scheme, host, path, query, _ = urlsplit(url)
    connection = _kept.connection
    if connection is None or _kept.origin != f"{scheme}://{host}":
        if connection is not None:
            connection.close()
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        connection = kind(host, timeout=SEND_SECONDS_MAX)
        _kept.connection, _kept.origin = connection, f"{scheme}://{host}"
    target = f"{path or '/'}?{query}" if query else path or "/"
    try:
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        answer.read(ANSWER_BYTES_MAX)
        if not answer.isclosed():  # it goes on and on
            connection.close()
        return answer.status
    except BaseException:
        connection.close()
        raise
