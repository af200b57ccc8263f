"""What a person sees when a page cannot be shown: words instead of a problem for programs."""

import base64
import hashlib
from collections.abc import Mapping

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
BUSY = ("Please try again in a moment", "The page could not be made just now.")
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def failed_page(status: int, headers: Mapping[str, str]) -> Response[bytes]:
    """Return the page that stands for one that cannot be shown.

    Why it cannot be shown is not told apart: a link is good, or it leads nowhere.

    Args:
        status: what the refusal's status is; 401 becomes 404, there is nothing to log in to.
        headers: of the refusal.
    """
    title, text = GONE if status < 429 else BUSY
    return Response(
        PAGE.format(title=title, text=text, style=STYLE).encode(),
        status_code=404 if status in (401, 403) else status,
        media_type=HTML,
        headers={
            **{name: value for name, value in headers.items() if name != "WWW-Authenticate"},
            "Content-Security-Policy": POLICY,
        },
    )
