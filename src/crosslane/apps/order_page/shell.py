"""What all pages behind an order's link share: words, look, and how they are answered."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_skeleton
from litestar import Request, Response

from crosslane.engagement import show_day, show_money
from crosslane.orders import OrderState
from crosslane.platform.screens import Pages, viewer_of
from crosslane.platform.web import Caller

FOLDER = files("crosslane.apps.order_page")
PAGES = Pages(FOLDER)


@lru_cache
def words_of(name: str, language: str) -> Mapping[str, str]:
    """Return the words of pages in a language.

    Args:
        name: which pages: ``words``, ``changes`` or ``returns``.
        language: ISO 639 code.
    """
    return json.loads((FOLDER / "words" / f"{name}.{language}.json").read_text(encoding="utf-8"))


def shown(
    caller: Caller, request: Request, template: str, *, page: Any, status: int = 200
) -> Response[bytes]:
    """Return a page, in the language of its order.

    Args:
        caller: who asks.
        request: what was asked.
        template: name of its file.
        page: what it shows; says its ``language`` and ``words``.
        status: HTTP status.
    """
    asked = viewer_of(caller, request)
    viewer = msgspec.structs.replace(asked, locale=Locale.parse(page.language))
    answer = PAGES.answer(viewer, template, status=status, page=page, words=page.words)
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """An order as one of its pages tells of it: in whose words, amounts and days."""

    state: OrderState
    words: Mapping[str, str]
    locale: Locale
    timezone: str

    def money(self, minor: int) -> str:
        """Write an amount."""
        return show_money(minor, self.state.order.currency, self.locale)

    def day(self, at: datetime | None) -> str:
        """Write a day, "" for none."""
        return show_day(at, self.timezone, self.locale) if at else ""

    def date(self, at: datetime) -> str:
        """Write day and month in short."""
        here = at.astimezone(ZoneInfo(self.timezone))
        return format_skeleton("MMMd", here, locale=self.locale)
