"""`crosslane reference`: every address of the interface, as a page."""

import sys

from crosslane.app import ROUTES
from crosslane.platform.web import listing


def reference() -> None:
    """Print every route with its permission, its purpose and its problems, in Markdown."""
    sys.stdout.write(listing(ROUTES))
