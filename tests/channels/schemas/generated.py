"""What models that a channel's own tools are made of say of bodies, seen strictly.

Packages for Python that are generated from published models (by Swagger's generator) say of each
model what its fields are called and of which type they are; their constructors refuse what is
missing, too long or no word of a list. Here it is seen besides that nothing unknown is said and
that everything is of its type.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "object": (object,),
}


def fitting(models: str, name: str, body: Any) -> Any:
    """Return a body as the model of this name.

    Args:
        models: the package in which each model has a module of its own.
        name: of the model.
        body: as decoded.

    Raises:
        AssertionError, ValueError: it is none.
    """
    model = _model(models, name)
    if not model.attribute_map:
        return _word(model, body)
    assert isinstance(body, dict), f"{name} is an object"
    names = {theirs: ours for ours, theirs in model.attribute_map.items()}
    assert body.keys() <= names.keys(), f"{name} has no {sorted(body.keys() - names.keys())}"
    told = {
        names[key]: _typed(models, model.swagger_types[names[key]], v) for key, v in body.items()
    }
    return model(**told)


def _typed(models: str, of: str, value: Any) -> Any:
    if found := re.fullmatch(r"[Ll]ist\[(.+)\]", of):
        assert isinstance(value, list), f"{value!r} is no list"
        return [_typed(models, found[1], one) for one in value]
    if of.startswith(("dict(", "Dict[", "Dict(")):
        assert isinstance(value, dict), f"{value!r} is no object"
        return value
    if of in ("datetime", "date"):
        datetime.fromisoformat(value)
        return value
    if of in PLAIN:
        assert isinstance(value, PLAIN[of]), f"{value!r} is no {of}"
        assert of == "bool" or not isinstance(value, bool) or of == "object"
        return value
    return fitting(models, of, value)


def _model(models: str, name: str) -> Any:
    part = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return getattr(import_module(f"{models}.{part}"), name)


def _word(model: Any, body: Any) -> Any:
    words = {v for k, v in vars(model).items() if k.isupper() and isinstance(v, str)}
    assert body in words, f"{body!r} is none of {sorted(words)}"
    return body
