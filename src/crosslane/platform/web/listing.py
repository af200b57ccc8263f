"""The reference as a page to read: a table of routes for each module, from their declarations."""

from collections import defaultdict
from collections.abc import Sequence

from crosslane.platform.web.reference import reference_routes
from crosslane.platform.web.routes import PUBLIC, Route

HEAD = """# Reference of the interface

One table per module, written from the routes by `make reference`; do not edit it by hand. Schemas,
parameters and examples are in the OpenAPI document at `/api/v1/openapi.json`. The last column names
the problems a route has of its own; [GET /api/v1/problems](#reference) explains every code, and any
route may answer those of the edge (sign-in, permission, rate, size, shape, keys).
"""
COLUMNS = "| | address | permission | what it does | problems |\n|---|---|---|---|---|\n"


def listing(routes: Sequence[Route]) -> str:
    """Return the page in Markdown.

    Args:
        routes: the routes of the application; those that are not listed are left out.
    """
    by_tag: dict[str, list[Route]] = defaultdict(list)
    for route in [*routes, *reference_routes(routes)]:
        if route.listed:
            by_tag[route.tag].append(route)
    tables = (
        f"\n## {tag}\n\n{COLUMNS}{''.join(map(_row, sorted(listed, key=_place)))}"
        for tag, listed in sorted(by_tag.items())
    )
    return HEAD + "".join(tables)


def _place(route: Route) -> tuple[str, str]:
    return route.path, route.method


def _row(route: Route) -> str:
    needed = "anybody" if route.permission == PUBLIC else f"`{route.permission}`"
    codes = sorted({refusal.code_of_class() for refusal in route.raises})
    told = ", ".join(f"`{code}`" for code in codes)
    summary = route.summary.replace("|", "\\|")
    return f"| {route.method} | `{route.path}` | {needed} | {summary} | {told} |\n"
