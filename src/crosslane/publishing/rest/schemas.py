"""The schemas of events and messages over HTTP, for anybody."""

from typing import Any

import msgspec

from crosslane.platform.web import PUBLIC, Caller, get
from crosslane.publishing import errors
from crosslane.publishing.domain.envelope import SCHEMAS
from crosslane.publishing.service import schemas


class SchemaPlace(msgspec.Struct, frozen=True):
    """A schema and where it is."""

    name: str
    address: str


@get("/api/v1/schemas", permission=PUBLIC)
async def list_schemas(caller: Caller) -> list[SchemaPlace]:
    """List the schemas of public events and of the canonical messages of channels."""
    del caller
    return [SchemaPlace(name, f"{SCHEMAS}{name}") for name in schemas.names()]


@get("/api/v1/schemas/{name}", permission=PUBLIC, raises=(errors.NoSuchSchema,))
async def show_schema(caller: Caller, name: str) -> dict[str, Any]:
    """Show a JSON Schema (2020-12), such as ``orders.order_placed.1`` or ``messages.order.1``."""
    del caller
    return schemas.schema(name)


@get("/api/v1/asyncapi.json", permission=PUBLIC)
async def show_asyncapi(caller: Caller) -> dict[str, Any]:
    """Show events and messages as an AsyncAPI 3 document."""
    del caller
    return schemas.asyncapi()


ROUTES = [list_schemas, show_schema, show_asyncapi]
