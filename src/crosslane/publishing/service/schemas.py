"""The schemas of what is told and taken in: public events, and the canonical messages of channels.

Each is a JSON Schema (2020-12) of its own, named and versioned: ``orders.order_placed.1`` is what
the event's ``data`` says, ``event.1`` what stands around it, ``messages.order.1`` a canonical
message. All of them together are one AsyncAPI 3 document. They are made from the structs, so they
cannot differ from what is sent and read.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from crosslane import __version__
from crosslane.channels import Outbound
from crosslane.platform.web import Schemas
from crosslane.publishing.domain.catalogue import PUBLIC, VERSION, PublicKind
from crosslane.publishing.domain.envelope import SCHEMAS, PublicEvent
from crosslane.publishing.errors import NoSuchSchema

PARTS, SHARED = "#/$defs/", "#/components/schemas/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE = f"event.{VERSION}"
MESSAGES: Mapping[str, type[Any]] = {
    f"messages.{struct.__struct_config__.tag}.{VERSION}": struct for struct in get_args(Outbound)
}
"""Canonical messages by the names of their schemas."""

EVENTS: Mapping[str, PublicKind] = {f"{kind.name}.{kind.version}": kind for kind in PUBLIC}


def names() -> list[str]:
    """Return the names of all schemas."""
    return sorted([ENVELOPE, *EVENTS, *MESSAGES])


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema that stands by itself.

    Raises:
        NoSuchSchema: there is none of this name.
    """
    if name not in (ENVELOPE, *EVENTS, *MESSAGES):
        raise NoSuchSchema(name=name[:100])
    written, parts = _written(name)
    whole = {"$schema": DIALECT, "$id": f"{SCHEMAS}{name}", **written, "title": name}
    return whole | ({"$defs": parts} if parts else {})


def _written(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a schema written out, and the shared parts it names."""
    kind = EVENTS.get(name)
    struct = kind.event if kind else MESSAGES.get(name, PublicEvent)
    schemas = Schemas([struct], reference=f"{PARTS}{{name}}")
    written, parts = schemas.of(struct), dict(schemas.components)
    if set(written) == {"$ref"}:
        written = parts.pop(_part(written["$ref"]))
    for path in kind.withheld if kind else ():
        _leave_out(written, path.split("."), parts)
    named = _named(written, parts)
    return written, {part: schema for part, schema in parts.items() if part in named}


def _part(reference: str) -> str:
    return reference.removeprefix(PARTS)


def _references(schema: Any) -> Iterator[str]:
    """Yield the names of the parts a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield _part(schema["$ref"])
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else ():
        yield from _references(inner)


def _named(schema: Any, parts: Mapping[str, Any]) -> set[str]:
    """Return the parts a schema needs, by way of others too."""
    needed: set[str] = set()
    left = set(_references(schema))
    while left:
        part = left.pop()
        needed.add(part)
        left |= set(_references(parts[part])) - needed
    return needed


def _leave_out(schema: dict[str, Any], path: list[str], parts: Mapping[str, Any]) -> None:
    """Leave a field out of a schema, as it is left out of what is told."""
    if "$ref" in schema:
        schema = parts[_part(schema["$ref"])]
    first, rest = path[0], path[1:]
    if rest:
        inner = schema["properties"][first]
        _leave_out(inner.get("items", inner), rest, parts)
        return
    schema["properties"].pop(first)
    if first in schema.get("required", []):
        schema["required"].remove(first)


@cache
def asyncapi() -> dict[str, Any]:
    """Return all of it as an AsyncAPI 3 document; whoever changes it takes a copy."""
    parts: dict[str, Any] = {}
    for name in names():
        parts |= _apart(name)
    events = {_key(name): _event_message(name, kind) for name, kind in EVENTS.items()}
    told = {_key(name): _message(name, parts) for name in MESSAGES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Crosslane",
            "version": __version__,
            "description": "What Crosslane tells of what happens, and what channels tell it.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhooks": _channel(
                "{url}",
                "Public events, posted to whoever subscribed by `POST /api/v1/webhooks`.",
                events,
                {"url": {"description": "Address of the subscription."}},
            ),
            "events": _channel(
                "/api/v1/events", "The same events, for those who ask with a cursor.", events
            ),
            "messages": _channel(
                "/api/v1/channels/{code}/batches",
                "Canonical messages of a channel, in either direction.",
                told,
                {"code": {"description": "Code of the channel."}},
            ),
        },
        "operations": {
            "tellEvents": _operation("send", "webhooks", "Tell a subscriber of an event."),
            "giveEvents": _operation("send", "events", "Answer a page of events."),
            "takeMessages": _operation("receive", "messages", "Take in what a channel says."),
            "tellMessages": _operation("send", "messages", "Tell a channel."),
        },
        "components": {"messages": events | told, "schemas": parts},
    }


def _apart(name: str) -> dict[str, Any]:
    """Return a schema and its parts under names of their own, for a document that holds many."""
    key = _key(name)
    written, parts = _written(name)
    named = {key: {**written, "title": name}} | {f"{key}_{p}": one for p, one in parts.items()}
    moved: dict[str, Any] = _moved(named, f"{SHARED}{key}_")
    return moved


def _moved(schema: Any, place: str) -> Any:
    """Return a schema whose parts are found at another place."""
    if isinstance(schema, list):
        return [_moved(inner, place) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _moved(inner, place) for name, inner in schema.items()}
    if isinstance(told.get("$ref"), str):
        told["$ref"] = place + _part(told["$ref"])
    return told


def _event_message(name: str, kind: PublicKind) -> dict[str, Any]:
    at = {"$ref": f"{SHARED}{_key(ENVELOPE)}"}
    data = {"$ref": f"{SHARED}{_key(name)}"}
    says = {"properties": {"type": {"const": kind.name}, "data": data}}
    return {
        "name": kind.name,
        "title": kind.name,
        "summary": kind.summary,
        "contentType": "application/json",
        "payload": {"type": "object", "allOf": [at, says]},
    }


def _message(name: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    described = str(parts[_key(name)].get("description", ""))
    return {
        "name": name,
        "title": name,
        "summary": described.partition("\n")[0] or name,
        "contentType": "application/json",
        "payload": {"$ref": f"{SHARED}{_key(name)}"},
    }


def _channel(
    address: str, description: str, messages: Iterable[str], parameters: Any = None
) -> dict[str, Any]:
    known = {key: {"$ref": f"#/components/messages/{key}"} for key in messages}
    told = {"address": address, "description": description, "messages": known}
    return told | ({"parameters": parameters} if parameters else {})


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    at = f"#/channels/{channel}"
    return {"action": action, "channel": {"$ref": at}, "summary": summary}


def _key(name: str) -> str:
    return name.replace(".", "_")


LISTING_HEAD = """# Public events

What others are told, by webhook or in the stream; written from the code by `make reference`, do not
edit it by hand. Optional fields end in `?`. How to have them: [receive
events](../howto/receive-events.md).
"""


def listing() -> str:
    """Return the catalogue of public events as a page in Markdown."""
    page = [LISTING_HEAD]
    group = ""
    for name, kind in sorted(EVENTS.items()):
        module = name.partition(".")[0]
        if module != group:
            group = module
            page.append(f"\n## {group}\n\n| event | what has happened | it says |\n|---|---|---|\n")
        told = schema(name)
        fields = told.get("properties", {})
        required = set(told.get("required", []))
        said = ", ".join(f"`{one}`" if one in required else f"`{one}?`" for one in fields)
        page.append(f"| `{name}` | {kind.summary} | {said} |\n")
    return "".join(page)
