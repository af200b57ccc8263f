"""The source tree as the rules of the house see it: modules, rooms and what is in them.

A rule is a function from a :class:`Tree` to findings, one text per breach, so that the same rule
reads the repository and a small planted tree.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def words(text: str) -> frozenset[str]:
    """The set of the words in a text."""
    return frozenset(text.split())


CAPABILITIES = words(
    "organization ledger catalog customers locations carriers payments inventory pricing "
    "sourcing orders fulfillment returns carts engagement finance documents channels insights "
    "vendors transfers publishing"
)


@dataclass(frozen=True)
class File:
    """One Python file under src/crosslane."""

    root: Path
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The way from src/crosslane to here: ("orders", "domain", "bucket")."""
        return self.path.relative_to(self.root / "src/crosslane").with_suffix("").parts

    @property
    def module(self) -> str:
        """The module of the stack the file belongs to: "orders", "app"."""
        return self.steps[0]

    @property
    def room(self) -> str:
        """The room of the module: "domain", "__init__"; "" for a module that is one file."""
        return self.steps[1] if len(self.steps) > 1 else ""

    @property
    def name(self) -> str:
        return str(self.path.relative_to(self.root))

    def at(self, node: ast.AST, finding: str) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {finding}"


@dataclass(frozen=True)
class Tree:
    """A checkout of Crosslane, or a planted piece of one."""

    root: Path

    @cached_property
    def files(self) -> list[File]:
        return [File(self.root, path) for path in sorted(self.root.glob("src/crosslane/**/*.py"))]

    def rooms(self, *names: str) -> Iterator[File]:
        """The files of these rooms in every capability."""
        for file in self.files:
            if file.module in CAPABILITIES and file.room in names:
                yield file

    @cached_property
    def migrations(self) -> list[Path]:
        return sorted(self.root.glob("src/crosslane/migrations/*"))


def plant(root: Path, **files: str) -> Tree:
    """Write a small tree and return it.

    Args:
        root: an empty folder.
        files: contents by path under src/crosslane, with ``__`` for a slash and the suffix left
            out: ``orders__domain="..."``.
    """
    (root / "src/crosslane").mkdir(parents=True)
    for name, text in files.items():
        path = root / "src/crosslane" / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(root / "src").parents[:-1]:
            (root / "src" / folder / "__init__.py").touch()
    return Tree(root)
