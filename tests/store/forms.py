"""Forms of pages, sent as browsers send them without scripts."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class _Forms(HTMLParser):
    """The forms of a page that change something: where they go, and what they carry."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str]]]] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and told.get("method") == "post":
            self.found.append((told["action"], []))
            self._open = True
        elif tag == "input" and self._open and told.get("name"):
            self.found[-1][1].append((told["name"], told.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def form_of(page: httpx.Response, action: str) -> tuple[str, dict[str, list[str]]]:
    """Return where the form whose address ends in ``action`` goes, and its fields."""
    assert page.status_code in (200, 422), page.text
    to, fields = next(one for one in _Forms(page.text).found if one[0].endswith(action))
    told: dict[str, list[str]] = {}
    for name, value in fields:
        told.setdefault(name, []).append(value)
    return to, told


async def post(client: httpx.AsyncClient, to: str, fields: dict[str, list[str]]) -> httpx.Response:
    """Send a form; its wish is its key, as it is of a browser, which names none besides."""
    headers = {**FORM, "Idempotency-Key": fields["_wish"][0]}
    return await client.post(to, content=urlencode(fields, doseq=True), headers=headers)


async def press(
    client: httpx.AsyncClient, page: httpx.Response, action: str, **more: str
) -> httpx.Response:
    """Send a form of a page with some fields filled in."""
    to, fields = form_of(page, action)
    return await post(client, to, {**fields, **{name: [value] for name, value in more.items()}})
