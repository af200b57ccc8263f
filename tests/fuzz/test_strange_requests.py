"""Every operation × what no well-behaved client sends: refused by name, and nothing breaks."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from crosslane.app import ROUTES
from crosslane.platform.web import Arriving, Route
from crosslane.platform.web.body import JSON
from tests.fuzz.place import Place
from tests.fuzz.told import require_promised

# Pages answer people, by pages; those behind a link are not there without the right one.
API = [route for route in ROUTES if route.listed]
AS_SENT = (bytes, Arriving)
WITH_BODY = [route for route in API if route.signature.body not in (None, *AS_SENT)]
RAW = [route for route in API if route.signature.body in AS_SENT]
KEYED = [route for route in API if route.command is not None]

DEPTH = 100_000
MARK = "4711471147114711"
"""Stands in a body where a number is put in that no JSON library writes."""


def ids(route: Route) -> str:
    return route.name


every = pytest.mark.parametrize


def with_number(text: str) -> Callable[[Any], bytes]:
    """Put a number into the first field of a body."""

    def put(body: Any) -> bytes:
        first = next(iter(body))
        return json.dumps({**body, first: int(MARK)}).replace(MARK, text).encode()

    return put


def with_text(escaped: str) -> Callable[[Any], bytes]:
    """Put a text, written as JSON, into the first field of a body."""

    def put(body: Any) -> bytes:
        return json.dumps({**body, next(iter(body)): MARK}).replace(MARK, escaped).encode()

    return put


def twice(body: Any) -> bytes:
    raw = json.dumps(body).encode()
    first = json.dumps(next(iter(body))).encode()
    return b"{" + first + b": null, " + raw[1:]


# How a body is spoiled, and what it is called then.
SPOILED: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "NUL": (with_text(r"a\u0000b"), "unsafe-text"),
    "half a pair": (with_text(r"\ud800"), "unsafe-text"),
    "the other half": (with_text(r"\udfff x"), "unsafe-text"),
    "a name with NUL": (lambda body: json.dumps({**body, "a\0": 1}).encode(), "unsafe-text"),
    "deep lists": (lambda body: b"[" * DEPTH + b"]" * DEPTH, "json-too-deep"),
    "deep objects": (lambda body: b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, "json-too-deep"),
    "deep and unfinished": (lambda body: b"[" * DEPTH, "json-too-deep"),
    "a huge exponent": (with_number("1E+1000000"), "number-out-of-range"),
    "a tiny exponent": (with_number("1e-999999999999"), "number-out-of-range"),
    "a huge integer": (with_number("1" + "0" * 400), "number-out-of-range"),
    "just beyond 64 bits": (with_number(str(2**63)), "number-out-of-range"),
    "NaN": (with_number("NaN"), "number-out-of-range"),
    "Infinity": (with_number("Infinity"), "number-out-of-range"),
    "-Infinity": (with_number("-Infinity"), "number-out-of-range"),
    "a name twice": (twice, "duplicate-name"),
    "nothing": (lambda body: b"", "malformed-json"),
    "half of it": (lambda body: json.dumps(body).encode()[:-1], "malformed-json"),
    "more after it": (lambda body: json.dumps(body).encode() + b"{}", "malformed-json"),
    "another encoding": (lambda body: json.dumps(body).encode("utf-16"), "malformed-json"),
    "a byte that is no text": (lambda body: b'{"a": "\xff"}', "malformed-json"),
    "a list": (lambda body: json.dumps([body]).encode(), "invalid-field"),
    "null": (lambda body: b"null", "invalid-field"),
    "a text": (lambda body: b'"text"', "invalid-field"),
    "a number": (lambda body: b"-0.0", "invalid-field"),
    "a field nobody knows": (
        lambda body: json.dumps({**body, "nobody_knows": 1}).encode(),
        "invalid-field",
    ),
}


async def ask(place: Place, route: Route, **sent: Any) -> httpx.Response:
    """Ask for what there is, with whatever the route needs besides its body."""
    headers = httpx.Headers(sent.pop("headers", {}))
    if route.signature.version_required:
        headers["If-Match"] = '"v1"'
    params = place.query(route) | sent.pop("params", {})
    path = place.path(route)
    return await place.api.admin.request(route.method, path, params=params, headers=headers, **sent)


def require_refused(route: Route, answer: httpx.Response, status: int, code: str, why: str) -> None:
    told = (route.name, why, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", told
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), told
    require_promised(route, answer)


STATUS = {"unsafe-text": 422, "invalid-field": 422}


@every("route", WITH_BODY, ids=ids)
async def test_a_spoiled_body_is_refused_by_name(place: Place, route: Route):
    body = place.example(route)
    for why, (spoil, code) in SPOILED.items():
        answer = await ask(
            place, route, content=spoil(body), headers={"Content-Type": "application/json"}
        )
        require_refused(route, answer, STATUS.get(code, 400), code, why)


@every("route", [*WITH_BODY, *RAW], ids=ids)
async def test_a_body_of_another_type_is_refused(place: Place, route: Route):
    for said in (
        {"Content-Type": "text/plain"},
        {"Content-Type": f"{route.consumes}; charset=utf-16"},
        {"Content-Type": f"{route.consumes}, text/html"},
        {"Content-Type": route.consumes, "Content-Encoding": "gzip"},
        {},
    ):
        answer = await ask(place, route, content=b"{}", headers=said)
        require_refused(route, answer, 415, "wrong-content-type", str(said))


@every("route", [*WITH_BODY, *RAW], ids=ids)
async def test_a_body_beyond_the_limit_is_refused(place: Place, route: Route):
    async def flood() -> Any:
        for _ in range(route.body_bytes_max // len(DROPS) + 1):
            yield DROPS

    said = {"Content-Type": route.consumes}
    answer = await ask(
        place,
        route,
        content=b"{}",
        headers=said | {"Content-Length": str(route.body_bytes_max + 1)},
    )
    require_refused(route, answer, 413, "body-too-large", "announced")
    if route.signature.body is Arriving:
        return  # so much is not sent for every route; tests/platform/test_web_arriving.py does
    answer = await ask(place, route, content=flood(), headers=said)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large"), route.name


DROPS = b" " * (1 << 20)


@every("route", ROUTES, ids=ids)
async def test_an_unknown_query_parameter_is_refused(place: Place, route: Route):
    if route.signature.link:
        return  # a link that is not signed is no address, whatever is asked of it
    answer = await ask(place, route, params={"nobody_knows": "1"})
    if route.listed:
        require_refused(route, answer, 400, "unknown-query-parameter", "unknown")
    else:
        # People are shown a page; what browsers load by themselves is in no document either.
        assert answer.status_code == 400, route.name


@every("route", KEYED, ids=ids)
async def test_an_odd_idempotency_key_is_refused(place: Place, route: Route):
    for key in (b"", b"k" * 201, b"caf\xe9", b"caf\xc3\xa9", b"a\tb", b"a\x00b", b"\x7f"):
        answer = await ask(place, route, headers=[(b"Idempotency-Key", key)])
        require_refused(route, answer, 400, "invalid-header", repr(key))
    if route.key_required:
        # The clients of these tests give each POST a key unless a request hook is taken away.
        client = place.api.client()
        client.event_hooks = {}
        client.headers["Authorization"] = place.api.admin.headers["Authorization"]
        answer = await client.request(route.method, place.path(route), params=place.query(route))
        require_refused(route, answer, 400, "idempotency-key-missing", "none")


# What a field may be made into: each is JSON that a strict reader lets through.
EXTREMES: tuple[Any, ...] = (
    *(2**63 - 1, -(2**63), 1e308, "", "x" * 5_000, "9999-12-31T23:59:59.999999-23:59"),
    *("1E+1000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", None, []),
)
MORE: tuple[Any, ...] = (
    *(2**31, -1, 0, -1e-308, 0.1, " ", "\ufffe\U0010ffff", "'; drop table orders; --", "%s{0}$1\\"),
    *("0001-01-01", "9999-12-31", "2026-02-30", "NaN", "-Infinity", "1E-1000000", "0" * 400),
    *(True, {}, [[]], [None] * 1_001),
)


def mutants(value: Any, extremes: Sequence[Any]) -> Iterator[Any]:
    """Yield the body with one of its fields made into each extreme, longer by a line's end, or with
    its first item twice."""
    if isinstance(value, dict):
        for name, inner in value.items():
            for mutant in mutants(inner, extremes):
                yield {**value, name: mutant}
    elif isinstance(value, list) and value:
        for mutant in mutants(value[0], extremes):
            yield [mutant, *value[1:]]
        yield [value[0], *value]
    elif isinstance(value, str):
        yield value + "\n"
    yield from extremes


async def try_extremes(place: Place, route: Route, extremes: Sequence[Any]) -> None:
    for mutant in mutants(place.example(route), extremes):
        answer = await ask(place, route, content=json.dumps(mutant).encode(), headers=AS_JSON)
        require_promised(route, answer)


AS_JSON = {"Content-Type": JSON}


@every("route", WITH_BODY, ids=ids)
async def test_a_field_of_an_extreme_breaks_nothing(place: Place, route: Route):
    await try_extremes(place, route, EXTREMES)


@pytest.mark.soak
@every("route", WITH_BODY, ids=ids)
async def test_a_field_of_any_extreme_breaks_nothing(place: Place, route: Route):
    await try_extremes(place, route, (*EXTREMES, *MORE))
