"""Addresses all apps share: their files, how pages look, and what browsers report."""

import time
from urllib.parse import urlsplit

from litestar import Request, Response

from crosslane.platform.screens import live
from crosslane.platform.screens.answers import form, page, see_other
from crosslane.platform.screens.assets import asset
from crosslane.platform.screens.viewer import LOOK_COOKIE, Look
from crosslane.platform.telemetry import Log
from crosslane.platform.web import PUBLIC, Rate, Throttle, post
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.form import read_form

YEAR_SECONDS = 365 * 86_400
REPORT_BYTES_MAX = 1 << 14
REPORT_RATE = Rate(per_second=1, burst=20)
_REPORTS = Throttle(REPORT_RATE)

log = Log("crosslane.screens")


@page("/static/{version}/{name}", permission=PUBLIC, produces="application/octet-stream")
async def show_asset(request: Request, version: str, name: str) -> Response:
    """Send a file of the screens; its address changes with its content, so it may be kept."""
    found = asset(version, name)
    headers = {
        "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable",
        "Vary": "Accept-Encoding",
    }
    content = found.content
    if found.squeezed and "gzip" in exchange_of(request.scope).headers.get("accept-encoding", ""):
        headers["Content-Encoding"], content = "gzip", found.squeezed
    return Response(content, media_type=found.media_type, headers=headers)


@form("/look", permission=PUBLIC, command=None)
async def choose_look(request: Request, data: bytes) -> Response:
    """Keep in the browser how pages shall look: language, theme, density."""
    fields = read_form(data)
    look = Look.chosen(*(fields.text(name) for name in ("language", "theme", "density")))
    back = urlsplit(exchange_of(request.scope).headers.get("referer", ""))
    answer = see_other((back.path or "/") + (f"?{back.query}" if back.query else ""))
    kept = f"Max-Age={YEAR_SECONDS}; Path=/; SameSite=Lax"
    answer.headers["Set-Cookie"] = f"{LOOK_COOKIE}={look.cookie()}; {kept}"
    return answer


@post(
    "/csp-reports",
    permission=PUBLIC,
    command=None,
    consumes="application/csp-report",
    also_consumes=("application/reports+json", "application/json"),
    body_bytes_max=REPORT_BYTES_MAX,
    listed=False,
)
async def take_report(request: Request, data: bytes) -> None:
    """Log what a browser refused to load, so that no page breaks its own policy unnoticed."""
    if _REPORTS.wait_seconds(request.client.host if request.client else "", time.monotonic()) <= 0:
        log.warning("a page broke its policy", report=data.decode("utf-8", "replace"))


ROUTES = [show_asset, choose_look, take_report, *live.ROUTES]
