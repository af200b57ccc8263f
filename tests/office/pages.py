"""Reading pages of the office as a person does: their text, their forms, and sending these."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Read(HTMLParser):
    """A page: what it says, and the fields of its forms by their action."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.forms: dict[str, dict[str, Any]] = {}
        self._form: dict[str, Any] | None = None
        self._select = ""
        self._area = ""
        self.feed(html)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "form" and told.get("method") == "post":
            self._form = self.forms.setdefault(told["action"] or "", {})
        elif self._form is None:
            return
        elif tag == "input" and told.get("type") in ("checkbox", "radio"):
            if "checked" in told:
                self._form.setdefault(name, []).append(value)
        elif tag == "input":
            self._form[name] = value
        elif tag == "textarea":
            self._form[name], self._area = "", name
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in told or self._select not in self._form):
            self._form[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form[self._area] += data
        self.text += data + " "


async def look(client: httpx.AsyncClient, path: str, status: int = 200) -> Read:
    """Open a page, which must answer with a status."""
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:500]}"
    return Read(answer.text)


async def submit(client: httpx.AsyncClient, path: str, fields: dict[str, Any]) -> httpx.Response:
    """Send a form, as a browser does."""
    # Clients of tests send a key of their own with each POST; a browser has the form's wish alone.
    headers = {**FORM, "Idempotency-Key": fields.get("_wish", "")}
    return await client.post(path, content=urlencode(fields, doseq=True), headers=headers)
