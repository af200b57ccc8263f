"""Finding the pages of the apps: from where people begin, along the links that pages hold."""

import re
from collections import Counter
from html import unescape
from itertools import chain
from urllib.parse import urlsplit

import httpx

from crosslane.app import ROUTES
from crosslane.platform.web import SESSION_COOKIE, Route
from tests.browser.shop import Shop

HTML = "text/html"
EACH_MAX = 4
ANSWER_SECONDS_MAX = 60.0
# What people type, follow from elsewhere, or have as a bookmark.
BEGINNINGS = {
    "ADMIN": (
        "/",
        "/office",
        "/office/orders",
        "/design",
        "/me/second-factor",
        "/store",
        "/switch/device",
    ),
    "associate": ("/store", "/store/{store}/stock?q=10"),
    "": ("/sign-in",),
}
_LINK = re.compile(r'(?:href|hx-get)="(/[^"]*)"')
_PARAMETER = re.compile(r"\\\{[a-z_]+\\\}")

SHOWN = {
    route.name: route
    for route in ROUTES
    if route.method == "GET" and route.produces == HTML and not route.path.startswith("/api/")
}


def _shape(route: Route) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub("[^/]+", re.escape(route.path)))


# What is named in full goes before what a parameter would take as well.
_SHAPES = [
    (name, _shape(route))
    for name, route in sorted(SHOWN.items(), key=lambda one: one[1].path.count("{"))
]


def page_of(path: str) -> str:
    """The route of a path, "" for none."""
    return next((name for name, shape in _SHAPES if shape.fullmatch(path)), "")


async def find_pages(shop: Shop) -> dict[str, list[tuple[str, str]]]:
    """Return addresses of pages by route, each with who was shown it; "" is nobody.

    A route that answers with a part of a page, with a document or with another address has none.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    links = [await shop.order_link(number) for number in shop.today.values()]
    people = {"ADMIN": "ADMIN", "associate": shop.associate, "": ""}
    for role, who in people.items():
        beginnings = [path.format(store=shop.store) for path in BEGINNINGS[role]]
        beginnings += links if not who else []
        # However many orders other tests have placed since.
        beginnings += [f"/office/orders/{n}" for n in shop.today.values()] if who == "ADMIN" else []
        for path, html in await _walk(shop, who, beginnings):
            answered = found.setdefault(page_of(urlsplit(path).path), [])
            answered += [(path, who)] if html else []
    return found


async def _walk(shop: Shop, who: str, beginnings: list[str]) -> list[tuple[str, bool]]:
    """Follow links as one person; return each address that answered, and whether with a page."""
    cookies = {SESSION_COOKIE: shop.world.logins[who].token} if who else {}
    header = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    seen: list[tuple[str, bool]] = []
    times: Counter[str] = Counter()
    waiting, known = list(beginnings), set(beginnings)
    async with httpx.AsyncClient(
        base_url=shop.url, headers=header, timeout=ANSWER_SECONDS_MAX, trust_env=False
    ) as client:
        while waiting:
            path = waiting.pop(0)
            name = page_of(urlsplit(path).path)
            if not name or times[name] == EACH_MAX:
                continue
            times[name] += 1
            answer = await client.get(path)
            assert answer.status_code < 400, f"{path}, linked to for {who}: {answer.status_code}"
            more = [answer.headers["location"]] if answer.is_redirect else []
            is_page = answer.headers.get("content-type", "").startswith(HTML)
            seen.append((path, answer.is_success and is_page and "<html" in answer.text))
            told = _LINK.findall(answer.text) if is_page else ()
            for link in chain(more, map(unescape, told)):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
    return seen
