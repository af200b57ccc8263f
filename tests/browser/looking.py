"""Opening pages, and looking at them: what no page may have, and a picture of it."""

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from crosslane.platform.web import SESSION_COOKIE
from tests.browser.shop import Shop

# Debian's first, and of those the one without a window, which does the same in half the time; the
# variable names any other.
NAMES = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
VARIABLE = "CROSSLANE_TEST_CHROMIUM"
HINT = f"Chromium is missing: apt-get install {NAMES[0]}, or name one in {VARIABLE}"
WIDTHS = {360: 780, 768: 1024, 1440: 900}
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SCREENS = Path(__file__).parents[2] / "build" / "screens"
ANSWER_MS_MAX = 20_000
LOOK_SECONDS_MAX = 60.0
PICTURE_QUALITY = 85
HTML = "text/html"

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

# Said by the browser itself when a page answers 4xx, which a page may.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
# Rows of a table are made alike, so that the first ones tell of all.
ROWS_FURTHER = "tbody > tr:nth-child(n + 6)"
RUN_AXE = """async (left_out) => (
    await axe.run({exclude: left_out}, {resultTypes: ['violations']})).violations.map(
    (found) => `${found.id}: ${found.help}: ${found.nodes.slice(0, 3).map(
        (node) => node.target + ' ' + node.html.slice(0, 160)).join(' | ')}`)"""
# What is wider than the window makes the whole page move sideways.
OVERFLOW = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
        (one) => one.getBoundingClientRect().right > width + 1);
    return wide.slice(-3).map((one) => `wider than ${width}: ${one.outerHTML.slice(0, 160)}`);
}"""
# What is looked at twice as it was is the same.
STATE = """() => [location.href, innerWidth, matchMedia('(prefers-color-scheme: dark)').matches,
    document.documentElement.outerHTML].join(' ')"""
TELL_BREACHES = """addEventListener('securitypolicyviolation', (breach) => console.error(
    `broke the policy: ${breach.effectiveDirective} ${breach.blockedURI}`));"""


def seen_at(width: int, scheme: Scheme) -> pytest.MarkDecorator:
    """Give a test a width and a scheme; under ``soak`` it runs in all the others too.

    Every page is looked at in each of them by itself; how it is used depends on them less.
    """
    return pytest.mark.parametrize(
        ("width", "scheme"),
        [
            pytest.param(*one, marks=() if one == (width, scheme) else pytest.mark.soak)
            for one in product(WIDTHS, SCHEMES)
        ],
    )


def chromium() -> dict[str, Any]:
    """How Playwright launches the Chromium of this machine."""
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, HINT
    # As root it has no sandbox to offer.
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": found, "args": [*words, "--force-color-profile=srgb"]}


class Looker:
    """The pages of one test.

    Args:
        browser: opens them.
        shop: which is looked at.
        name: of the test, for pictures.
    """

    def __init__(self, browser: Browser, shop: Shop, name: str) -> None:
        self._browser, self._shop = browser, shop
        self._name = re.sub(r"[^a-z0-9]+", "-", name.removeprefix("test_").lower()).strip("-")
        self._pages: dict[Page, str] = {}
        self._contexts: list[BrowserContext] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for context in self._contexts:
            await context.close()

    async def page_at(
        self,
        width: int = 1440,
        scheme: Scheme = "light",
        *,
        scripts: bool = True,
        who: str = "ADMIN",
        language: str = "en-GB",
        looks: bool = True,
        **more: Any,
    ) -> Page:
        """Open a page of a size; its addresses are paths such as ``/office``.

        Args:
            width: of the window in pixels, one of WIDTHS.
            scheme: what the person prefers.
            scripts: whether they run.
            who: key of ``shop.world.logins``; "" for nobody.
            language: what the browser asks for.
            looks: look at it when the test ends.
            more: further words of Playwright for the context, such as ``has_touch=True``.
        """
        context = await self._browser.new_context(
            base_url=self._shop.url,
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=scheme,
            java_script_enabled=scripts,
            locale=language,
            reduced_motion="reduce",
            **more,
        )
        self._contexts.append(context)
        context.set_default_timeout(ANSWER_MS_MAX)
        if who:
            token = self._shop.world.logins[who].token
            # Such a cookie is kept for HTTPS alone, and sent to this very host besides.
            url = self._shop.url.replace("http:", "https:")
            kept = {"name": SESSION_COOKIE, "value": token, "url": url, "secure": True}
            await context.add_cookies([kept])  # type: ignore[list-item]
        await context.add_init_script(TELL_BREACHES)
        page = await context.new_page()
        page.faults = Faults(page, scripts=scripts)  # type: ignore[attr-defined]
        scripted = "" if scripts else "-plain"
        if looks:
            self._pages[page] = f"{self._name}-{width}-{scheme}{scripted}"
        return page

    async def look_at_all(self) -> None:
        """Look at every page that is open, as it stands."""
        for page, name in self._pages.items():
            if not page.is_closed() and page.url != "about:blank":
                await look(page, name)


class Faults:
    """What a page complained of, gathered while it is used.

    Attributes:
        found: the complaints.
        scripts: whether scripts run.
        seen: how it stood when it was looked at closely, the last time.
    """

    def __init__(self, page: Page, *, scripts: bool) -> None:
        self.found: list[str] = []
        self.seen = ""
        self.scripts = scripts
        self._answers: dict[str, str] = {}
        self._forgiven: tuple[str, ...] = ()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        page.on("response", self._note)

    def forgive(self, *words: str) -> None:
        """Pass over messages with one of these words, from now on."""
        self._forgiven += words

    def _note(self, response: Response) -> None:
        self._answers[response.url] = response.headers.get("content-type", "")
        if response.status >= 500:
            self.found.append(f"{response.status} of {response.url}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        at = message.location.get("url", "")
        if _REFUSED.match(message.text) and self._answers.get(at, "").startswith(HTML):
            return
        if any(word in message.text for word in self._forgiven):
            return
        self.found.append(f"{message.type}: {message.text} ({at})")


async def look(
    page: Page,
    name: str,
    *,
    rules_off: Sequence[str] = (),
    closely: bool = True,
    wholly: bool = False,
) -> None:
    """Find nothing wrong with a page as it stands, and take a picture of it.

    Args:
        page: of ``page_at``.
        name: of the picture, in ``build/screens``.
        rules_off: rules of axe that do not hold here, with a comment that says why.
        closely: take the picture and let axe run, which take longer than all the rest.
        wholly: let axe go through all rows of tables, not through the first ones alone.
    """
    faults: Faults = page.faults  # type: ignore[attr-defined]
    found = list(faults.found)
    # Where scripts are off axe cannot run either.
    if faults.scripts:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            state = await page.evaluate(STATE)
            closely = closely and state != faults.seen
            found += await page.evaluate(OVERFLOW)
            left_out = [] if wholly else [ROWS_FURTHER]
            found += await _violations(page, rules_off, left_out) if closely else []
            faults.seen = state if closely else faults.seen
    if closely:
        picture = SCREENS / f"{name}.jpeg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=picture, full_page=True, quality=PICTURE_QUALITY, type="jpeg")
    assert not found, f"{page.url}:\n" + "\n".join(found)


async def cut_off(page: Page) -> None:
    """Take the network away; from now on the browser may say that it is gone.

    When it asks for the icon of a page, or whether its worker has a newer one, is its own affair,
    so that may be among what fails.
    """
    faults: Faults = page.faults  # type: ignore[attr-defined]
    faults.forgive("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "occurred when fetching the script")
    await page.context.set_offline(True)


async def _violations(page: Page, rules_off: Sequence[str], left_out: Sequence[str]) -> list[str]:
    if await page.evaluate("() => typeof axe === 'undefined'"):
        await page.evaluate(AXE)
    violations: list[str] = await page.evaluate(RUN_AXE, left_out)
    return [one for one in violations if one.partition(":")[0] not in rules_off]
