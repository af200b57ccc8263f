"""Verify asks for nothing that no code writes: a rule that does finds nothing, or everything."""

import re
from collections.abc import Iterator

import pytest
from tests.tidy.test_sql import strings
from tests.tidy.tree import Tree

from crosslane.verify import all_rules

# Columns whose values are words of ours; all others hold what people and programs of others say.
COLUMN = (
    r"(?:\w+\.)?(kind|cause_kind|to_kind|state|stage|from_stage|to_stage|reason|deed|method|"
    r"to_method|role|delivery|disposition|account|reaction|errand|outcome)"
)
WORD = r"'([^']*)'"
COMPARED = re.compile(
    rf"\b{COLUMN}\s*(?:=|<>|is (?:not )?distinct from|(?:not )?in)\s*"
    rf"(\(\s*{WORD}(?:\s*,\s*{WORD})*\s*\)|{WORD})"
)
CHOSEN = re.compile(rf"\bcase {COLUMN}((?:\s+when {WORD}\s+then\s+\S+)+)")
EVENT = re.compile(r"([a-z]+)\.([A-Z]\w+)")


def asked_for(sql: str) -> Iterator[str]:
    """The words with which a statement compares columns that hold words of ours."""
    for compared in COMPARED.finditer(sql):
        yield from re.findall(WORD, compared[2])
    for chosen in CHOSEN.finditer(sql):
        yield from re.findall(r"when '([^']*)'", chosen[2])


def written(tree: Tree) -> set[str]:
    """Every text of the code but verify's own, and every word that a migration names."""
    words = {""}
    for file in tree.files:
        if file.module == "verify":
            continue
        for _, text in strings(file):
            words |= {text, *re.findall(WORD, text)}
        if file.module:
            words |= {
                f"{file.module}.{name}" for name in re.findall(r"^class (\w+)", file.text, re.M)
            }
    for path in (tree.root / "src/crosslane/migrations").glob("*.sql"):
        words |= set(re.findall(WORD, path.read_text()))
    return words


def unwritten(rules: list[tuple[str, str]], words: set[str]) -> list[str]:
    """Words that rules ask for and nobody writes, by the name of the rule."""
    return [f"{name}: '{word}'" for name, sql in rules for word in asked_for(sql)
            if word not in words]  # fmt: skip


def test_verify_asks_for_what_is_written(tree):
    rules = [(rule.name, rule.sql) for rule in all_rules()]
    asked = {word for _, sql in rules for word in asked_for(sql)}
    assert {"handed_over", "orders.LinesHandedOver", "store_parcel", "unresolved"} <= asked
    assert unwritten(rules, written(tree)) == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("m.kind = 'parcel'", []),
        ("m.kind = 'parzel'", ["x: 'parzel'"]),
        ("reason <> 'lost' or state in ('open', 'opened')", ["x: 'lost'", "x: 'opened'"]),
        ("l.kind in ('orders.Placed', 'orders.Placd')", ["x: 'orders.Placd'"]),
        ("case deed when 'open' then 1 when 'shut' then 2 end > 0", ["x: 'shut'"]),
        ("city = 'Leeds'", []),
    ],
)
def test_a_word_nobody_writes_bites(planted, condition, found):
    tree = planted(
        orders__events="class Placed:\n    pass\n",
        orders__storage="KIND = 'parcel'\nX = \"select 1 where state = 'open'\"\n",
        verify__x="X = \"kind = 'parzel' or reason = 'lost'\"\n",
    )
    assert unwritten([("x", f"select 1 where {condition}")], written(tree)) == found
