"""The audit calls every deed by words, in every language that is shipped."""

import re
from pathlib import Path

from babel import Locale

import crosslane
from crosslane import app
from crosslane.apps.office.deeds import DEEDS, deed_title
from crosslane.apps.office.frame import PAGES
from crosslane.platform.screens import Viewer

SOURCE = Path(crosslane.__file__).parent
ACTION = re.compile(r'\baction="([a-z_]+\.[a-z_]+)"')
# Whose action is put together when it is told: what it can be.
PUT_TOGETHER = {
    *(f"organization.put_{noun}" for noun in ("entity", "brand", "market", "channel")),
    *(f"payments.{deed}" for deed in ("authorize", "capture", "refund", "void", "settle")),
    "vendors.accept_invoice",
    "vendors.reject_invoice",
}


def told() -> set[str]:
    """Every command, and what else the modules write into the journal."""
    routed = {route.command.name for route in app.ROUTES if route.command is not None}
    brought = {one.name for module in app.MODULES for one in getattr(module, "COMMANDS", ())}
    written = {
        action for file in SOURCE.rglob("*.py") for action in ACTION.findall(file.read_text())
    }
    return routed | brought | written | PUT_TOGETHER


def test_every_deed_has_words_and_no_words_are_left_over():
    assert sorted(told() - DEEDS.keys()) == []
    assert sorted(DEEDS.keys() - told()) == []


def test_every_deed_has_its_german():
    viewer = Viewer(actor=None, locale=Locale("de"))  # type: ignore[arg-type]
    words = PAGES.words(viewer)
    assert [title for title in DEEDS.values() if words.lacks(title)] == []


def test_a_deed_that_is_new_is_called_by_its_name():
    assert deed_title("orders.paint_green") == "Paint green"
