"""What Square's published models say of the bodies its API takes and gives.

``square-2026-09-16.json`` holds the models as JSON Schema: those of Square's own package for
Python, squareup 46.0.0.20260916 (MIT), which is generated from Square's description of its API,
without its words. Nothing besides their fields may be said, and no word besides those of a list.
"""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

SCHEMA = Path(__file__).parent / "square-2026-09-16.json"


@cache
def _model(name: str) -> jsonschema_rs.Draft202012Validator:
    models = msgspec.json.decode(SCHEMA.read_bytes())["$defs"]
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": models})


def fitting(name: str, body: Any) -> Any:
    """Return a body as the model of this name.

    Raises:
        ValidationError: it is none.
    """
    _model(name).validate(body)
    return body
