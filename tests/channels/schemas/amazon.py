"""What Amazon's own models say of the bodies that its API takes and gives.

The models are those of ``amzn-sp-api``, Amazon's package for Python (Apache-2.0), which it makes of
the models it publishes. Their constructors refuse what is missing, too long or no word of a list;
here it is seen besides that nothing unknown is said and that everything is of its type.
"""

import re
from datetime import datetime
from importlib import import_module
from typing import Any

API = {
    "orders": "orders_v0",
    "sales": "orders_v2026_01_01",
    "listings": "listings_items_v2021_08_01",
    "inventory": "external_fulfillment_inventory_v2024_09_11",
}
PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "object": (object,),
}


def fitting(api: str, name: str, body: Any) -> Any:
    """Return a body as the model of this name.

    Args:
        api: which of Amazon's APIs.
        name: of the model.
        body: as decoded.

    Raises:
        AssertionError, ValueError: it is none.
    """
    model = _model(api, name)
    if not model.attribute_map:
        return _word(model, body)
    assert isinstance(body, dict), f"{name} is an object"
    names = {theirs: ours for ours, theirs in model.attribute_map.items()}
    assert body.keys() <= names.keys(), f"{name} has no {sorted(body.keys() - names.keys())}"
    told = {names[key]: _typed(api, model.swagger_types[names[key]], v) for key, v in body.items()}
    return model(**told)


def _typed(api: str, of: str, value: Any) -> Any:
    if found := re.fullmatch(r"[Ll]ist\[(.+)\]", of):
        assert isinstance(value, list), f"{value!r} is no list"
        return [_typed(api, found[1], one) for one in value]
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
    return fitting(api, of, value)


def _model(api: str, name: str) -> Any:
    part = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return getattr(import_module(f"spapi.models.{API[api]}.{part}"), name)


def _word(model: Any, body: Any) -> Any:
    words = {v for k, v in vars(model).items() if k.isupper() and isinstance(v, str)}
    assert body in words, f"{body!r} is none of {sorted(words)}"
    return body
