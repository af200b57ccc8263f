"""Conversations of tellers written down as samples, from the tests that hold them.

    pytest -p tests.channels.recording tests/channels/test_shopify_tells.py

Of what a run holds, one conversation is kept for each way in which messages of a kind end; those
recorded before are replaced. The kit holds them again, and turns every answer.
"""

import json
import os
import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from crosslane.channels.adapters import (
    FAMILIES,
    Busy,
    Call,
    Conversation,
    Later,
    Outgoing,
    Refused,
    Talk,
    Tell,
    Telling,
    kind_of,
)
from tests.channels.capabilities import SAMPLES

RAISED = {Busy: "busy", Later: "later", Refused: "refused"}
PLAIN_HEADERS = {"accept", "content-type", "user-agent"}
_held: dict[str, dict[Any, dict[str, Any]]] = {}


def _recorded(family: str, tell: Tell) -> Tell:
    """Return a teller whose conversations are written down."""

    def told(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
        steps: list[dict[str, Any]] = []
        written = {"tells": [_told(one) for one in messages], "steps": steps}
        written["talk"] = _said(msgspec.json.decode(msgspec.json.encode(talk)), Talk())
        try:
            conversation = tell(messages, talk)
            wanted = next(conversation)
            while True:
                given = yield wanted
                steps.append({"asks": _asks(wanted), "answer": _answer(given)})
                wanted = conversation.send(given)
        except StopIteration as ended:
            written["ends"] = [_said(one) for one in ended.value]
            return ended.value
        except tuple(RAISED) as raised:
            written["raises"] = RAISED[type(raised)]
            raise
        finally:
            if messages and ("ends" in written or "raises" in written):
                _keep(family, kind_of(messages[0].message), written)

    return told


def pytest_configure() -> None:
    """Listen to every teller."""
    for family in FAMILIES.own.values():
        for kind, telling in family.tells.items():
            heard = msgspec.structs.replace(telling, tell=_recorded(family.name, telling.tell))
            cast(dict[str, Telling], family.tells)[kind] = heard


def _keep(family: str, kind: str, written: dict[str, Any]) -> None:
    ends = written.get("ends", [])
    ways = {(one.get("state", "told"), one.get("instead", "")) for one in ends}
    way = (kind, written.get("raises"), frozenset(ways), bool(written["steps"]))
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::test_")[2]
    note = re.split(r"[\[ ]", test)[0].replace("_", " ")
    _held.setdefault(family, {}).setdefault(way, {"note": note} | written)


def _told(one: Outgoing) -> dict[str, Any]:
    found: dict[str, Any] = {"key": one.key, "number": one.number, "message": _said(one.message)}
    if one.order is not None:
        found["order"] = _said(one.order)
    return found | ({"known": dict(one.known)} if one.known else {})


def _asks(asked: Any) -> dict[str, Any]:
    if not isinstance(asked, Call):
        found = {"name": asked.name, "media_type": asked.media_type}
        try:
            return found | {"holds": [asked.body.decode()]}
        except UnicodeDecodeError:
            # A workbook, or a text in another encoding; the family reads it by itself.
            return found
    headers = {n: v for n, v in asked.headers.items() if n.lower() not in PLAIN_HEADERS}
    called: dict[str, Any] = {"method": asked.method, "path": asked.path}
    if headers:
        called["headers"] = headers
    return called | ({"body": _body(asked.body)} if asked.body else {})


def _answer(given: Any) -> dict[str, Any]:
    found = {} if given.status == 200 else {"status": given.status}
    if given.headers:
        found["headers"] = dict(given.headers)
    return found | ({"body": _body(given.body)} if given.body else {})


def _body(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _said(value: Any, usual: Any = None) -> dict[str, Any]:
    """Return what of a struct is not as always."""
    plain = msgspec.to_builtins(value)
    always = msgspec.to_builtins(usual) if usual is not None else {}
    return {
        name: one
        for name, one in plain.items()
        if one not in ("", None, {}, [], ()) and one != always.get(name)
    }


def pytest_sessionfinish() -> None:
    """Write what was kept, in place of what was recorded before."""
    for family, held in _held.items():
        folder = SAMPLES / family / "conversations"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("recorded-*.json"):
            old.unlink()
        for number, (way, written) in enumerate(held.items(), 1):
            kind = str(way[0]).replace("_", "-")
            path = folder / f"recorded-{number:02d}-{kind}.json"
            path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
