"""Calls go down the stack, through front doors only, and the kernel leans on nothing."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tidy.tree import CAPABILITIES, REPOSITORY, File, Tree

# Modules whose sub-packages are front doors of their own.
OPEN_FOLDERS = {"platform", "apps", "verify"}
# Sub-packages with a front door of their own: few need it and it loads much; packages of others
# lean on it.
OPEN_ROOMS = {("sourcing", "fields"), ("channels", "adapters")}
KERNEL_MAY_IMPORT = sys.stdlib_module_names | {"msgspec"}
# The demo is a client like any other: it speaks HTTP and knows no capability.
DEMO_MAY_IMPORT = {"demo", "kernel", "platform"}


def imports(file: File) -> Iterator[tuple[ast.AST, list[str], list[str]]]:
    """Yield every import as (node, dotted path, names taken from it), wherever it stands."""
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name.split("."), []
        elif isinstance(node, ast.ImportFrom):
            path = (node.module or "").split(".") if not node.level else ["."]
            yield node, path, [alias.name for alias in node.names]


def side_doors(tree: Tree) -> list[str]:
    """Imports that enter another module by anything but its front door."""
    found = []
    inner = {(file.module, file.room) for file in tree.files if file.room != "__init__"}
    for file in tree.files:
        for node, path, names in imports(file):
            if path[0] == ".":
                found.append(file.at(node, "relative import: write the whole path"))
            if path[0] != "crosslane" or len(path) < 2 or path[1] == file.module:
                continue
            opened = path[1] in OPEN_FOLDERS or tuple(path[1:3]) in OPEN_ROOMS
            door = 3 if opened else 2
            rooms = [] if opened else [n for n in names if (path[1], n) in inner]
            if len(path) > door or rooms:
                found.append(file.at(node, f"side door into {'.'.join(path + rooms)}"))
    return found


def kernel_leans(tree: Tree) -> list[str]:
    """Imports of the kernel other than the standard library, msgspec and itself."""
    return [
        file.at(node, f"the kernel may not import {'.'.join(path)}")
        for file in tree.files
        if file.module == "kernel"
        for node, path, _ in imports(file)
        if path[0] not in KERNEL_MAY_IMPORT and path[:2] != ["crosslane", "kernel"]
    ]


def demo_insiders(tree: Tree) -> list[str]:
    """Imports of a capability by the demo, which speaks HTTP only."""
    return [
        file.at(node, f"the demo speaks HTTP, it may not import {'.'.join(path)}")
        for file in tree.files
        if file.module == "demo"
        for node, path, _ in imports(file)
        if path[0] == "crosslane" and len(path) > 1 and path[1] not in DEMO_MAY_IMPORT
    ]


def test_imports_use_front_doors(tree):
    assert side_doors(tree) == []


def test_kernel_leans_on_nothing(tree):
    assert kernel_leans(tree) == []


def test_demo_speaks_http(tree):
    assert demo_insiders(tree) == []


@pytest.mark.parametrize(
    "line",
    [
        "import crosslane.orders.storage",
        "from crosslane.orders.storage import list_orders",
        "from crosslane.orders import storage",
        "from crosslane.platform.database.pool import Pool",
        "from ..orders import place",
    ],
)
def test_side_door_bites(planted, line):
    tree = planted(
        fulfillment__service=f"def later():\n    {line}\n",
        orders__storage="",
        platform__database__pool="",
    )
    assert len(side_doors(tree)) == 1


def test_front_doors_are_free(planted):
    tree = planted(
        fulfillment__service="from crosslane.orders import place\n"
        "from crosslane.fulfillment.storage import list_parcels\n"
        "from crosslane.platform.database import Tx\n",
        orders__storage="",
    )
    assert side_doors(tree) == []


@pytest.mark.parametrize("line", ["import httpx", "from crosslane.platform.database import Tx"])
def test_kernel_lean_bites(planted, line):
    assert len(kernel_leans(planted(kernel__money=f"import decimal, msgspec\n{line}\n"))) == 1


def test_demo_insider_bites(planted):
    tree = planted(demo__scenario="import httpx\nfrom crosslane.orders import place\n")
    assert len(demo_insiders(tree)) == 1


# The stack itself is import-linter configuration; here it is tried on planted trees.


def lint_imports(tree: Tree) -> subprocess.CompletedProcess[str]:
    config = tree.root / "pyproject.toml"
    config.write_text((REPOSITORY / "pyproject.toml").read_text())
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--config", str(config)],
        cwd=tree.root / "src",
        capture_output=True,
        text=True,
        timeout=600,
    )


LINT = """
import sys
sys.path.insert(0, ".")
from importlinter.cli import lint_imports_command
lint_imports_command()
"""


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kernel", "platform"),
        ("platform", "organization"),
        ("verify", "orders"),
        ("catalog", "customers"),
        ("inventory", "pricing"),
        ("payments", "orders"),
        ("orders", "fulfillment"),
        ("orders", "apps"),
        ("finance", "engagement"),
        ("apps", "app"),
    ],
)
def test_stack_bites(planted, importer, imported):
    tree = planted(
        **{
            f"{importer}__service": f"import crosslane.{imported}.domain\n",
            f"{imported}__domain": "",
            "kernel__money": "",
        }
    )
    answer = lint_imports(tree)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"crosslane.{importer}.service" in answer.stdout


def test_stack_bites_on_an_unplaced_module(planted):
    answer = lint_imports(planted(novelty__service="", kernel__money=""))
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "novelty" in answer.stdout


def test_stack_lets_calls_down(planted):
    tree = planted(orders__service="import crosslane.inventory\n", inventory="", kernel__money="")
    answer = lint_imports(tree)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_stack_holds(tree: Tree):
    answer = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--config", str(tree.root / "pyproject.toml")],
        cwd=tree.root / "src",
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_capability_has_its_place():
    stack = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    layers = stack["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    assert placed >= CAPABILITIES


def test_no_python_file_is_lost(tree):
    inside = Path("src/crosslane")
    folders = {f.path.parent for f in tree.files if f.path.parent.name != "migrations"}
    lost = [str(f.relative_to(tree.root)) for f in folders if not (f / "__init__.py").exists()]
    assert lost == [], f"without __init__.py no linter sees them: {inside}"
