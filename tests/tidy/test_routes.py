"""Every route says what it is: who may call it, what it takes, what it answers."""

import ast
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import pytest
from tests.tidy.tree import Tree

from crosslane.app import ROUTES
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import FORM, UPLOAD, Form
from crosslane.platform.web import PUBLIC, Arriving, Caller, Route, get, post
from crosslane.platform.web.problems import catalogue, status_of, title_of

# A sign-in is its own event each time, so there is nothing to say twice; channels, providers and
# vendors name their messages by ids of their own. A look-up changes nothing but a count, a preview
# nothing at all.
WITHOUT_KEY = {
    "auth.sign_in",
    "channels.preview_messages",
    "channels.receive_delivery",
    "payments.look_up",
    "payments.receive_message",
    "vendors.tell_vendor_message",
    "vendors.tell_signed_vendor_message",
}
DECORATORS = {"get", "post", "put", "patch", "delete"}


def faults(routes: Sequence[Route]) -> list[str]:
    """Routes that leave something unsaid."""
    found = []
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    for route in routes:
        at = f"{route.method} {route.path}"
        # Pages and what browsers load with them are not described to programs.
        for_people = route.method in ("GET", "POST") and not route.listed
        if not route.path.startswith("/api/v1/") and not for_people:
            found.append(f"{at}: outside /api/v1")
        if (route.method, route.path) in seen:
            found.append(f"{at}: declared twice")
        if route.name in names:
            found.append(f"{at}: two operations are called {route.name}")
        if not route.summary.endswith((".", "?")):
            found.append(f"{at}: its docstring does not begin with a sentence")
        # A form brings its key along: parts.html has it, test_templates.py asks for it.
        without = route.name in WITHOUT_KEY or route.consumes in (FORM, UPLOAD)
        keyless = route.command and not route.key_required and not without
        if route.method == "POST" and keyless:
            found.append(f"{at}: changes something without a key")
        if route.method in ("PUT", "PATCH", "DELETE") and route.command is None:
            found.append(f"{at}: changes something without a command")
        if route.example is not None and not is_taken(route):
            found.append(f"{at}: its example is not a body it takes")
        if route.signature.body not in (None, bytes, Arriving, Form) and route.example is None:
            found.append(f"{at}: no example of its body")
        seen.add((route.method, route.path))
        names.add(route.name)
    return found


def is_taken(route: Route) -> bool:
    if route.signature.body is bytes:
        return isinstance(route.example, str)
    try:
        msgspec.json.decode(msgspec.json.encode(route.example), type=route.signature.body)
    except msgspec.ValidationError:
        return False
    return True


def wild_routes(tree: Tree) -> list[str]:
    """Uses of Litestar's own decorators and routers, which know of no permission."""
    return [
        file.at(node, "routes are declared by crosslane.platform.web")
        for file in tree.files
        if file.steps[:2] != ("platform", "web")
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == "litestar"
        and {alias.name for alias in node.names} & (DECORATORS | {"Router", "Controller", "route"})
    ]


def test_routes_say_what_they_are():
    assert faults(ROUTES) == []


def test_no_route_goes_round_the_gate(tree):
    assert wild_routes(tree) == []


def test_a_code_has_one_status():
    statuses: dict[str, set[int]] = defaultdict(set)
    for refusal in catalogue():
        code = refusal.code_of_class()
        statuses[code].add(status_of(refusal))
        assert title_of(code).replace(" ", "-").lower() == code
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


# The checks bite.


class Wish(msgspec.Struct, frozen=True):
    units: int


async def nothing(tx: object, commands: Sequence[object]) -> list[None]:
    return [None for _ in commands]


WISH = CommandKind("test.wish", Wish, None, nothing)


async def ask(caller: Caller, data: Wish) -> None:
    """Ask."""


async def silent(caller: Caller) -> None: ...


@pytest.mark.parametrize(
    "route",
    [
        get("/orders", permission="orders:read")(silent),
        get("/api/v1/orders", permission="orders:read")(silent),
        post("/api/v1/orders", permission="orders:place", command=WISH)(ask),
        post("/api/v1/orders", permission=PUBLIC, command=WISH, example={"units": "1"})(ask),
        post(
            "/api/v1/orders",
            permission="orders:place",
            command=WISH,
            example={"units": 1},
            key_required=False,
        )(ask),
    ],
)
def test_a_fault_bites(route):
    assert faults([route]) != []


def test_a_route_declared_twice_bites():
    once = post("/api/v1/o", permission="orders:place", command=WISH, example=Wish(1))(ask)
    assert faults([once]) == []
    assert len(faults([once, once])) == 2


@pytest.mark.parametrize("permission", ["", "orders", "Orders:read", "*"])
def test_a_route_without_permission_cannot_be(permission):
    with pytest.raises(ValueError, match="permission"):
        get("/api/v1/orders", permission=permission)(silent)


def test_a_wild_route_bites(planted):
    tree = planted(
        orders__rest="from litestar import get\n", platform__web__mount="import litestar"
    )
    assert len(wild_routes(tree)) == 1
