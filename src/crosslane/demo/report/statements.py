"""The named statements of ``report.sql``."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements() -> dict[str, str]:
    """Return every statement by its name, as the database prepares it."""
    text = files("crosslane.demo.report").joinpath("report.sql").read_text()
    _, *parts = _NAME.split(text)
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) < len(names):
        raise ValueError("a statement's name appears twice in report.sql")
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
