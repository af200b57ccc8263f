"""`crosslane listen`: public events of a hub, here or elsewhere, as they come."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from crosslane.platform.home import CannotStart
from crosslane.publishing import new_secret, signed_headers

WAIT_SECONDS = 20
# Longer than the hub holds back an empty answer.
ANSWER_SECONDS_MAX = 45.0
FORWARD_SECONDS_MAX = 30.0
PAUSE_SECONDS_FIRST = 0.5
PAUSE_SECONDS_MAX = 30.0
PAGE_EVENTS = 100
UNTIMELY = (408, 429, 500, 502, 503, 504)

said = Console(stderr=True, soft_wrap=True)


class HubRefuses(CannotStart):
    """The hub at {url} answers {status}: {reason}."""


class BadHub(CannotStart):
    """{url} is no address; it looks like https://hub.example.com."""


class Listened(msgspec.Struct):
    """A page of the stream; its events are told as they came.

    Args:
        next_cursor: where to go on.
    """

    items: list[msgspec.Raw]
    next_cursor: str


def listen(
    *,
    url: Annotated[str, Parameter(env_var="CROSSLANE_URL")] = "http://127.0.0.1:8700",
    key: Annotated[str, Parameter(env_var="CROSSLANE_API_KEY")] = "",
    kinds: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    channels: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    after: str = "latest",
    forward: str = "",
    secret: str = "",
    json: bool = False,
) -> None:
    """Print events as they come, and post them to an address of your own; Ctrl-C ends it.

    Args:
        url: address of the hub.
        key: API key with the scope publishing:consume.
        kinds: names or patterns, such as 'orders.*'; all without any.
        channels: codes; only what concerns them.
        after: cursor to go on from; latest for what comes from now on, "" for the oldest event.
        forward: address that each event is posted to, signed as a webhook is.
        secret: what it is signed with; a new one, which is printed, without it.
        json: print an event a line as JSON.
    """
    asked = [("kinds", kind) for kind in kinds or ()] + [("channels", c) for c in channels or ()]
    secret = secret or new_secret()
    if forward:
        said.print(f"Posting to {forward}, signed with {secret}")
    cursor = after
    try:
        for page in _pages(url, key, asked, after):
            for event in page.items:
                _show(event, json=json)
                if forward:
                    _forward(forward, secret, event)
            cursor = page.next_cursor
    except KeyboardInterrupt:
        said.print(f"\nGo on where this ends by --after {cursor}")
    except BrokenPipeError:
        # Whoever read it has enough; nothing is left to be flushed to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pages(url: str, key: str, asked: Sequence[tuple[str, str]], after: str) -> Iterator[Listened]:
    """Yield page after page for ever; a connection that is lost is made anew."""
    pause, lost = PAUSE_SECONDS_FIRST, False
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    while True:
        told = [*asked, ("after", after), ("limit", PAGE_EVENTS), ("wait", WAIT_SECONDS)]
        try:
            status, body = _call("GET", url, f"/api/v1/events?{urlencode(told)}", headers)
        except (OSError, HTTPException) as error:
            status, body = 0, type(error).__name__.encode()
        if status == 200:
            page = msgspec.json.decode(body, type=Listened)
            if lost:
                said.print("Connected again.")
            pause, lost, after = PAUSE_SECONDS_FIRST, False, page.next_cursor
            yield page
        elif status == 0 or status in UNTIMELY:
            said.print(f"The hub does not answer ({status or body.decode()}); again in {pause:g} s")
            time.sleep(pause)
            pause, lost = min(pause * 2, PAUSE_SECONDS_MAX), True
        else:
            raise HubRefuses(url=url, status=status, reason=_reason(body))


def _call(
    method: str,
    base: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    seconds_max: float = ANSWER_SECONDS_MAX,
) -> tuple[int, bytes]:
    told = urlsplit(base)
    if told.scheme not in ("http", "https") or not told.hostname:
        raise BadHub(url=base)
    kind = HTTPSConnection if told.scheme == "https" else HTTPConnection
    connection = kind(told.hostname, told.port, timeout=seconds_max)
    try:
        target = told.path.rstrip("/") + path
        connection.request(method, target or "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _reason(body: bytes) -> str:
    try:
        told: Any = msgspec.json.decode(body)
        return str(told.get("detail") or told.get("title") or told)[:500]
    except (msgspec.MsgspecError, AttributeError):
        return body[:200].decode("utf-8", "replace")


def _show(event: msgspec.Raw, *, json: bool) -> None:
    if json:
        sys.stdout.write(bytes(event).decode() + "\n")
        sys.stdout.flush()
        return
    told: Any = msgspec.json.decode(event)
    line = Text.assemble(
        (told["time"][11:23], "dim"),
        "  ",
        (told["type"], "bold"),
        "  ",
        told["subject"],
        ("  " + told["channel"] if "channel" in told else "", "cyan"),
        "  ",
        (msgspec.json.encode(told["data"]).decode(), "dim"),
    )
    Console(soft_wrap=True).print(line)


def _forward(url: str, secret: str, event: msgspec.Raw) -> None:
    """Post an event; what becomes of it is said, and it is not tried again."""
    body = bytes(event)
    name = msgspec.json.decode(body)["id"]
    headers = signed_headers(name, body, [secret], datetime.now(UTC))
    base, _, query = url.partition("?")
    began = time.monotonic()
    try:
        status, _ = _call(
            "POST", base, f"?{query}" if query else "", headers, body, FORWARD_SECONDS_MAX
        )
        outcome = str(status)
    except (OSError, HTTPException) as error:
        outcome = type(error).__name__
    said.print(f"  → {outcome} in {(time.monotonic() - began) * 1_000:.0f} ms", style="dim")
