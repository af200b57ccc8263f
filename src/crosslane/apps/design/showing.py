"""The page of parts, with made-up values, in the look that is asked for."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Request, Response

from crosslane.platform.screens import Look, Pages, Pin, Step, icons, page, viewer_of
from crosslane.platform.web import PUBLIC, Caller

SECTIONS = (
    Step("Foundations", "/design#foundations", "palette", PUBLIC),
    Step("Actions", "/design#actions", "zap", PUBLIC),
    Step("Values", "/design#values", "tag", PUBLIC),
    Step("Feedback", "/design#feedback", "bell", PUBLIC),
    Step("Layout", "/design#layout", "layout-grid", PUBLIC),
    Step("Lists", "/design#lists", "list", PUBLIC),
    Step("Forms", "/design#forms", "square", PUBLIC),
    Step("Progress", "/design#progress", "activity", PUBLIC),
    Step("Charts", "/design#charts", "chart-column", PUBLIC),
    Step("Map", "/design#map", "map", PUBLIC),
    Step("Icons", "/design#icons", "layers", PUBLIC),
)
PAGES = Pages(
    files("crosslane.apps.design"), title="Design", navigation=SECTIONS, finds="/design/finding"
)
SHOWN_AT = datetime(2026, 3, 2, 9, 41, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True):
    """An order that nobody placed."""

    number: str
    name: str
    state: str
    tone: str
    total_minor: int
    units: int
    at: datetime


ROWS = (
    Row("MF-10482", "Niamh Kelleher", "Ready", "good", 12_450, 2, SHOWN_AT),
    Row("MF-10481", "Tom Ashworth", "On hold", "warn", 8_900, 1, SHOWN_AT - timedelta(minutes=7)),
    Row("MF-10480", "Priya Raman", "Unfillable", "bad", 104_999, 12, SHOWN_AT - timedelta(hours=2)),
    Row("MF-10479", "Ellis Grant", "Sent", "info", -2_999, 3, SHOWN_AT - timedelta(days=1)),
)

PINS = [
    Pin("York", 53.96, -1.08, "good", "Cheapest", "/design#map", named=True),
    Pin("Leeds", 53.80, -1.55, "accent", "£5.50", "/design#map"),
    Pin("Bath", 51.38, -2.36, "neutral", "Closed on Sunday", named=True),
    Pin("Dublin", 53.35, -6.26, "warn", "Stock in doubt"),
    Pin("Cardiff", 51.48, -3.18, "info", "The customer"),
]
HOURS = [
    (f"{hour:02}:00", [hour * (23 - hour) // 3, hour * 7 % 19, hour % 5], "#charts")
    for hour in range(24)
]


@page("/design", permission=PUBLIC)
async def show_design(
    caller: Caller, request: Request, theme: str = "", density: str = "", direction: str = ""
) -> Response:
    """Show every part of the screens in every state."""
    viewer = viewer_of(caller, request, name="Robin Marsh", place="York, Coney Street")
    kept = viewer.look
    look = Look.chosen(kept.language, theme or kept.theme, density or kept.density)
    viewer = msgspec.structs.replace(viewer, look=look)
    direction = "rtl" if direction == "rtl" else "ltr"
    return PAGES.answer(viewer, "design.html", direction=direction, **told())


def told() -> dict[str, Any]:
    """Return the made-up values the page is given."""
    return {
        "rows": ROWS,
        "hours": HOURS,
        "at": SHOWN_AT,
        "now": datetime.now(UTC),
        "pins": PINS,
        "icon_names": sorted(icons()),
    }


@page("/design/living", permission=PUBLIC)
async def show_living(caller: Caller, request: Request) -> Response:
    """Show the part of the page that is asked for anew when an order changes."""
    return PAGES.answer(viewer_of(caller, request), "living.html", now=datetime.now(UTC))


@page("/design/finding", permission=PUBLIC)
async def show_finding(caller: Caller, request: Request, q: str = "") -> Response:
    """Find parts of the page, as the palette of an app finds orders."""
    viewer = viewer_of(caller, request)
    found = [
        (title, step)
        for step in SECTIONS
        if q.lower() in (title := PAGES.words(viewer)(step.title)).lower()
    ]
    block = "found" if viewer.fragment else ""
    return PAGES.answer(viewer, "finding.html", block=block, found=found, q=q)


ROUTES = [show_design, show_finding, show_living]
