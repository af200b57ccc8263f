"""A text from outside matches its pattern as a whole: no newline slips in at the end."""

import ast

from tests.tidy.tree import Tree

KEEPER = ("kernel", "text")


def loose_patterns(tree: Tree) -> list[str]:
    """Patterns given to msgspec directly, where ``$`` lets a newline pass."""
    return [
        file.at(node, "kernel.matching() says that a text matches as a whole")
        for file in tree.files
        if file.steps != KEEPER
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.Call) and _name(node.func) == "Meta"
        if any(given.arg == "pattern" for given in node.keywords)
    ]


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_texts_match_as_a_whole(tree):
    assert loose_patterns(tree) == []


def test_a_loose_pattern_bites(planted):
    tree = planted(
        orders__rest='Code = Annotated[str, msgspec.Meta(pattern="^[a-z]$")]\n',
        carts__rest='Code = Annotated[str, Meta(max_length=2, pattern="^[a-z]$")]\n',
        kernel__text='Code = msgspec.Meta(pattern="[a-z]")\n',
    )
    assert len(loose_patterns(tree)) == 2
