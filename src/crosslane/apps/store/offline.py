"""What keeps pages of a store at hand while there is no network."""

from litestar import Response

from crosslane.platform.screens import content_of, page
from crosslane.platform.web import PUBLIC

JAVASCRIPT = "text/javascript"
# The worker asks our host and nobody else.
POLICY = "default-src 'none'; connect-src 'self'"


@page("/store/worker.js", permission=PUBLIC, produces=JAVASCRIPT)
async def show_worker() -> Response:
    """Send the service worker; it stands where it does because that is what it may see."""
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    return Response(content_of("store-worker.js"), media_type=JAVASCRIPT, headers=headers)


ROUTES = [show_worker]
