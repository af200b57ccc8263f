"""How money, numbers, days and times are written for somebody who looks."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
)
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

from crosslane.kernel import currency_exponent
from crosslane.platform.screens.viewer import Viewer

NOTHING = "–"
DAY_SECONDS = 86_400
TONES = 6


def letters_of(name: str, code: str = "") -> str:
    """Return two letters that stand for a thing where there is no picture of it."""
    words = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) > 1]
    return "".join(word[0] for word in words[:2]).upper() or code[:2].upper()


def tone_of(group: str) -> int:
    """Return the tone of a group of things, the same wherever it is shown: 0 to TONES - 1."""
    return sum(group.encode()) % TONES


AT_A_GLANCE: dict[str, Callable[..., Any]] = {"letters": letters_of, "tone": tone_of}


def filters_for(viewer: Viewer) -> dict[str, Callable[..., Any]]:
    """Return the filters of templates that write values as the viewer reads them."""
    locale, zone = viewer.locale, ZoneInfo(viewer.timezone)

    def money(minor: int | None, currency: str) -> str:
        """Write an amount given in minor units."""
        if minor is None:
            return NOTHING
        amount = Decimal(minor).scaleb(-currency_exponent(currency))
        return format_currency(amount, currency, locale=locale)

    def number(value: int | Decimal | None) -> str:
        """Write a number."""
        return NOTHING if value is None else format_decimal(value, locale=locale)

    def compact(value: int | None) -> str:
        """Write a large number in short, such as 1.2K."""
        if value is None:
            return NOTHING
        return format_compact_decimal(value, locale=locale, fraction_digits=1)

    def percent(basis_points: int | None) -> str:
        """Write a share given in 1/10000."""
        if basis_points is None:
            return NOTHING
        share = Decimal(basis_points) / 10_000
        return format_percent(share, "#,##0.#%", locale=locale)

    def day(value: date | None, length: str = "medium") -> str:
        """Write a day: short, medium, long or full."""
        if value is None:
            return NOTHING
        return format_date(_here(value), length, locale=locale)  # type: ignore[arg-type]

    def moment(value: datetime | None, length: str = "short") -> str:
        """Write a day and time; in short without a year that goes without saying."""
        if value is None:
            return NOTHING
        here = _here(value)
        if length != "short":
            return format_datetime(here, length, locale=locale)  # type: ignore[arg-type]
        skeleton = "MMMd" if here.year == _here(datetime.now(UTC)).year else "yMMMd"
        written = format_skeleton(skeleton, here, locale=locale)
        return f"{written}, {format_time(here, 'short', locale=locale)}"

    def clock(value: datetime | None) -> str:
        """Write the time of day."""
        return NOTHING if value is None else format_time(_here(value), "short", locale=locale)

    def ago(value: datetime | None) -> str:
        """Write how far away an instant is, such as "5 minutes ago"."""
        if value is None:
            return NOTHING
        return format_timedelta(value - datetime.now(UTC), add_direction=True, locale=locale)

    def _here(value: Any) -> Any:
        return value.astimezone(zone) if isinstance(value, datetime) else value

    return {
        "money": money,
        "number": number,
        "compact": compact,
        "percent": percent,
        "day": day,
        "moment": moment,
        "clock": clock,
        "ago": ago,
        "there": partial(_there, locale),
        **AT_A_GLANCE,
    }


def _there(locale: Locale, value: datetime | None, timezone: str, form: str = "moment") -> str:
    """Write an instant as the clocks of a place show it: moment, clock or day."""
    if value is None:
        return NOTHING
    local = value.astimezone(ZoneInfo(timezone))
    if form == "clock":
        return format_time(local, "short", locale=locale)
    if form == "day":
        return format_date(local, "medium", locale=locale)
    day = format_skeleton("MMMEd", local, locale=locale)
    return f"{day}, {format_time(local, 'short', locale=locale)}"
