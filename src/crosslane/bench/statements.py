"""The named statements of ``statements.sql``: a benchmark looks at tables as no module may."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def _statements() -> dict[str, str]:
    text = files("crosslane.bench").joinpath("statements.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return dict(zip(parts[::2], (body.strip().rstrip(";") for body in parts[1::2]), strict=True))


def statement(name: str) -> str:
    """Return a statement by its name."""
    return _statements()[name]
