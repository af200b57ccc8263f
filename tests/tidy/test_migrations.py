"""Migrations are numbered, belong to one module each and use nothing that ties two tenants."""

import re
from pathlib import Path

import pytest
from tests.tidy.tree import CAPABILITIES, Tree

NAME = re.compile(r"(\d{4})_([a-z]+)[a-z_]*\.sql")
TABLE = re.compile(
    r"\bcreate\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(?!if\s)([\w.]+)", re.I
)
PARTITIONED = re.compile(
    r"\bcreate\s+table\s+(\w+)\s*\((?:(?!;).)*?\)\s*partition\s+by", re.I | re.S
)
COMMENT = re.compile(r"--[^\n]*")
FORBIDDEN = {
    r"\bcreate\s+(type|domain)\b": "no enum, domain or composite types: text and a check",
    r"\btimestamp\b(?!\s*with\b)": "times carry an offset: timestamptz",
    r"\b(serial|bigserial)\b": "keys are uuids, counters are sequences by name",
    r"\bmoney\b(?=\s*(,|not|\)|default))": "money is a bigint of minor units",
    r"\bcreate\s+table\s+(if\s+not\s+exists\s+)?\w+\.": "a tenant is a schema: no qualified table",
    r"\b(minor|milli|quantity|units|grams|metres|_mm)\s+(numeric|real|float|double)": "whole units",
    r"\w+_(minor|milli|quantity|grams|mm)\s+(numeric|real|float|double)": "whole units only",
    r"\b(drop\s+table|truncate)\b": "forward only: nothing that exists is dropped",
}


def statements(path: Path) -> str:
    """The SQL of a migration without its comments."""
    return COMMENT.sub("", path.read_text())


def sql_files(tree: Tree) -> list[Path]:
    return [path for path in tree.migrations if path.suffix == ".sql"]


def table_owners(tree: Tree) -> dict[str, str]:
    """The module that owns each table, by the migration that creates it."""
    return {
        table: NAME.fullmatch(path.name)[2]
        for path in sql_files(tree)
        if NAME.fullmatch(path.name)
        for table in TABLE.findall(statements(path))
    }


def misnamed(tree: Tree) -> list[str]:
    """Migrations out of the scheme, and tables that do not carry their module's name."""
    found, numbers = [], set()
    for path in sql_files(tree):
        name = NAME.fullmatch(path.name)
        if not name or name[2] not in CAPABILITIES | {"platform"}:
            found.append(f"{path.name}: not named NNNN_<module>[_<what>].sql")
            continue
        if name[1] in numbers:
            found.append(f"{path.name}: its number is taken")
        numbers.add(name[1])
        found += [
            f"{path.name}: table {table} is not named {name[2]}_<noun>"
            for table in TABLE.findall(statements(path))
            if not table.startswith(name[2] + "_")
        ]
    return found


def forbidden_sql(tree: Tree) -> list[str]:
    """What a migration may not contain."""
    return [
        f"{path.name}: {match[0]!r}: {reason}"
        for path in sql_files(tree)
        for pattern, reason in FORBIDDEN.items()
        for match in re.finditer(pattern, statements(path), re.I)
    ]


def journals(tree: Tree) -> set[str]:
    """The partitioned tables."""
    return {t for path in sql_files(tree) for t in PARTITIONED.findall(statements(path))}


def broken_journals(tree: Tree) -> list[str]:
    """Journals without partitions, and foreign keys to a journal."""
    whole = "\n".join(statements(path) for path in sql_files(tree))
    found = [
        f"{journal}: no platform_ensure_partitions('{journal}')"
        for journal in sorted(journals(tree))
        if f"platform_ensure_partitions('{journal}')" not in whole
    ]
    for table in re.findall(r"\breferences\s+(\w+)", whole, re.I):
        if table in journals(tree):
            found.append(f"{table}: a foreign key to a journal")
    return found


def test_migrations_are_named(tree):
    assert misnamed(tree) == []


def test_migrations_are_plain(tree):
    assert forbidden_sql(tree) == []


def test_journals_are_partitioned_and_free(tree):
    assert broken_journals(tree) == []


@pytest.fixture
def migrated(planted):
    def plant_migrations(**texts: str) -> Tree:
        tree = planted(kernel__money="")
        folder = tree.root / "src/crosslane/migrations"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name.removeprefix('m')}.sql").write_text(text)
        return tree

    return plant_migrations


@pytest.mark.parametrize(
    "texts",
    [
        {"orders": ""},
        {"m0110_elsewhere": ""},
        {"m0110_orders": "", "m0110_orders_more": ""},
        {"m0110_orders": "create table carts_line (id uuid primary key);"},
        {"m0110_orders": "CREATE TABLE IF NOT EXISTS line (id uuid);"},
    ],
)
def test_misnamed_bites(migrated, texts):
    assert len(misnamed(migrated(**texts))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "create type orders_stage as enum ('open');",
        "create table orders_line (placed_at timestamp not null);",
        "create table orders_line (id bigserial);",
        "create table orders_line (price money not null);",
        "create table public.orders_line (id uuid);",
        "create table orders_line (quantity numeric not null);",
        "create table orders_line (net_minor double precision);",
        "drop table orders_line;",
    ],
)
def test_forbidden_sql_bites(migrated, text):
    assert len(forbidden_sql(migrated(m0110_orders=text))) >= 1


def test_plain_sql_is_free(migrated):
    text = """
    -- A type of money, as a comment may say.
    create table orders_line (
        id uuid primary key, net_minor bigint not null, quantity integer not null,
        placed_at timestamptz not null, closed_at timestamp with time zone, lat double precision
    );
    """
    assert forbidden_sql(migrated(m0110_orders=text)) == []


JOURNAL = "create table orders_fact (id bigint not null, at timestamptz) partition by range (at);"


def test_broken_journal_bites(migrated):
    assert len(broken_journals(migrated(m0110_orders=JOURNAL))) == 1


def test_foreign_key_to_a_journal_bites(migrated):
    text = (
        JOURNAL
        + "select platform_ensure_partitions('orders_fact');"
        + "create table orders_note (fact bigint references orders_fact (id));"
    )
    assert broken_journals(migrated(m0110_orders=text)) == [
        "orders_fact: a foreign key to a journal"
    ]
