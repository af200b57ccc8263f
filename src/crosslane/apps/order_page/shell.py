"""What all pages behind an order's link share: words, style, and what they may do."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from babel import Locale
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from litestar import Response
from markupsafe import Markup

from crosslane.engagement import show_day, show_money
from crosslane.orders import OrderState

TEMPLATES = files("crosslane.apps.order_page") / "templates"
HTML = "text/html"


@lru_cache
def words_of(name: str, language: str) -> Mapping[str, str]:
    """Return the words of pages in a language.

    Args:
        name: which pages, ``words`` or ``returns``.
        language: ISO 639 code.
    """
    return json.loads(_text(f"{name}.{language}.json"))


def shown(template: str, *, forms: bool = False, status: int = 200, **told: Any) -> Response[bytes]:
    """Return a page.

    Args:
        template: name of its file.
        forms: it may send forms back to us.
        status: HTTP status.
        told: what the template is given.
    """
    html = _template(template).render(style=Markup(_style()), **told)  # noqa: S704
    headers = {"Content-Security-Policy": _policy(forms=forms), "X-Robots-Tag": "noindex"}
    return Response(html.encode(), status_code=status, media_type=HTML, headers=headers)


def elsewhere(path: str) -> Response[bytes]:
    """Send the browser on to another page, by GET."""
    return Response(b"", status_code=303, media_type=HTML, headers={"Location": path})


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@lru_cache
def _style() -> str:
    return _text("order.css")


@lru_cache
def _policy(*, forms: bool) -> str:
    """Return what a page may do: show itself in its one style sheet, and answer us."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    target = "'self'" if forms else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        f"form-action {target}; frame-ancestors 'none'"
    )


@lru_cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


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
