"""The whole OpenAPI document × every role: whoever asks what it allows is answered as it says."""

from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from crosslane.platform.web import Route
from tests.fuzz.place import Place
from tests.fuzz.told import LISTED, operation_of, require_promised

# The same requests on every run: what is new is for the long form to find.
SHORT = settings(max_examples=2, derandomize=True)
LONG = settings(max_examples=200)
HOW: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    # On one database that remembers all that was asked, shrinking tells nothing true.
    "phases": [Phase.generate],
}
# They end the sessions of the callers themselves, so they are asked last.
ENDINGS = {"auth.sign_out", "auth.sign_out_everywhere", "auth.change_password"}
ORDERED = sorted(LISTED, key=lambda route: route.name in ENDINGS)
# What the client says by itself, or what would only make it wait.
OWN_HEADERS = {"authorization", "cookie", "content-length"}
SLOW = "wait_seconds"


def aim(case: Case, place: Place, route: Route) -> None:
    """Make a generated request name what there is."""
    case.path_parameters = place.parameters(route)
    case.query = place.aimed(dict(case.query or {}))
    case.body = place.aimed(case.body)
    for name in ("Idempotency-Key", "If-Match"):
        (case.headers or {}).pop(name, None)
    if route.signature.version_required:
        case.headers["If-Match"] = '"v1"'


def written(case: Case, client: httpx.AsyncClient) -> httpx.Request:
    """Write the request down as this client sends it."""
    (case.query or {}).pop(SLOW, None)
    told = case.as_transport_kwargs(base_url=str(client.base_url))
    told.pop("cookies", None)
    plain = requests.Request(**told).prepare()
    headers = {name: v for name, v in plain.headers.items() if name.lower() not in OWN_HEADERS}
    return client.build_request(plain.method, plain.url, headers=headers, content=plain.body)


async def ask_as_everybody(place: Place, route: Route, data: st.DataObject) -> None:
    case = data.draw(operation_of(route).as_strategy())
    if data.draw(st.sampled_from([True, False])):
        aim(case, place, route)
    for client in place.callers.values():
        answer = await client.send(written(case, client))
        require_promised(route, answer, case)


@pytest.mark.parametrize("route", ORDERED, ids=lambda route: route.name)
@settings(SHORT, **HOW)
@given(data=st.data())
async def test_every_role_is_answered_as_documented(
    place: Place, route: Route, data: st.DataObject
):
    await ask_as_everybody(place, route, data)


@pytest.mark.soak
@pytest.mark.parametrize("route", ORDERED, ids=lambda route: route.name)
@settings(LONG, **HOW)
@given(data=st.data())
async def test_every_role_is_answered_as_documented_for_long(
    place: Place, route: Route, data: st.DataObject
):
    await ask_as_everybody(place, route, data)
