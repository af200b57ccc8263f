"""The page of all routes is the one that the routes give."""

from tests.tidy.tree import REPOSITORY

from crosslane.app import ROUTES
from crosslane.platform.web import listing

WRITTEN = REPOSITORY / "docs/reference/api.md"


def test_the_reference_is_up_to_date():
    assert WRITTEN.read_text() == listing(ROUTES), "crosslane reference > docs/reference/api.md"


def test_a_route_that_is_gone_bites():
    assert listing(ROUTES[1:]) != listing(ROUTES)
