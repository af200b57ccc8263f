"""`crosslane schema`: the schemas of events and messages, as files others can use."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from crosslane import publishing

ASYNCAPI = "asyncapi"


def schema(name: str = "", *, folder: Path | None = None, listing: bool = False) -> None:
    """Print a JSON Schema, the AsyncAPI document, or the names of all.

    Args:
        name: such as orders.order_placed.1 or messages.order.1; asyncapi for all in one document;
            without it the names are printed.
        folder: write all of them as files here.
        listing: print the page of public events, in Markdown.
    """
    if listing:
        sys.stdout.write(publishing.schema_listing())
    elif folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for one in (*publishing.schema_names(), ASYNCAPI):
            (folder / f"{one}.json").write_text(_written(_made(one)))
    elif name:
        sys.stdout.write(_written(_made(name)))
    else:
        sys.stdout.writelines(f"{one}\n" for one in (*publishing.schema_names(), ASYNCAPI))


def _made(name: str) -> Any:
    return publishing.asyncapi() if name == ASYNCAPI else publishing.schema(name)


def _written(made: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(made)).decode() + "\n"
