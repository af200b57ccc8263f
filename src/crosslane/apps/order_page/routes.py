"""The route of the page."""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from litestar import Response
from markupsafe import Markup

from crosslane.apps.order_page.page import order_page
from crosslane.engagement import LINK_PURPOSE
from crosslane.platform.tokens import Link
from crosslane.platform.web import PUBLIC, Caller, NoSuchAddress, get

TEMPLATES = files("crosslane.apps.order_page") / "templates"
HTML = "text/html"


@get("/o/{link}", permission=PUBLIC, produces=HTML, listed=False)
async def show_order_page(caller: Caller, link: Link) -> Response:
    """Show a customer the state of an order."""
    if link.purpose != LINK_PURPOSE:
        raise NoSuchAddress
    async with caller.read() as tx:
        page = await order_page(tx, link)
    html = _template().render(page=page, words=page.words, style=Markup(_style()))  # noqa: S704
    headers = {"Content-Security-Policy": _policy(), "X-Robots-Tag": "noindex"}
    return Response(html.encode(), media_type=HTML, headers=headers)


@lru_cache
def _style() -> str:
    return (TEMPLATES / "order.css").read_text(encoding="utf-8")


@lru_cache
def _policy() -> str:
    """Return what the page may do: show itself in its one style sheet, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


@lru_cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((TEMPLATES / "order.html").read_text(encoding="utf-8"))


ROUTES = [show_order_page]
