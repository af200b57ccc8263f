"""JSON schemas of bodies and parameters, shared parts apart, as descriptions of them need it."""

import re
import textwrap
from collections.abc import Iterable
from typing import Any, get_args, get_origin

import msgspec
from msgspec import inspect

from crosslane.kernel import Page

REFERENCE = "#/components/schemas/{name}"


class Schemas:
    """The schemas of some types.

    Args:
        types: every type that will be asked for, in any order and number.
        reference: where a shared part is found, by its ``{name}``.
    """

    def __init__(self, types: Iterable[Any], *, reference: str = REFERENCE) -> None:
        taken = {repr(of): of for of in map(_item_of, types)}
        written, self.components = msgspec.json.schema_components(
            taken.values(), ref_template=reference
        )
        self._by_type = dict(zip(taken, written, strict=True))
        self._seen: set[str] = set()
        for name, of in taken.items():
            self._mark_times(inspect.type_info(of), self._by_type[name])
        for schema in self.components.values():
            _spread_description(schema)
        _translate_patterns([*self._by_type.values(), *self.components.values()])

    def of(self, of: Any) -> dict[str, Any]:
        """Return the schema of a type; a page is written out, its name would tell too little."""
        item = self._by_type[repr(_item_of(of))]
        if get_origin(of) is not Page:
            return dict(item)
        return {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "items": item},
                "next_cursor": {"type": ["string", "null"]},
            },
        }

    def _mark_times(self, of: inspect.Type, schema: dict[str, Any]) -> None:
        """Say of every time that it is one: msgspec does so only when an offset is declared."""
        if isinstance(of, inspect.Metadata):
            self._mark_times(of.type, schema)
        elif isinstance(of, inspect.DateTimeType):
            schema["format"] = "date-time"
        elif isinstance(of, inspect.StructType):
            self._mark_fields(of, schema)
        elif isinstance(of, inspect.UnionType):
            self._mark_union(of, schema)
        elif isinstance(of, inspect.TupleType):
            for inner, part in zip(of.item_types, schema.get("prefixItems", []), strict=True):
                self._mark_times(inner, part)
        elif isinstance(of, inspect.CollectionType) and "items" in schema:
            self._mark_times(of.item_type, schema["items"])
        elif isinstance(of, inspect.DictType) and "additionalProperties" in schema:
            self._mark_times(of.value_type, schema["additionalProperties"])

    def _mark_fields(self, of: inspect.StructType, schema: dict[str, Any]) -> None:
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in self._seen:
            return
        self._seen.add(name)
        properties = self.components.get(name, schema).get("properties", {})
        for field in of.fields:
            if field.encode_name in properties:
                self._mark_times(field.type, properties[field.encode_name])

    def _mark_union(self, of: inspect.UnionType, schema: dict[str, Any]) -> None:
        # Structs have been put last by msgspec, and None after them; the others keep their order.
        plain = [t for t in of.types if not isinstance(_bare(t), _PUT_LAST)]
        structs = [t for t in of.types if isinstance(_bare(t), inspect.StructType)]
        options = schema.get("anyOf", [])
        for inner, part in zip([*plain, *structs], options, strict=False):
            if "anyOf" not in part:
                self._mark_times(inner, part)
            else:
                for struct, option in zip(structs, part["anyOf"], strict=False):
                    self._mark_times(struct, option)


def _spread_description(schema: dict[str, Any]) -> None:
    """Move what a docstring says under ``Args:`` to the properties it speaks of."""
    whole, _, told = schema.get("description", "").partition("Args:")
    if whole:
        schema["description"] = " ".join(whole.split())
    for names, text in _ARGUMENT.findall(textwrap.dedent(told.strip("\n"))):
        for name in names.split(", "):
            if name in schema.get("properties", {}):
                schema["properties"][name].setdefault("description", " ".join(text.split()))


def _translate_patterns(schema: Any) -> None:
    """Write the end of a text as JSON Schema does: only Python needs another sign than ``$``."""
    inside = schema.values() if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and isinstance(pattern := schema.get("pattern"), str):
        schema["pattern"] = pattern.replace(r"\Z", "$")
    for inner in inside:
        if isinstance(inner, dict | list):
            _translate_patterns(inner)


# A name or several at the start of a line, then text that may go on, indented, on the next lines.
_ARGUMENT = re.compile(r"^(\w+(?:, \w+)*): ((?:.|\n(?=\s))*)", re.MULTILINE)
_PUT_LAST = (inspect.NoneType, inspect.StructType)


def _bare(of: inspect.Type) -> inspect.Type:
    while isinstance(of, inspect.Metadata):
        of = of.type
    return of


def _item_of(of: Any) -> Any:
    return get_args(of)[0] if get_origin(of) is Page else of
