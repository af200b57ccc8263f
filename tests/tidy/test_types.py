"""Domain code passes strict type checking: a decision never rests on a value of unknown type."""

import json
import subprocess
import sys
from pathlib import Path

from tests.tidy.tree import REPOSITORY


def type_errors(project: Path) -> list[str]:
    """What pyright says of the files that a project's configuration includes."""
    answer = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=900,
    )
    return [
        f"{item['file']}:{item['range']['start']['line'] + 1}: {item['message']}"
        for item in json.loads(answer.stdout)["generalDiagnostics"]
    ]


def test_domain_code_is_typed(tree):
    assert type_errors(tree.root) == []


def test_type_check_bites(planted):
    tree = planted(
        orders__domain="def total(lines):\n    return sum(lines)\n",
        carts__domain__fold='def pence(pounds: int) -> int:\n    return f"{pounds}00"\n',
        kernel__money="",
    )
    (tree.root / "pyproject.toml").write_text((REPOSITORY / "pyproject.toml").read_text())
    found = "\n".join(type_errors(tree.root))
    assert "orders/domain.py:1" in found
    assert "carts/domain/fold.py:2" in found
