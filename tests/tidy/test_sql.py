"""SQL lives in a module's own storage: a constant above the one function that runs it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.tidy.test_migrations import table_owners
from tests.tidy.tree import File, Tree

SQL = re.compile(
    r"\s*(--[^\n]*\n\s*)*(select\s|insert\s+into\s|update\s+\w+(\s+as)?(\s+\w+)?\s+set\s|"
    r"delete\s+from\s|with\s+(recursive\s+)?\w+(\s*\([^)]*\))?\s+as\s|merge\s+into\s)",
    re.IGNORECASE,
)


def docstrings(file: File) -> set[int]:
    """The identity of every docstring node."""
    return {
        id(node.body[0].value)
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


def strings(file: File) -> Iterator[tuple[ast.Constant, str]]:
    """Every text in a file that is not documentation."""
    skipped = docstrings(file)
    for node in ast.walk(file.syntax):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node, node.value


def poached_tables(tree: Tree) -> list[str]:
    """Tables named outside their own module's storage; verify reads all of them."""
    owners = table_owners(tree)
    if not owners:
        return []
    tables = re.compile(r"\b(" + "|".join(owners) + r")\b")
    return [
        file.at(node, f"{table} belongs to the storage of {owners[table]}")
        for file in tree.files
        if file.module not in {"verify", "migrations"}
        for node, text in strings(file)
        for table in set(tables.findall(text))
        if not (
            file.module == owners[table] and (file.room == "storage" or file.module == "platform")
        )
    ]


def sql_constants(file: File) -> dict[str, ast.stmt]:
    """The SQL constants of a file by name: UPPER_CASE texts at its top level."""
    found = {}
    for node in file.syntax.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            name = getattr(node.targets[0], "id", "")
            first = next((n for n in ast.walk(node.value) if isinstance(n, ast.Constant)), None)
            if name.isupper() and first and isinstance(first.value, str) and SQL.match(first.value):
                found[name] = node
    return found


def stray_sql(tree: Tree) -> list[str]:
    """SQL outside a storage room, or inside a function instead of a constant above it."""
    found = []
    for file in tree.files:
        if file.module in {"platform", "verify", "bench", "demo"}:
            continue
        constants = sql_constants(file) if file.room == "storage" else {}
        inside = {id(n) for node in constants.values() for n in ast.walk(node)}
        found += [
            file.at(node, "SQL is a constant of storage.py")
            for node, text in strings(file)
            if SQL.match(text) and id(node) not in inside
        ]
    return found


def shared_sql(tree: Tree) -> list[str]:
    """SQL constants that are run by no function of their file, or by several."""
    found = []
    for file in tree.rooms("storage"):
        constants = sql_constants(file)
        runs = Counter(
            name
            for function in file.syntax.body
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for name in {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        )
        found += [
            file.at(node, f"{name} is run by {runs[name]} functions instead of one")
            for name, node in constants.items()
            if runs[name] != 1
        ]
    return found


def endless_lists(tree: Tree) -> list[str]:
    """Lists without a limit: neither LIMIT nor a list of keys bounds what comes back."""
    found = []
    for file in tree.rooms("storage"):
        constants = sql_constants(file)
        for node in file.syntax.body:
            if not isinstance(node, ast.AsyncFunctionDef) or not node.name.startswith("list_"):
                continue
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & constants.keys()
            found += [
                file.at(node, f"{node.name}: no limit in {name}")
                for name in sorted(names)
                if not re.search(r"\blimit\b|any\s*\(|unnest", ast.unparse(constants[name]), re.I)
            ]
    return found


def test_tables_are_named_by_their_owner(tree):
    assert poached_tables(tree) == []


def test_sql_lives_in_storage(tree):
    assert stray_sql(tree) == []


def test_each_statement_has_one_function(tree):
    assert shared_sql(tree) == []


def test_lists_have_a_limit(tree):
    assert endless_lists(tree) == []


@pytest.mark.parametrize(
    ("file", "poached"),
    [
        ("carts__storage", 1),
        ("orders__service", 1),
        ("orders__storage__search", 0),
        ("verify__x", 0),
    ],
)
def test_poached_table_bites(planted, file, poached):
    tree = planted(**{file: '"""About orders_line."""\nX = "select 1 from orders_line"\n'})
    folder = tree.root / "src/crosslane/migrations"
    folder.mkdir()
    (folder / "0110_orders.sql").write_text("create table orders_line (id uuid);")
    assert len(poached_tables(tree)) == poached


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("orders__service", 'X = "select 1"'),
        ("orders__storage", 'async def get(tx):\n    return await tx.fetch("select 1")'),
        ("apps__desk__pages", 'X = """\nwith seen as (select 1) select * from seen"""'),
        ("orders__rest", 'X = "delete from x"'),
    ],
)
def test_stray_sql_bites(planted, file, text):
    assert len(stray_sql(planted(**{file: text}))) == 1


def test_prose_is_no_sql(planted):
    assert stray_sql(planted(orders__service='X = "With love, update your order"')) == []


@pytest.mark.parametrize("runs", [0, 2])
def test_shared_sql_bites(planted, runs):
    text = 'GET_ORDER = "select 1"\n' + "".join(
        f"async def get_{n}(tx):\n    return await tx.fetch(GET_ORDER)\n" for n in range(runs)
    )
    assert len(shared_sql(planted(orders__storage=text))) == 1


def test_endless_list_bites(planted):
    text = (
        'LIST_ALL = "select 1 from x"\n'
        "async def list_all(tx):\n    return await tx.fetch(LIST_ALL)\n"
        'LIST_SOME = "select 1 from x limit $1"\n'
        "async def list_some(tx):\n    return await tx.fetch(LIST_SOME)\n"
    )
    assert [f.partition(": ")[2] for f in endless_lists(planted(orders__storage=text))] == [
        "list_all: no limit in LIST_ALL"
    ]
