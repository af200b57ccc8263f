import pytest

from crosslane.platform.web import PUBLIC, get, put
from crosslane.platform.web.errors import MethodNotAllowed, NoSuchAddress
from crosslane.platform.web.router import Router


@get("/", permission=PUBLIC)
async def show_root() -> None:
    """Root."""


@get("/a/{b}", permission=PUBLIC)
async def show_any(b: str) -> None:
    """Any."""


@put("/a/{c}", permission=PUBLIC, command=None)
async def put_any(c: str) -> None:
    """Any."""


@get("/a/plain", permission=PUBLIC)
async def show_plain() -> None:
    """Plain."""


@get("/a/{b}/d/{e}", permission=PUBLIC)
async def show_deep(b: str, e: str) -> None:
    """Deep."""


ROUTER = Router([show_root, show_any, put_any, show_plain, show_deep])


@pytest.mark.parametrize(
    ("path", "route", "parameters"),
    [
        ("/", show_root, {}),
        ("/a/plain", show_plain, {}),
        ("/a/x", show_any, {"b": "x"}),
        ("//a///x/", show_any, {"b": "x"}),
        ("/a/1/d/2", show_deep, {"b": "1", "e": "2"}),
        ("/a/plain/d/2", show_deep, {"b": "plain", "e": "2"}),
    ],
)
def test_an_address_leads_to_its_route(path, route, parameters):
    found = ROUTER.find(path)
    assert found.route("GET") is found.route("HEAD") is route
    assert found.parameters(route) == parameters


def test_each_route_of_an_address_has_its_own_names_and_no_other_method_is_taken():
    found = ROUTER.find("/a/x")
    assert found.parameters(found.route("PUT")) == {"c": "x"}
    with pytest.raises(MethodNotAllowed) as raised:
        found.route("DELETE")
    assert raised.value.details["allowed"] == "GET, HEAD, OPTIONS, PUT"


@pytest.mark.parametrize("path", ["/a", "/b", "/a/x/d", "/a/x/d/2/3", "/a/x/y/2"])
def test_nothing_is_at_any_other_address(path):
    with pytest.raises(NoSuchAddress):
        ROUTER.find(path)
