"""Cuts out of Shopify's Admin schema what we ask for, to keep it beside the tests.

    python -m tests.channels.schemas.cut_shopify PACKAGE/dist/data/admin_2026-10.json.gz

PACKAGE is npm's @shopify/dev-mcp unpacked. Of each type that is asked for all values without parts
are kept, and the fields with parts that are asked for; of each input and enumeration everything.
"""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_scalar_type,
    is_specified_scalar_type,
    parse,
    print_schema,
    visit,
)

from tests.channels.schemas.shopify import SCHEMA, documents

HEAD = """\
# An excerpt of the GraphQL Admin schema of Shopify, version 2026-10, made by cut_shopify.py.
# From the npm package @shopify/dev-mcp 1.16.0, ISC License, Copyright 2025-present, Shopify Inc.
#
# Permission to use, copy, modify, and/or distribute this software for any purpose with or without
# fee is hereby granted, provided that the above copyright notice and this permission notice appear
# in all copies. THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
# REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO
# EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR
# ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF
# CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
# PERFORMANCE OF THIS SOFTWARE.

"""


class _Asked(Visitor):
    """Notes the fields that are asked for, by their type."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.fields: dict[str, set[str]] = {}

    def enter_field(self, node, *_):
        parent = self.info.get_parent_type()
        self.fields.setdefault(parent.name, set()).add(node.name.value)


def cut(schema: GraphQLSchema) -> GraphQLSchema:
    info = TypeInfo(schema)
    asked = _Asked(info)
    for document in documents().values():
        visit(parse(document), TypeInfoVisitor(info, asked))
    for name in list(asked.fields):
        for implemented in getattr(schema.type_map[name], "interfaces", ()):
            if implemented.name == "Node":
                asked.fields.setdefault("Node", {"id"})
    kept: dict[str, GraphQLNamedType] = {}
    for name, wanted in asked.fields.items():
        of = schema.type_map[name]
        roots = (schema.query_type, schema.mutation_type)
        of.fields = {
            field: value
            for field, value in of.fields.items()
            if field in wanted or (of not in roots and _is_plain(value))
        }
        if is_object_type(of):
            of.interfaces = [one for one in of.interfaces if one.name in asked.fields]
        kept[name] = of
    for name in asked.fields:
        for value in schema.type_map[name].fields.values():
            kept |= {one.name: one for one in _within(value.type)}
            for argument in value.args.values():
                kept |= {one.name: one for one in _within(argument.type)}
    config = schema.to_kwargs()
    return GraphQLSchema(**{**config, "types": list(kept.values())})


def _is_plain(value) -> bool:
    of = get_named_type(value.type)
    return (is_scalar_type(of) or is_enum_type(of)) and not value.args


def _within(of) -> Iterator[GraphQLNamedType]:
    found, waiting = set(), [get_named_type(of)]
    while waiting:
        one = waiting.pop()
        if one in found or is_object_type(one) or is_interface_type(one):
            continue
        found.add(one)
        yield one
        if is_input_object_type(one):
            waiting += [get_named_type(field.type) for field in one.fields.values()]


def bare(schema: GraphQLSchema) -> GraphQLSchema:
    """Take the words out: they are longer than all the rest."""
    for one in schema.type_map.values():
        one.description = None
        for part in [*getattr(one, "fields", {}).values(), *getattr(one, "values", {}).values()]:
            if hasattr(part, "description"):
                part.description = None
            for argument in getattr(part, "args", {}).values():
                argument.description = None
    for directive in schema.directives:
        directive.description = None
        for argument in directive.args.values():
            argument.description = None
    return schema


if __name__ == "__main__":
    told = msgspec.json.decode(gzip.decompress(Path(sys.argv[1]).read_bytes()))
    whole = build_client_schema(told.get("data", told))
    assert isinstance(whole.query_type, GraphQLObjectType)
    assert is_specified_scalar_type
    SCHEMA.write_text(HEAD + print_schema(bare(cut(whole))) + "\n")
