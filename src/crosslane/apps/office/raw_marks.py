"""A record as it was received, with the place marked that somebody has to look at."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

INDENT = "  "
ROWS_SHOWN_MAX = 500

Piece = tuple[str, bool]


class Table(msgspec.Struct, frozen=True):
    """Rows of a table, each cell with whether it is the marked one.

    Args:
        columns: names of the columns.
        rows: their cells.
    """

    columns: list[str]
    rows: list[list[Piece]]


def marked_json(raw: str, pointer: str) -> list[Piece]:
    """Return JSON laid out in lines, in pieces of which those at the pointer are marked.

    Where the pointer leads to something that is missing, what should have it is marked. Text that
    is no JSON is returned as it is.
    """
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return [(raw, bool(pointer))]
    steps = _steps(pointer)
    return _joined(_pieces(value, _existing(value, steps) if steps else None, (), ""))


def marked_rows(raw: str, head: str, delimiter: str, pointer: str) -> Table:
    """Return rows of a table by the columns of its header, with the cell at the pointer marked.

    Args:
        raw: the rows as received.
        head: lines before them, of which the last one names the columns.
        delimiter: between columns.
        pointer: ``/rows/<number from 0>/<column>``, or "".
    """
    lines = list(csv.reader(raw.splitlines(), delimiter=delimiter or ","))[:ROWS_SHOWN_MAX]
    named = list(csv.reader(head.splitlines()[-1:], delimiter=delimiter or ","))
    columns = [name.strip() for name in named[0]] if named else []
    width = max((len(line) for line in lines), default=0)
    columns += [str(place + 1) for place in range(len(columns), width)]
    steps = _steps(pointer)
    at = (steps[1], steps[2]) if len(steps) > 2 and steps[0] == "rows" else None
    rows = [
        [(cell, at == (str(number), columns[place])) for place, cell in enumerate(line)]
        for number, line in enumerate(lines)
    ]
    return Table(columns, rows)


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _existing(value: Any, steps: Sequence[str]) -> tuple[str, ...]:
    """Return the steps as far as they lead to something."""
    found: list[str] = []
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            break
        found.append(step)
    return tuple(found)


def _pieces(
    value: Any, mark: tuple[str, ...] | None, path: tuple[str, ...], indent: str
) -> Iterator[Piece]:
    here = mark == path
    within = None if here else mark
    inner: list[tuple[str, str, Any]] = []
    if isinstance(value, dict):
        inner = [(key, f"{_text(key)}: ", one) for key, one in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list):
        inner = [(str(place), "", one) for place, one in enumerate(value)]
        opening, closing = "[", "]"
    else:
        yield _text(value), here
        return
    if not inner:
        yield opening + closing, here
        return
    yield opening, here
    for place, (step, named, one) in enumerate(inner):
        yield ("," if place else "") + "\n" + indent + INDENT + named, here
        for text, marked in _pieces(one, within, (*path, step), indent + INDENT):
            yield text, here or marked
    yield "\n" + indent + closing, here


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for text, marked in pieces:
        if found and found[-1][1] == marked:
            found[-1] = (found[-1][0] + text, marked)
        else:
            found.append((text, marked))
    return found
