"""Every capability has the same rooms, the migrations their order, and things telling names."""

import ast
import re

import pytest
from tests.tidy.tree import CAPABILITIES, Tree

ROOMS = {"__init__", "errors", "events", "domain", "storage", "service", "rest", "reactions"}
# A stranger at a port lives beside the rooms: what speaks to a provider, and what plays one.
# So does sourcing over arrays, which few processes load.
PORTS: dict[str, set[str]] = {
    "carriers": {"port"},
    "channels": {"adapters"},
    "payments": {"provider"},
    "sourcing": {"fields"},
    "vendors": {"port"},
}
VAGUE = re.compile(r"manager$|helpers?$|utils?$|^data$|^misc$|^common$|[a-z_]Data$", re.IGNORECASE)


def strange_rooms(tree: Tree) -> list[str]:
    """Files of a capability outside the eight rooms."""
    return [
        f"{file.name}: a capability has no room named {file.room!r}"
        for file in tree.files
        if file.module in CAPABILITIES and file.room not in ROOMS | PORTS.get(file.module, set())
    ]


def closed_doors(tree: Tree) -> list[str]:
    """Capabilities whose front door does not say what is behind it."""
    return [
        f"{file.name}: the front door needs a docstring and __all__"
        for file in tree.files
        if file.module in CAPABILITIES
        and file.steps[1:] == ("__init__",)
        and not (ast.get_docstring(file.syntax) and "__all__" in file.text)
    ]


def vague_names(tree: Tree) -> list[str]:
    """Files, classes and functions whose name says nothing."""
    found = [f"{f.name}: vague name" for f in tree.files if VAGUE.search(f.steps[-1])]
    for file in tree.files:
        for node in ast.walk(file.syntax):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
                VAGUE.search(node.name)
            ):
                found.append(file.at(node, f"vague name {node.name}"))
    return found


def test_capabilities_have_the_same_rooms(tree):
    assert strange_rooms(tree) == []


def test_front_doors_tell(tree):
    assert closed_doors(tree) == []


def test_names_tell(tree):
    assert vague_names(tree) == []


def test_strange_room_bites(planted):
    tree = planted(orders__domain__bucket="", orders__helpers="", platform__anything="")
    assert [f for f in strange_rooms(tree) if "orders/helpers.py" in f] == strange_rooms(tree) != []


def test_closed_door_bites(planted):
    assert len(closed_doors(planted(orders__domain=""))) == 1


@pytest.mark.parametrize(
    "text", ["class OrderManager: ...", "def address_helper(): ...", "class CartUtils: ..."]
)
def test_vague_name_bites(planted, text):
    assert len(vague_names(planted(orders__service=text))) == 1


def test_vague_file_bites(planted):
    assert len(vague_names(planted(platform__utils=""))) == 1
