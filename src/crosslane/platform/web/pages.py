"""What a person sees when a page cannot be shown: words instead of a problem for programs."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Response

HTML = "text/html"

STYLE = (
    ":root{color-scheme:light dark}body{max-width:34rem;margin:20vh auto 0;padding:0 1.25rem;"
    "font:1.0625rem/1.6 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}"
)
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title><style>{style}</style><main><h1>{title}</h1><p>{text}</p></main></html>"
)
GONE = (
    "This page cannot be shown",
    "The link may be incomplete, or it has expired. Open the newest message you have and follow "
    "its link again.",
)
BARRED = (
    "This is not for you to see",
    "Your role does not include this page. Ask an administrator, or sign in as somebody else.",
)
TOO_LARGE = (
    "That is more than can be sent at once",
    "Go back, and choose a smaller file, or send it in parts.",
)
BUSY = ("Please try again in a moment", "The page could not be made just now.")
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


SIGN_IN = "/sign-in"
FRAGMENT_HEADER = "hx-request"
"""What htmx sends when it asks for a part of a page."""


def failed_page(status: int, headers: Mapping[str, str], *, staff: bool = False) -> Response[bytes]:
    """Return the page that stands for one that cannot be shown.

    Behind a signed link it is not told apart why: a link is good, or it leads nowhere.

    Args:
        status: what the refusal's status is; without signing in, 401 and 403 become 404.
        headers: of the refusal.
        staff: it is a page for those who have signed in.
    """
    title, text = GONE if status < 429 else BUSY
    if status == 413:
        title, text = TOO_LARGE
    elif staff and status == 403:
        title, text = BARRED
    elif status in (401, 403):
        status = 404
    return Response(
        PAGE.format(title=title, text=text, style=STYLE).encode(),
        status_code=status,
        media_type=HTML,
        headers={
            **{name: value for name, value in headers.items() if name != "WWW-Authenticate"},
            "Content-Security-Policy": POLICY,
        },
    )


def sign_in_page(
    method: str, scope: Mapping[str, Any], headers: Mapping[str, str]
) -> Response[bytes]:
    """Send a browser to sign in, and back to the page it was on.

    Args:
        method: of the request; where a form was sent nothing can be come back to.
        scope: ASGI scope of the request.
        headers: of the request; a part of a page takes the whole page along.
    """
    query = scope["query_string"].decode("latin-1")
    back = scope["path"] + (f"?{query}" if query else "")
    fragment = FRAGMENT_HEADER in headers
    if fragment or method not in ("GET", "HEAD"):
        shown = urlsplit(headers.get("hx-current-url") or headers.get("referer", ""))
        back = shown.path + (f"?{shown.query}" if shown.query else "")
    address = SIGN_IN + (f"?next={quote(back)}" if back.startswith("/") else "")
    where = {"HX-Redirect": address} if fragment else {"Location": address}
    status = 401 if fragment else 303
    return Response(b"", status_code=status, media_type=HTML, headers=where)
