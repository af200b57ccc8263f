"""What stands around what Amazon says: models' examples, queues, buses, pages.

A record is one of: an exchange, which is what was asked (``op``, ``path``, ``request``) with its
answer (``response``), as Amazon's models write examples and as orders are fetched; an answer alone;
a notification. Notifications lie in a message of SQS, alone, as polled or as given to a function;
in one of SNS, or in an event of EventBridge; what lies inside as text is opened.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable, read_json
from crosslane.channels.adapters.port import RECORDS_MAX, Fault

# Lists of records that were sent together: examples of a model, messages of a queue.
TOGETHER = ("examples", "Records", "Messages")
# Where none of their names is, nor a letter written as an escape, none of them can be.
TRACES = (*(name.encode() for name in TOGETHER), b"\\u")
INSIDE = ("Message", "Body", "body", "detail")
DEEP_MAX = 4


def cut(raw: bytes) -> Iterator[bytes]:
    """Yield the records of a document as they stand in it.

    Raises:
        NotReadable: there are more than RECORDS_MAX.
    """
    parts = _parts(raw)
    if parts is None:
        yield raw
        return
    if len(parts) > RECORDS_MAX:
        detail = f"A document has at most {RECORDS_MAX} records"
        raise NotReadable(Fault("too-many-records", detail))
    yield from map(bytes, parts)


def _parts(raw: bytes) -> list[msgspec.Raw] | None:
    """Return the records of a list, None when a document is one record."""
    try:
        if raw.lstrip()[:1] == b"[":
            return _objects(raw)
        if not [trace for trace in TRACES if trace in raw]:
            return None
        whole = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        lists = (bytes(whole[name]) for name in TOGETHER if name in whole)
        return next((found for one in lists if (found := _objects(one))), None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _objects(raw: bytes) -> list[msgspec.Raw] | None:
    if raw.lstrip()[:1] != b"[":
        return None
    found = msgspec.json.decode(raw, type=list[msgspec.Raw])
    fits = all(bytes(one).lstrip()[:1] == b"{" for one in found)
    return found if found and fits else None


def opened(document: Mapping[str, Any], deep: int = 0) -> Mapping[str, Any]:
    """Return a document in which what lies inside as text is read."""
    for name in INSIDE:
        inner = document.get(name)
        if isinstance(inner, str) and inner.lstrip()[:1] == "{" and deep < DEEP_MAX:
            found = read_json(inner.encode())
            return {**document, name: opened(found, deep + 1)}
        if isinstance(inner, dict) and deep < DEEP_MAX:
            return {**document, name: opened(inner, deep + 1)}
    return document


def innermost(branch: Branch) -> Branch:
    """Return what lies in all the envelopes."""
    for _ in range(DEEP_MAX):
        name = next((n for n in INSIDE if isinstance(branch.peek(n), dict)), None)
        if name is None:
            break
        branch = branch.branch(name)
    return branch
