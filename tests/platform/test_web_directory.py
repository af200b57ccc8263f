"""Which route answers at an address."""

import pytest

from crosslane.platform.web import PUBLIC, errors, get
from crosslane.platform.web.directory import Directory


@get("/api/v1/notes/{note_id}", permission=PUBLIC)
async def show_note(note_id: str) -> str:
    """Show a note."""
    return note_id


@get("/api/v1/notes/newest", permission=PUBLIC)
async def show_newest() -> str:
    """Show the newest note."""
    return "newest"


@get("/api/v1/notes/{note_id}/labels/{label}", permission=PUBLIC)
async def show_label(note_id: str, label: str) -> str:
    """Show a label."""
    return note_id + label


@get("/", permission=PUBLIC)
async def show_home() -> str:
    """Show where to begin."""
    return "home"


directory = Directory([show_note, show_newest, show_label, show_home])


@pytest.mark.parametrize(
    ("path", "route", "parameters"),
    [
        ("/", show_home, {}),
        ("/api/v1/notes/17", show_note, {"note_id": "17"}),
        ("/api/v1/notes/newest", show_newest, {}),
        ("/api/v1/notes/a b/labels/ü", show_label, {"note_id": "a b", "label": "ü"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_route_is_found_with_what_stands_in_its_path(method, path, route, parameters):
    assert directory.find(method, path) == (route, parameters, path)


def test_needless_slashes_are_left_out():
    assert directory.find("GET", "//api/v1///notes/17/") == (
        show_note,
        {"note_id": "17"},
        "/api/v1/notes/17",
    )


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1/notes", "/api/v1/notes/17/labels", "/nowhere", "/api/v1/notes/1/x/2"]
)
def test_nothing_is_at_other_addresses(path):
    with pytest.raises(errors.NoSuchAddress):
        directory.find("GET", path)
    with pytest.raises(errors.NoSuchAddress):
        directory.methods(path)


def test_other_methods_are_told_which_there_are():
    with pytest.raises(errors.MethodNotAllowed) as refused:
        directory.find("BREW", "/api/v1/notes/17")
    assert refused.value.details == {"method": "BREW", "allowed": "GET, HEAD, OPTIONS"}
    assert directory.find("OPTIONS", "/api/v1/notes/17")[0] is None


def test_a_route_is_declared_once():
    with pytest.raises(ValueError, match="declared twice"):
        Directory([show_note, show_note])
