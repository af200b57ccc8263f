"""What the OpenAPI document promises, and whether an answer keeps it."""

from functools import cache

import httpx
import msgspec
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, Response, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crosslane.app import ROUTES
from crosslane.platform.web import Route
from crosslane.platform.web.openapi import document
from crosslane.platform.web.problems import PROBLEM_MEDIA_TYPE

LISTED = [route for route in ROUTES if route.listed]
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@cache
def _operations() -> dict[tuple[str, str], APIOperation]:
    told = document(LISTED, title="Crosslane", version="1")
    schema = openapi.from_dict(msgspec.json.decode(msgspec.json.encode(told)))
    found = (each.ok() for each in schema.get_all_operations())
    return {(operation.method.upper(), operation.path): operation for operation in found}


def operation_of(route: Route) -> APIOperation:
    """Return the operation as the document describes it."""
    return _operations()[route.method, route.path]


def require_promised(route: Route, answer: httpx.Response, case: Case | None = None) -> None:
    """Fail unless the document names the status, media type, code and shape of the answer.

    Args:
        route: what was asked.
        answer: what came back.
        case: the request as it was generated, if it was.
    """
    somewhere = dict.fromkeys(route.signature.path, "1")
    case = case or operation_of(route).Case(path_parameters=somewhere)
    case.validate_response(_readable(answer), checks=PROMISES)
    if answer.status_code >= 400:
        media_type = answer.headers["content-type"].partition(";")[0]
        page = route.produces.startswith("text/html")
        assert page or media_type == PROBLEM_MEDIA_TYPE, (route.name, answer.text)


def _readable(answer: httpx.Response) -> Response:
    """The answer as the checks read it.

    They would make it so themselves, but by writing the request anew, which takes them longer than
    all they look at.
    """
    asked, request = answer.request, PreparedRequest()
    request.method, request.url, request.body = asked.method, str(asked.url), asked.content
    request.headers = CaseInsensitiveDict(asked.headers.items())
    return Response(
        status_code=answer.status_code,
        headers={name: [value] for name, value in answer.headers.items()},
        content=answer.content,
        request=request,
        elapsed=answer.elapsed.total_seconds(),
        verify=True,
        message=answer.reason_phrase,
        encoding=answer.encoding,
        http_version=answer.http_version,
    )
