"""The words of pages in the languages that are shipped: gettext catalogs, read as they stand."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any, ClassVar

from babel.messages.pofile import read_po

from crosslane.kernel import Refusal

LANGUAGES = {"en": "English", "de": "Deutsch"}
SOURCE_LANGUAGE = "en"

Catalog = Mapping[str, str | tuple[str, ...]]


def read_words(folders: tuple[Traversable, ...], language: str) -> Catalog:
    """Return the words of a language: what is written in the source, and how it is said.

    Args:
        folders: where files ``<language>*.po`` are; later ones win.
        language: ISO 639 code.
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for folder in folders:
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            if not (file.name.startswith(language) and file.name.endswith(".po")):
                continue
            for message in read_po(BytesIO(file.read_bytes()), locale=language):
                if isinstance(message.id, tuple):
                    found[message.id[0]] = tuple(message.string)
                elif message.id and message.string:
                    found[message.id] = message.string
    return found


class Words:
    """What is written on a page, in one language.

    Args:
        language: ISO 639 code.
        catalog: how what the source says is said in it.
    """

    def __init__(self, language: str, catalog: Catalog) -> None:
        self.language = language
        self._catalog = catalog

    def __call__(self, text: str, **named: Any) -> str:
        """Return a text in the language, with ``%(name)s`` filled in."""
        said = self._catalog.get(text, text)
        if isinstance(said, tuple):
            said = said[0]
        return said % named if named else said.replace("%%", "%")

    def told(self, refusal: Refusal) -> str:
        """Return why something was refused, in the language."""
        return refusal.said(lambda text: str(self._catalog.get(text, text)))

    def lacks(self, text: str) -> bool:
        """Tell whether the language has no words of its own for a text."""
        return text not in self._catalog

    def plural(self, one: str, many: str, n: int, **named: Any) -> str:
        """Return the text that fits a number; it may say ``%(n)s``.

        English and German tell one from all others; a language that tells more needs its rule here.
        """
        said = self._catalog.get(one)
        forms = said if isinstance(said, tuple) else (one, many)
        return forms[0 if n == 1 else -1] % {"n": n, **named}


class Shared:
    """Words that all pages may need: what modules refuse, each in its own folder."""

    folders: ClassVar[tuple[Traversable, ...]] = ()


def use_words(folders: Iterable[Traversable]) -> None:
    """Say which folders of words all pages may need; an app's own words win."""
    Shared.folders = tuple(folders)


@lru_cache
def words_of(folders: tuple[Traversable, ...], language: str) -> Words:
    """Return the words of some pages in a language."""
    return Words(language, read_words(folders, language))
