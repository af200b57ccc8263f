"""Pages as a browser without scripts sees them: what stands on one, and sending its forms."""

import re
import secrets
from html import unescape
from typing import Any

import httpx


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> str:
    """Return the text of a page, which must be there; figures stand where people see them."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
    return told(answer)


def told(answer: httpx.Response) -> str:
    """Return what a page says, without its markup."""
    main = answer.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main.partition(">")[2])).split())


async def submit(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    """Send a form; one wish unless it is named."""
    fields.setdefault("_wish", secrets.token_hex(8))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = str(httpx.QueryParams(fields))
    # A browser sends no key of its own: the wish in the form is all there is.
    hooks, client.event_hooks = client.event_hooks, {}
    try:
        return await client.post(path, content=body, headers=headers)
    finally:
        client.event_hooks = hooks


def inputs(answer: httpx.Response, form: str) -> dict[str, Any]:
    """Return the fields of the form with an address as the page fills them, without its wish."""
    found = re.search(rf'<form[^>]*action="{re.escape(form)}".*?</form>', answer.text, re.S)
    assert found, f"no form is sent to {form}"
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", found[0]):
        kind, name = _of(tag, "type"), _of(tag, "name")
        if kind in ("checkbox", "radio") and " checked" not in tag:
            continue
        if kind == "checkbox":
            fields.setdefault(name, []).append(_of(tag, "value"))
        else:
            fields[name] = _of(tag, "value")
    for tag, text in re.findall(r"(<textarea[^>]*>)(.*?)</textarea>", found[0], re.S):
        fields[_of(tag, "name")] = unescape(text)
    for tag, options in re.findall(r"(<select[^>]*>)(.*?)</select>", found[0], re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[_of(tag, "name")] = unescape(chosen[1]) if chosen else ""
    fields.pop("_wish", None)
    return fields


def _of(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


async def send_files(
    client: httpx.AsyncClient, path: str, files: dict[str, tuple[str, bytes]], **fields: str
) -> httpx.Response:
    """Send a form with files, as a browser does; one wish unless it is named."""
    fields.setdefault("_wish", secrets.token_hex(8))
    hooks, client.event_hooks = client.event_hooks, {}
    try:
        return await client.post(path, data=fields, files=files)
    finally:
        client.event_hooks = hooks
