"""Ways in which documents say no."""

from crosslane.kernel import NotFound


class NoSuchDocument(NotFound):
    """There is no document {document}."""
