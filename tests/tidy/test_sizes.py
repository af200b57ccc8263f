"""No file or function grows past what one reads in one sitting."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.tree import Tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
# What is over its limit with a reason, by name and lines. An entry may only shrink, and the list
# may only become shorter.
OVERSIZE = json.loads((Path(__file__).parent / "oversize.json").read_text())
OVERSIZE_ENTRIES_MAX = 0


def sizes(tree: Tree) -> Iterator[tuple[str, int, int]]:
    """Yield (name, lines, limit) of every file of source and tests and every source function."""
    for path in sorted(tree.root.glob("tests/**/*.py")):
        yield str(path.relative_to(tree.root)), len(path.read_text().splitlines()), FILE_LINES_MAX
    for file in tree.files:
        yield file.name, len(file.text.splitlines()), FILE_LINES_MAX
        for node in ast.walk(file.syntax):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{file.name}:{node.name}", lines, FUNCTION_LINES_MAX


def oversized(tree: Tree, allowed: dict[str, int]) -> list[str]:
    """What is over its limit, and entries of the list that have shrunk or gone."""
    found, seen = [], set()
    for name, lines, limit in sizes(tree):
        if lines > limit:
            seen.add(name)
            if lines > allowed.get(name, limit):
                found.append(f"{name}: {lines} lines, {allowed.get(name, limit)} at most")
            elif lines < allowed[name]:
                found.append(f"{name}: now {lines} lines: write that into oversize.json")
    return found + [
        f"{name}: fits now: take it off oversize.json" for name in allowed.keys() - seen
    ]


def test_sizes(tree):
    assert oversized(tree, OVERSIZE) == []


def test_the_list_of_exceptions_only_shrinks():
    assert len(OVERSIZE) <= OVERSIZE_ENTRIES_MAX


def function_of(lines: int) -> str:
    return "def long():\n" + "    x = 1\n" * (lines - 1)


def test_size_bites(planted):
    tree = planted(orders__service=function_of(71), orders__domain="x = 1\n" * 501)
    assert [f.partition(": ")[2] for f in oversized(tree, {})] == [
        "501 lines, 500 at most",
        "71 lines, 70 at most",
    ]


def test_ratchet_bites_both_ways(planted):
    tree = planted(orders__service=function_of(80))
    name = "src/crosslane/orders/service.py:long"
    assert oversized(tree, {name: 80}) == []
    assert "80 lines, 79 at most" in oversized(tree, {name: 79})[0]
    assert "now 80 lines" in oversized(tree, {name: 81})[0]
    assert "take it off" in oversized(tree, {name: 80, "gone": 90})[0]
