"""Every route × every sort of caller: exactly those who hold its permission come in."""

from uuid import UUID

import pytest

from crosslane.app import ROUTES
from crosslane.kernel import new_id
from crosslane.platform.actor import covers
from crosslane.platform.auth import ROLES, permissions_of
from crosslane.platform.auth.roles import STAFF_ROLES
from crosslane.platform.web import PUBLIC, Route
from crosslane.platform.web.pages import HTML
from tests.api import Api

NOT_LET_IN = {401, 403}


def address(route: Route) -> str:
    """An address of the route at which there is nothing."""
    values = {
        name: str(UUID(int=7)) if field.type is UUID else "7"
        for name, field in route.signature.path.items()
    }
    return route.path.format(**values)


async def code_of(client, route: Route) -> tuple[int, str]:
    # No body and no query: whoever comes in is refused for that, and nothing is changed.
    method = "POST" if route.method == "POST" else route.method
    answer = await client.request(method, address(route), headers={"Idempotency-Key": ""})
    assert answer.status_code < 500, (route.name, answer.text)
    if route.produces == HTML:
        return answer.status_code, "not-permitted" if answer.status_code == 403 else ""
    code = answer.json()["code"] if answer.status_code >= 400 else ""
    return answer.status_code, code


def sent_away(route: Route) -> tuple[int, str]:
    """What somebody is told who shows nothing: people are taken to the page to sign in."""
    return (303, "") if route.produces == HTML else (401, "unauthenticated")


GUARDED = [route for route in ROUTES if route.permission != PUBLIC]
# Routes without a body or a key to lack would be carried out, and end the session of the test.
HARMLESS = [route for route in GUARDED if route.method != "DELETE"]


@pytest.mark.parametrize("role", STAFF_ROLES)
async def test_staff_come_in_by_their_role(api: Api, role: str):
    client = await api.staff(role, location_id=new_id() if role == "associate" else None)
    held = permissions_of(role)
    for route in HARMLESS:
        status, code = await code_of(client, route)
        allowed = covers(held, route.permission)
        assert (code != "not-permitted") is allowed, (route.name, status, code)


async def test_a_key_comes_in_by_its_scopes(api: Api):
    client = await api.key(["auth:read"], role="admin")
    for route in HARMLESS:
        _, code = await code_of(client, route)
        allowed = route.permission in ("auth:read", "auth:self")
        assert (code != "not-permitted") is allowed, (route.name, code)


async def test_nobody_comes_in_unknown(api: Api):
    client = api.client()
    for route in GUARDED:
        assert await code_of(client, route) == sent_away(route), route.name


async def test_the_key_of_another_tenant_opens_nothing(api: Api, database):
    stranger = api.client(f"clk_{'ab' * 5}_{'0' * 16}_{'0' * 64}")
    for route in GUARDED[:20]:
        assert await code_of(stranger, route) == sent_away(route), route.name


def test_every_permission_is_held_by_somebody_but_the_administrator():
    others = {p for role, held in ROLES.items() if role != "admin" for p in held}
    only_admin = {
        route.permission for route in GUARDED if not covers(frozenset(others), route.permission)
    }
    assert only_admin <= {"auth:write", "organization:write", "personal:erase"}
