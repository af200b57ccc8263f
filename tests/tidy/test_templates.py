"""Templates of pages: forms carry their wish, nothing is inline, and every word has its German."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from tests.tidy.tree import REPOSITORY

SOURCE = REPOSITORY / "src/crosslane"
SCREENS = SOURCE / "platform/screens"
# The order's pages are written by locale files of their own.
ELSEWHERE = SOURCE / "apps/order_page"
KEYWORDS = {"_": None, "words": None, "plural": (1, 2), "Step": (1,)}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", re.I)
LIVE = re.compile(r"<[a-z]+\b(?=[^>]*\sdata-live=)(?![^>]*\shx-get=)[^>]*>", re.I)
FORM = re.compile(r"<form\b[^>]*\bmethod=\"post\".*?</form>", re.I | re.S)


def templates(root: Path = SOURCE) -> Iterator[Path]:
    for path in sorted(root.rglob("*.html")):
        if (
            "templates" in path.parts
            and ELSEWHERE not in path.parents
            and "engagement" not in str(path)
        ):
            yield path


def wishless(text: str) -> list[str]:
    """Forms that change something without naming the wish."""
    return [
        form[:80] for form in FORM.findall(text) if "ui.wish()" not in form and "wish()" not in form
    ]


def app_of(path: Path) -> Path:
    """The folder whose words a file is written in."""
    apps = SOURCE / "apps"
    if apps in path.parents:
        return apps / path.relative_to(apps).parts[0]
    return SCREENS


def written() -> Iterator[tuple[Path, str]]:
    """Every text for people in templates and in the code of pages, with the file it stands in."""
    files = [*templates()]
    for folder in (SCREENS, SOURCE / "apps"):
        files += [path for path in folder.rglob("*.py") if ELSEWHERE not in path.parents]
    for path in files:
        method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
        found = extract(method, BytesIO(path.read_bytes()), keywords=KEYWORDS)
        for _, message, _, _ in found:
            for text in message if isinstance(message, tuple) else (message,):
                yield path, text


def german(folder: Path) -> set[str]:
    known: set[str] = set()
    for file in (folder / "words").glob("de*.po"):
        for message in read_po(BytesIO(file.read_bytes()), locale="de"):
            said = message.string if isinstance(message.id, tuple) else (message.string,)
            if message.id and all(said):
                known |= set(message.id) if isinstance(message.id, tuple) else {message.id}
    return known


def test_forms_name_their_wish():
    assert [(p.name, f) for p in templates() for f in wishless(p.read_text())] == []


def test_nothing_is_inline():
    found = [(p.name, m[0]) for p in templates() for m in INLINE.finditer(p.read_text())]
    assert found == []


def test_live_parts_say_where_they_are_asked_for():
    found = [(p.name, m[0]) for p in templates() for m in LIVE.finditer(p.read_text())]
    assert found == []


def test_every_word_has_its_german():
    known = {
        folder: german(folder)
        for folder in [SCREENS, *(SOURCE / "apps").glob("*")]
        if (folder / "words").is_dir()
    }
    lacking = sorted(
        {
            f"{path.relative_to(SOURCE)}: {text}"
            for path, text in written()
            if text not in known[SCREENS] | known.get(app_of(path), set())
        }
    )
    assert lacking == []


@pytest.mark.parametrize(
    "text", ["<p style='a'>", "<script>1</script>", '<a onclick="x">', "<style>a</style>"]
)
def test_inline_bites(text):
    assert INLINE.search(text)


def test_live_bites():
    assert LIVE.search('<div id="a" data-live="orders">')
    assert not LIVE.search('<div data-live="orders" hx-get="/office/orders" hx-trigger="live">')


def test_wishless_form_bites():
    assert len(wishless('<form method="post" action="/x"><button>Go</button></form>')) == 1
    assert wishless('<form method="post">{{ ui.wish() }}</form>') == []
