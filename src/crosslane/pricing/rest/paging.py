"""Pages of rows that are in memory."""

from collections.abc import Sequence
from typing import Any

from crosslane.kernel import Page
from crosslane.platform.web import Paging


def page_of(paging: Paging, rows: Sequence[Any], **ordered_by: type) -> Page[Any]:
    """Return a page of rows that are in memory, by the fields that order them."""

    def key(row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in ordered_by)

    after = paging.after(*ordered_by.values())
    found = sorted((row for row in rows if after is None or key(row) > after), key=key)
    return paging.page(found[: paging.limit + 1], key=key)
