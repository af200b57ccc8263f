"""Addresses of the office's pages: the one that is looked at, with some of its query changed."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from crosslane.platform.screens import Viewer


def address(viewer: Viewer, **changes: Any) -> str:
    """Return the address of the page that is looked at, with other filters.

    A page begins anew when a filter changes, so the cursor goes unless it is given.

    Args:
        viewer: who looks, and at which page.
        changes: fields of the query; None or "" takes one away, a list repeats it.
    """
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(viewer.query):
        if name not in {"cursor", *changes}:
            fields.setdefault(name, []).append(value)
    for name, value in changes.items():
        values = value if isinstance(value, list) else [value]
        if kept := [str(one) for one in values if one not in (None, "")]:
            fields[name] = kept
    query = urlencode(fields, doseq=True)
    return viewer.path + (f"?{query}" if query else "")


def kept(viewer: Viewer, *without: str) -> list[tuple[str, str]]:
    """Return the filters of the page as fields a form keeps while it changes others.

    Args:
        viewer: who looks, and at which page.
        without: fields the form has itself; the cursor never stays.
    """
    return [
        (name, value) for name, value in parse_qsl(viewer.query) if name not in {"cursor", *without}
    ]


def ways(viewer: Viewer) -> dict[str, Any]:
    """Return what templates make links and forms of the page with: ``address`` and ``kept``."""
    return {
        "address": lambda **changes: address(viewer, **changes),
        "kept": lambda *without: kept(viewer, *without),
    }
