"""What Shopify's published schema says of the calls of its teller."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLSchema, build_schema, get_operation_ast, parse, validate
from graphql.execution.values import get_variable_values

SCHEMA = Path(__file__).parent / "shopify-admin-2026-10.graphql"
MODULES = ("shipping", "changing", "refunding", "returning", "offering")


def documents() -> dict[str, str]:
    """What the teller asks, by the names of its constants."""
    return {
        f"{module}.{name}": value
        for module in MODULES
        for name, value in vars(
            import_module(f"crosslane.channels.adapters.shopify.{module}")
        ).items()
        if isinstance(value, str) and value.startswith(("\nquery", "\nmutation"))
    }


@cache
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


# The same few documents are asked again and again.
@cache
def judged(document: str) -> tuple[DocumentNode, tuple[str, ...]]:
    """A document as it is parsed, and what is wrong with it, as the schema says."""
    parsed = parse(document)
    return parsed, tuple(fault.message for fault in validate(schema(), parsed))


def faults_of(document: str, variables: dict[str, Any]) -> list[str]:
    """What is wrong with a call, as the schema says."""
    parsed, faults = judged(document)
    if faults:
        return list(faults)
    wanted = get_operation_ast(parsed).variable_definitions
    names = {one.variable.name.value for one in wanted}
    found = get_variable_values(schema(), wanted, variables)
    if isinstance(found, list):
        return [fault.message for fault in found]
    errors = getattr(found, "errors", None)
    return [fault.message for fault in errors or ()] + [
        f"no variable {name}" for name in variables.keys() - names
    ]
