"""The OpenAPI 3.1 document, written from the declared routes alone.

Every answer a client can get is in it: successes with their schema, and each status of refusal with
the codes it may carry there.
"""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from crosslane.kernel import Refusal, Stale, UnsafeText
from crosslane.platform import idempotency, lane
from crosslane.platform.web import errors
from crosslane.platform.web.answers import Document
from crosslane.platform.web.binding import PAGING_FIELDS, REQUIRED, Field
from crosslane.platform.web.body import JSON
from crosslane.platform.web.caller import OtherLocation
from crosslane.platform.web.problems import (
    PROBLEM_MEDIA_TYPE,
    PROBLEM_TYPE_PREFIX,
    DatabaseUnavailable,
    Problem,
    ValueNotStorable,
    status_of,
    title_of,
)
from crosslane.platform.web.routes import PUBLIC, Route, body_of
from crosslane.platform.web.schemas import REFERENCE, Schemas

OPENAPI_VERSION = "3.1.0"
PROBLEM_SCHEMA = {"$ref": REFERENCE.format(name="Problem")}

_ALWAYS = (
    errors.MalformedRequest,
    errors.UnknownQueryParameter,
    errors.UriTooLong,
    errors.TooManyRequests,
    errors.Busy,
    errors.TookTooLong,
    DatabaseUnavailable,
    errors.Unexpected,
)
_KNOWN_CALLER = (errors.Unauthenticated, errors.NotPermitted, OtherLocation)
_QUERY = (
    errors.RepeatedQueryParameter,
    errors.InvalidQueryParameter,
    errors.MissingQueryParameter,
    ValueNotStorable,
)
_BODY = (
    errors.BodyTooLarge,
    errors.WrongContentType,
    errors.MalformedJson,
    errors.JsonTooDeep,
    errors.DuplicateName,
    errors.NumberOutOfRange,
    errors.InvalidField,
    UnsafeText,
    ValueNotStorable,
)
_COMMAND = (
    errors.InvalidHeader,
    errors.ForeignSite,
    idempotency.KeyReused,
    idempotency.StillWorking,
    lane.LaneFull,
    lane.RowsBusy,
)


def document(routes: Sequence[Route], *, title: str, version: str) -> dict[str, Any]:
    """Return the document as plain values.

    Args:
        routes: the routes of the application; those that are not listed are left out.
        title: name of the interface.
        version: version of the software.
    """
    listed = [route for route in routes if route.listed]
    schemas = Schemas([*(of for route in listed for of in _types_of(route)), Problem])
    failures = _Failures()
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in listed:
        paths[route.path][route.method.lower()] = _operation(route, schemas, failures)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({route.tag for route in listed})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**schemas.components, **_problem_details(schemas.components)},
            "responses": failures.components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or the token of a session.",
                },
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-crosslane"},
            },
        },
    }


def _types_of(route: Route) -> list[Any]:
    fields = [*route.signature.path.values(), *_query_of(route)]
    taken = [field.type for field in fields]
    if route.consumes == JSON and route.signature.body not in (None, bytes):
        taken.append(route.signature.body)
    given = [body_of(route.signature.answer), *map(body_of, route.also.values())]
    return [*taken, *(of for of in given if _is_json(of))]


def _is_json(of: Any) -> bool:
    return of not in (None, type(None)) and not (inspect.isclass(of) and issubclass(of, Document))


def _query_of(route: Route) -> list[Field]:
    paging = PAGING_FIELDS.values() if route.signature.paging else ()
    return [*route.signature.query.values(), *paging]


def _problem_details(components: dict[str, Any]) -> dict[str, Any]:
    problem = dict(components["Problem"])
    problem["examples"] = [
        {
            "type": PROBLEM_TYPE_PREFIX + "invalid-field",
            "title": "Invalid field",
            "status": 422,
            "detail": "A field of the body is not valid: Expected 'int', got 'str'.",
            "code": "invalid-field",
            "pointer": "/lines/0/quantity",
            "trace": "4bf92f3577b34da6a3ce929d0e0e4736",
        }
    ]
    return {"Problem": problem}


def _operation(route: Route, schemas: Schemas, failures: "_Failures") -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas, failures),
        "security": [] if route.permission == PUBLIC else [{"token": []}, {"cookie": []}],
    }
    if route.signature.body is not None:
        told["requestBody"] = _request_body(route, schemas)
    return told


def _description(route: Route) -> str:
    needed = "" if route.permission == PUBLIC else f"Needs the permission `{route.permission}`."
    return "\n\n".join(part for part in (route.description, needed) if part)


def _parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    told = [
        _parameter(field.name, "path", schemas.of(field.type), required=True)
        for field in route.signature.path.values()
    ]
    if route.signature.link:
        told.append(_parameter(route.signature.link, "path", {"type": "string"}, required=True))
    for field in _query_of(route):
        required = field.default is REQUIRED
        schema = schemas.of(field.type)
        if not required and field.default is not None:
            schema["default"] = msgspec.to_builtins(field.default)
        told.append(_parameter(field.name, "query", schema, required=required))
    if route.command is not None:
        key = {"type": "string", "maxLength": 200, "pattern": r"^[ -~]+$"}
        why = "Makes the change happen once, however often the request is sent."
        told.append(_parameter("Idempotency-Key", "header", key, route.key_required, why))
    if route.signature.version:
        tag = {"type": "string", "pattern": '^"v[0-9]+"$'}
        why = "ETag of the version that is meant."
        told.append(_parameter("If-Match", "header", tag, route.signature.version_required, why))
    return told


def _parameter(
    name: str, place: str, schema: dict[str, Any], required: bool, description: str = ""
) -> dict[str, Any]:
    schema = dict(schema)
    description = description or schema.pop("description", "")
    told = {"name": name, "in": place, "required": required, "schema": schema}
    return told | ({"description": description} if description else {})


def _request_body(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.consumes != JSON:
        content: dict[str, Any] = {"schema": {"type": "string"}}
    elif route.signature.body is bytes:
        content = {"schema": {}}
    else:
        content = {"schema": schemas.of(route.signature.body)}
    if route.example is not None:
        content["example"] = msgspec.to_builtins(route.example)
    media_types = (route.consumes, *route.also_consumes)
    return {"required": True, "content": dict.fromkeys(media_types, content)}


def _responses(route: Route, schemas: Schemas, failures: "_Failures") -> dict[str, Any]:
    told = {
        str(status): _success(route, body_of(of), schemas)
        for status, of in {route.status: route.signature.answer, **route.also}.items()
    }
    by_status: dict[int, list[type[Refusal]]] = defaultdict(list)
    for refusal in _refusals_of(route):
        by_status[status_of(refusal)].append(refusal)
    for status, refusals in sorted(by_status.items()):
        told[str(status)] = failures.reference(status, refusals)
    return told


class _Failures:
    """Responses of refusal, written once for all routes that give the same ones."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[int, tuple[str, ...]], str] = {}

    def reference(self, status: int, refusals: Iterable[type[Refusal]]) -> dict[str, str]:
        """Return a reference to the response with this status and these refusals."""
        codes = tuple(sorted({refusal.code_of_class() for refusal in refusals}))
        name = self._names.get((status, codes))
        if name is None:
            same_status = sum(known == status for known, _ in self._names)
            name = f"Problem{status}" + (f"_{same_status + 1}" if same_status else "")
            self._names[status, codes] = name
            self.components[name] = _failure(status, codes)
        return {"$ref": f"#/components/responses/{name}"}


def _success(route: Route, of: Any, schemas: Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": "Done", "headers": {"Trace-Id": _TEXT_HEADER}}
    if route.command is not None:
        told["headers"]["Idempotency-Replayed"] = _TEXT_HEADER
    if of in (None, type(None)):
        return told
    if not _is_json(of):
        return told | {"content": {route.produces: {"schema": {"type": "string"}}}}
    content = {"schema": schemas.of(of)}
    if route.returns is not None:
        content["example"] = msgspec.to_builtins(route.returns)
    return told | {"content": {route.produces: content}}


_TEXT_HEADER = {"schema": {"type": "string"}}
_NUMBER_HEADER = {"schema": {"type": "integer", "minimum": 1}}


def _failure(status: int, codes: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": " or ".join(map(title_of, codes)),
        "headers": {"Trace-Id": _TEXT_HEADER},
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {
                    "allOf": [
                        PROBLEM_SCHEMA,
                        {
                            "properties": {
                                "code": {"enum": list(codes)},
                                "status": {"const": status},
                            }
                        },
                    ]
                }
            }
        },
    }
    if status in (429, 503):
        told["headers"]["Retry-After"] = _NUMBER_HEADER
    return told


def _refusals_of(route: Route) -> Iterable[type[Refusal]]:
    takes = route.signature
    told = {*_ALWAYS, *route.raises}
    if takes.caller or route.permission != PUBLIC:
        told.update(_KNOWN_CALLER)
    if takes.path or takes.link:
        told.add(errors.NoSuchAddress)
        told.add(ValueNotStorable)
    if _query_of(route):
        told.update(_QUERY)
    if takes.body is not None:
        told.update(_BODY)
    if route.command is not None:
        told.update(_COMMAND)
    if route.key_required:
        told.add(errors.IdempotencyKeyMissing)
    if takes.version:
        told.update((Stale, errors.InvalidHeader))
    if takes.version_required:
        told.add(errors.PreconditionRequired)
    return sorted(told, key=lambda refusal: refusal.code_of_class())
