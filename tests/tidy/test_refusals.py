"""What a screen can refuse is said in every language that is shipped."""

import string
from io import BytesIO

import pytest
from babel.messages.pofile import read_po
from tests.tidy.tree import REPOSITORY

from crosslane import app
from crosslane.kernel import Refusal, Stale
from crosslane.platform.screens import Words
from crosslane.platform.screens.words import Shared, read_words
from crosslane.platform.web import InvalidField
from crosslane.platform.web.routes import Route

SOURCE = REPOSITORY / "src/crosslane"
SCREENS = SOURCE / "platform/screens/words"
API = "/api/"


def shown_on_screens(routes: list[Route]) -> set[type[Refusal]]:
    """What pages raise, and what the routes of the API raise for the commands of their forms."""
    pages = [route for route in routes if not route.path.startswith(API)]
    forms = {route.command.name for route in pages if route.command is not None}
    beneath = [r for r in routes if r.command is not None and r.command.name in forms]
    return {raised for route in [*pages, *beneath] for raised in route.raises} | {
        InvalidField,
        Stale,
    }


def said(language: str = "de") -> dict[str, str]:
    """How messages of refusals are said, in the words of modules alone."""
    found = read_words((*Shared.folders, SCREENS), language)
    return {text: how for text, how in found.items() if isinstance(how, str)}


def unsaid(refusals: set[type[Refusal]], words: dict[str, str]) -> list[str]:
    return sorted(
        f"{one.__module__}.{one.__name__}: {one.template()}"
        for one in refusals
        if one.template() not in words
    )


def details_of(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_every_refusal_of_a_screen_has_its_german():
    assert unsaid(shown_on_screens(app.ROUTES), said()) == []


def test_what_is_said_names_the_same_details():
    """Of what modules say; a text that no refusal has any more is told too."""
    known = {one.template() for one in every(Refusal)}
    wrong = []
    for file in SOURCE.glob("*/words/de.po"):
        for message in read_po(BytesIO(file.read_bytes()), locale="de"):
            details = details_of(message.id) != details_of(message.string)
            if details or (" " in message.id and message.id not in known | DETAILS):
                wrong.append(message.id)
    assert wrong == []


DETAILS = {
    "units are on their way already",
    "nobody is known to ship it to",
    "another country has other prices and taxes",
    "this order",
}


def every(kind: type[Refusal]) -> set[type[Refusal]]:
    return {kind}.union(*(every(one) for one in kind.__subclasses__()))


class Unsaid(Refusal):
    """Nobody says {what} in German."""


def test_unsaid_bites():
    assert len(unsaid({Unsaid}, said())) == 1


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ({}, "Nobody says it in German."),
        ({"Nobody says {what} in German.": "Auf {what} kommt niemand."}, "Auf it kommt niemand."),
        ({"Nobody says {what} in German.": "Auf {what} kommt niemand.", "it": "das"},
         "Auf das kommt niemand."),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_the_words_there_are(catalog, told):
    assert Words("de", catalog).told(Unsaid(what="it")) == told
