"""Pages as browsers load them: what they weigh, and how soon their first byte is there.

Pages are found by their links, one of each kind. A page weighs what a browser with nothing in its
cache loads to show it, compressed as it is sent: the page, its style sheets, scripts and fonts.
Baseline: the first byte of `/healthz`, which asks nothing of anybody.
"""

import re
import time
from html import unescape
from itertools import count, cycle
from statistics import median
from urllib.parse import urlsplit

import httpx

from crosslane.bench.crowd import gather_crowd
from crosslane.bench.figures import DEMO, Figure, Scale, ratio
from crosslane.bench.placing import order_requests
from crosslane.bench.site import HOST, site

BEGINNINGS = ("/office", "/office/orders", "/office/stock", "/store", "/design")
CLIENTS = 8
TURNS = 11
PAGES_MAX = 120
CALL_SECONDS_MAX = 60.0
WEIGHT_KB_MOST = 150.0
FIRST_BYTE_MS_MOST = 100.0
HTML = "text/html"

_LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"#]*)')
_LOADED = re.compile(
    r'(?:<link\b[^>]*\bhref|<script\b[^>]*\bsrc|<img\b[^>]*\bsrc)="(/(?:static|pictures)/[^"]+)'
)
_NAMED = re.compile(r'url\("(/static/[^"]+)"\)')


async def screens(scale: Scale = DEMO) -> list[Figure]:
    """Measure every kind of page once it is warm."""
    async with site(scale) as made, made.worker(), made.web(processes=1) as web:
        requests = order_requests(made.api_keys, scale, hot=False, numbers=count(1))
        await gather_crowd(web.url, requests, clients=CLIENTS, seconds=scale.seconds / 4)
        keys = cycle(made.api_keys)
        async with httpx.AsyncClient(
            base_url=web.url,
            headers={"Host": HOST, "Accept-Encoding": "gzip"},
            timeout=CALL_SECONDS_MAX,
            trust_env=False,
        ) as client:
            looker = Looker(client, keys)
            weights = await looker.find_pages()
            health = median([await looker.first_byte_ms("/healthz") for _ in range(TURNS)])
            firsts = {
                path: median([await looker.first_byte_ms(path) for _ in range(TURNS)])
                for path in weights
            }
    heaviest, slowest = max(weights, key=weights.__getitem__), max(firsts, key=firsts.__getitem__)
    return [
        Figure(name="kinds of pages", value=len(weights), unit="pages", key="pages"),
        Figure(
            name=f"heaviest page, {kind_of(heaviest)}",
            value=round(weights[heaviest] / 1000, 1),
            unit="kB",
            most=WEIGHT_KB_MOST,
            key="heaviest_kb",
        ),
        Figure(name="first byte of /healthz", value=round(health, 1), unit="ms"),
        Figure(name="pages, middle", value=round(median(firsts.values()), 1), unit="ms"),
        Figure(
            name=f"slowest page, {kind_of(slowest)}",
            value=round(firsts[slowest], 1),
            unit="ms",
            most=FIRST_BYTE_MS_MOST,
            key="slowest_ms",
        ),
        ratio("slowest page to /healthz", firsts[slowest], health),
    ]


def kind_of(path: str) -> str:
    """Return a path without what names one of many: steps with figures in them, and the query."""
    steps = urlsplit(path).path.split("/")
    return "/".join("…" if re.search(r"\d", step) else step for step in steps)


class Looker:
    """Somebody who looks at pages, with a key that may do everything.

    Args:
        client: speaks to the site.
        keys: of callers, taken in turn so that no rate limit is met.
    """

    def __init__(self, client: httpx.AsyncClient, keys: "cycle[str]") -> None:
        self._client, self._keys = client, keys
        self._bytes: dict[str, int] = {}
        self._inside: dict[str, list[str]] = {}

    async def find_pages(self) -> dict[str, int]:
        """Return the address of a page of each kind, and what it weighs in bytes."""
        found: dict[str, int] = {}
        seen: set[str] = set()
        waiting = list(BEGINNINGS)
        while waiting and len(found) < PAGES_MAX:
            path = waiting.pop(0)
            kind = kind_of(path)
            if kind in seen:
                continue
            seen.add(kind)
            answer, sent = await self._get(path)
            if answer.is_redirect:
                waiting.append(answer.headers["location"])
            if not answer.is_success or not answer.headers["content-type"].startswith(HTML):
                continue
            waiting += map(unescape, _LINK.findall(answer.text))
            if "<html" in answer.text:
                found[path] = sent + await self._weigh(answer.text)
        return found

    async def first_byte_ms(self, path: str) -> float:
        """Return how long it took until a page began to arrive."""
        began = time.perf_counter()
        async with self._client.stream("GET", path, headers=self._key()) as answer:
            first = (time.perf_counter() - began) * 1000
            await answer.aread()
        return first

    async def _weigh(self, html: str) -> int:
        """Return the bytes of all that a page loads besides itself."""
        loaded = list(_LOADED.findall(html))
        for path in loaded:
            if path not in self._bytes:
                answer, self._bytes[path] = await self._get(path)
                fonts = _NAMED.findall(answer.text) if path.endswith(".css") else []
                self._inside[path] = fonts
            loaded += [one for one in self._inside[path] if one not in loaded]
        return sum(self._bytes[path] for path in dict.fromkeys(loaded))

    async def _get(self, path: str) -> tuple[httpx.Response, int]:
        async with self._client.stream("GET", path, headers=self._key()) as answer:
            await answer.aread()
            return answer, answer.num_bytes_downloaded

    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {next(self._keys)}"}
