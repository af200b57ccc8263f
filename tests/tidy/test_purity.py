"""A decision is pure: no clock, no chance, no input or output; and money is never a float."""

import ast
import re
from collections.abc import Iterator

import pytest
from tests.tidy.test_layers import imports
from tests.tidy.tree import CAPABILITIES, File, Tree, words

IMPURE_MODULES = words(
    "asyncio asyncpg builtins ctypes fcntl ftplib http httpx io logging multiprocessing os "
    "pathlib queue random requests secrets select shutil signal smtplib socket sqlite3 ssl "
    "subprocess sys tempfile threading time urllib uuid4"
)
IMPURE_CALLS = words(
    "open print input now utcnow today uuid1 uuid4 new_id monotonic perf_counter token_hex"
)
OUTER_ROOMS = {"storage", "service", "rest", "reactions"}
# What a decision may name of the platform: who asks, and which days are public holidays.
PLATFORM_MAY_ENTER = {"actor", "calendar"}

COUNTED = re.compile(
    r"(^|_)(minor|milli|price|cost|amount|money|quantity|units|grams|on_hand|held|allocated)"
    r"($|_|s$)"
)


def impure(tree: Tree) -> list[str]:
    """Clocks, chance, input and output, and outer rooms in any domain."""
    return [
        file.at(node, f"a decision may not use {what}")
        for file in tree.rooms("domain")
        for node, what in [*impure_imports(file), *impure_calls(file)]
    ]


def impure_imports(file: File) -> Iterator[tuple[ast.AST, str]]:
    for node, path, names in imports(file):
        if path[0] in IMPURE_MODULES:
            yield node, path[0]
        if path[:2] == ["crosslane", "platform"] and not set(path[2:]) & PLATFORM_MAY_ENTER:
            yield node, "the platform"
        own = path[:2] == ["crosslane", file.module]
        if own and (set(path[2:]) | set(names)) & OUTER_ROOMS:
            yield node, "an outer room"
        yield from ((node, name) for name in names if name in IMPURE_CALLS)


def impure_calls(file: File) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield node, "await"
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                yield node, f"{name}()"


def floats(tree: Tree) -> list[str]:
    """Floats and true divisions where kernel or capabilities count money or quantities."""
    return [
        file.at(node, f"money and quantities are whole numbers: {ast.unparse(node)[:60]}")
        for file in tree.files
        if file.module in CAPABILITIES | {"kernel"}
        for node in ast.walk(file.syntax)
        if is_float(node)
    ]


def is_float(node: ast.AST) -> bool:
    match node:
        case ast.AnnAssign(target=target, annotation=kind):
            return counts(target) and names_float(kind)
        case ast.arg(arg=name, annotation=kind) if kind:
            return bool(COUNTED.search(name)) and names_float(kind)
        case ast.FunctionDef(name=name, returns=kind) if kind:
            return bool(COUNTED.search(name)) and names_float(kind)
        case ast.Call(func=ast.Name(id="float"), args=[value]):
            return counts(value)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return counts(left) or counts(right)
        case ast.BinOp(left=left, right=right):
            return (is_fraction(left) and counts(right)) or (counts(left) and is_fraction(right))
    return False


def counts(node: ast.AST) -> bool:
    """Tell whether an expression names money or a quantity."""
    names = (getattr(n, "attr", None) or getattr(n, "id", "") for n in ast.walk(node))
    return any(COUNTED.search(name) for name in names)


def names_float(kind: ast.AST) -> bool:
    return any(getattr(n, "id", "") == "float" for n in ast.walk(kind))


def is_fraction(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def test_domains_are_pure(tree):
    assert impure(tree) == []


def test_money_and_quantities_are_whole(tree):
    assert floats(tree) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from random import choice",
        "from crosslane.kernel import new_id",
        "from crosslane.platform.database import Tx",
        "from crosslane.orders.storage import list_orders",
        "from crosslane.orders import storage",
        "from datetime import datetime\nmoment = datetime.now()",
        "text = open('prices.csv').read()",
        "async def decide(): ...",
    ],
)
def test_impurity_bites(planted, text):
    assert len(impure(planted(orders__domain__bucket=text))) == 1


def test_pure_code_is_free(planted):
    text = (
        "from datetime import datetime\n"
        "from crosslane.kernel import Money\n"
        "from crosslane.platform.actor import Actor\n"
        "def due(at: datetime) -> bool:\n    return at.hour > 9\n"
    )
    assert impure(planted(orders__domain=text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "class Line:\n    net_minor: float\n",
        "class Line:\n    quantity: float | None = None\n",
        "def share(amount: float) -> int: ...",
        "def unit_price(line: object) -> float: ...",
        "x = float(line.net_minor)",
        "x = line.net_minor / 2",
        "x = total / quantity",
        "x = line.net_minor * 1.2",
    ],
)
def test_float_bites(planted, text):
    assert len(floats(planted(orders__service=text))) == 1


def test_whole_numbers_are_free(planted):
    text = "def half(net_minor: int, latitude: float) -> int:\n    return net_minor // 2\n"
    assert floats(planted(orders__service=text)) == []
