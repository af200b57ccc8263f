"""Filling in the forms of a page as a browser without scripts does."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx


class Page(HTMLParser):
    """The forms and words of a page.

    Attributes:
        forms: by the path they are sent to, their fields as they stand.
        words: all text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.buttons: list[str] = []
        self._form: dict[str, str] | None = None
        self._words: list[str] = []
        self._silent = 0
        self.feed(html)

    @property
    def words(self) -> str:
        """All text of the page, blanks made one."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action") or "", {})
        elif tag == "button":
            self.buttons.append(given.get("name") or "")
        elif tag == "input" and self._form is not None:
            kind, name = given.get("type"), given.get("name") or ""
            if name and (kind not in ("checkbox", "radio") or "checked" in given):
                self._form[name] = given.get("value") or ""
        elif tag in ("textarea", "select") and self._form is not None:
            self._form.setdefault(given.get("name") or "", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        self._words.append(data)


async def look(client: httpx.AsyncClient, path: str) -> Page:
    """Open a page, which must be there."""
    answer = await client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
    return Page(answer.text)


async def send(
    client: httpx.AsyncClient, page: Page, path: str, changes: Mapping[str, Any]
) -> httpx.Response:
    """Send the form of a page that goes to a path, filled in."""
    fields = page.forms[path] | {name: str(value) for name, value in changes.items()}
    # Browsers send no key: the wish in the form is all that names it.
    return await client.post(path, data=fields, headers={"Idempotency-Key": fields["_wish"]})
