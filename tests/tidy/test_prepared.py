"""Every statement of the source is one that PostgreSQL understands on the migrated schema."""

import ast
import importlib
import re
from collections import Counter
from types import ModuleType

import asyncpg
from tests.tidy.test_sql import sql_constants
from tests.tidy.tree import File, Tree

from crosslane.demo.report.statements import statements as report_statements
from crosslane.platform.outbox import joined

PART = re.compile(r"\s*\w+ as \(.*\)\s*", re.DOTALL)


NAMES = re.compile(r"(?:^|\), )(\w+) as (?:materialized )?\(", re.MULTILINE)


def module_of(file: File) -> ModuleType:
    """The module that a file is."""
    steps = file.steps[:-1] if file.steps[-1] == "__init__" else file.steps
    return importlib.import_module(".".join(["crosslane", *steps]))


def parts(file: File) -> dict[str, str]:
    """A file's constants that are whole named queries, to be joined to one statement, by name."""
    names = [
        node.targets[0].id
        for node in file.syntax.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant | ast.JoinedStr)
        and " as (" in ast.unparse(node.value)
    ]
    texts = {name: getattr(module_of(file), name) for name in names}
    return {
        name: text
        for name, text in texts.items()
        if isinstance(text, str) and PART.fullmatch(text) and text.count("(") == text.count(")")
    }


def statements(tree: Tree) -> dict[str, str]:
    """Every SQL text by where it is found: constants, rules of verify, the demo's report."""
    found = {}
    for file in tree.files:
        constants, named = sql_constants(file), parts(file)
        if not constants and not named and file.module != "verify":
            continue
        module = module_of(file)
        found.update({f"{file.name}:{name}": getattr(module, name) for name in constants})
        found.update({f"{file.name}:{name}": joined(text) for name, text in named.items()})
        if file.module == "verify":
            rules = getattr(module, "RULES", ())
            found.update({f"{file.name}:{rule.name}": rule.sql for rule in rules})
    reported = report_statements().items()
    return found | {f"demo/report/report.sql:{name}": text for name, text in reported}


async def unprepared(tx, texts: dict[str, str]) -> list[str]:
    """Statements that the database refuses to prepare, with its reason."""
    found = []
    await tx.begin()
    await tx.conn.execute("savepoint before")
    for where, text in texts.items():
        try:
            await tx.conn.prepare(text)
        except asyncpg.PostgresError as error:
            found.append(f"{where}: {error}")
            await tx.conn.execute("rollback to before")
    return found


async def test_every_statement_prepares(tree, database, tenant):
    texts = statements(tree)  # imports a lot: not while a transaction idles
    assert any("platform/effects/storage.py:CLAIM" in where for where in texts)
    async with database.transaction(tenant) as tx:
        assert await unprepared(tx, texts) == []


def test_no_two_parts_have_a_name_in_common(tree: Tree):
    """What is put by several modules is one statement, in which each query has its own name."""
    texts = [text for file in tree.files for text in parts(file).values()]
    named = Counter(name for text in texts for name in NAMES.findall(text))
    assert {"positions_saved", "stock_journaled", "order_heads", "order_buckets"} <= named.keys()
    assert [name for name, times in named.items() if times > 1] == []


async def test_unknown_table_column_and_parameter_bite(tx):
    texts = {
        "good": "select id from platform_effect where key = $1",
        "table": "select id from platform_nowhere",
        "column": "select nothing from platform_effect",
        "parameter": "select $1",
        "syntax": "select from where",
    }
    found = await unprepared(tx, texts)
    assert [line.partition(":")[0] for line in found] == ["table", "column", "syntax"]
