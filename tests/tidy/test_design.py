"""The design system keeps its word: every part is shown, every icon is there, text can be read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.tidy.tree import REPOSITORY

SOURCE = REPOSITORY / "src/crosslane"
SCREENS = SOURCE / "platform/screens"
PARTS = {"ui": ("parts", "forms", "tables", "maps"), "charts": ("charts",)}
# What the frame shows around every page, and what other parts are made of.
WITHIN = {
    *("navigation", "nav_step", "here", "tabbar", "account", "look", "palette", "key_told"),
    *("closer", "option", "label_of", "told", "described", "more"),
}
MACRO = re.compile(r"{% macro (\w+)\(")
DOCUMENTED = re.compile(r"{# (\w+)[(,]")
ICON = re.compile(r"icon\(\"([\w-]+)\"|icon_name=\"([\w-]+)\"")
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TONES = ("neutral", "good", "warn", "bad", "info")
GROUNDS = ("canvas", "surface", "raised", "sunken", "hover")
# Text on the ground it may stand on.
TEXTS = [
    *((text, ground) for text in ("text", "text-quiet") for ground in (*GROUNDS, "pressed")),
    *(("text-faint", ground) for ground in GROUNDS),
    *(("accent-text", ground) for ground in (*GROUNDS, "accent-soft")),
    *((f"{tone}-text", ground) for tone in TONES for ground in (f"{tone}-soft", "surface")),
    *(("on-accent", ground) for ground in ("accent", "accent-hover")),
    ("on-bad", "bad"),
    ("text", "accent-soft"),
]
# What must be seen though it is no text: borders of fields, rings of focus, dots of state.
MARKS = [
    *((mark, ground) for mark in ("line-control", "focus") for ground in ("surface", "raised")),
    *((tone, "surface") for tone in TONES),
]


def macros() -> Iterator[tuple[str, str]]:
    """Every macro pages may use, as (space, name)."""
    for space, files in PARTS.items():
        for file in files:
            text = (SCREENS / f"templates/{file}.html").read_text()
            yield from ((space, name) for name in MACRO.findall(text))


def unshown(shown: str) -> list[str]:
    """Macros that the page of parts does not show."""
    return [
        f"{space}.{name}"
        for space, name in macros()
        if name not in WITHIN and not re.search(rf"\b{space}\.{name}\(", shown)
    ]


def contrast(one: str, other: str) -> float:
    """How much two colors differ, by WCAG 2.2: from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def tokens() -> dict[str, tuple[str, str]]:
    text = (SCREENS / "static/crosslane.css").read_text()
    return {name: (light, dark) for name, light, dark in TOKEN.findall(text)}


def pale(
    pairs: Sequence[tuple[str, str]], least: float, known: Mapping[str, tuple[str, str]]
) -> list[str]:
    """Pairs of tokens that cannot be told apart well enough, light or dark."""
    return [
        f"{text} on {ground}, {look}: {contrast(a, b):.2f}"
        for text, ground in pairs
        for look, a, b in zip(("light", "dark"), known[text], known[ground], strict=True)
        if contrast(a, b) < least
    ]


def icons_named(root: Path) -> Iterator[tuple[str, str]]:
    for path in root.rglob("*.html"):
        for found in ICON.findall(path.read_text()):
            yield path.name, found[0] or found[1]


def test_every_part_is_shown():
    shown = "".join(p.read_text() for p in (SOURCE / "apps/design/templates").glob("*.html"))
    assert unshown(shown) == []
    assert "ui.badge" in unshown(shown.replace("ui.badge(", ""))


def test_every_part_is_documented():
    for files in PARTS.values():
        for file in files:
            text = (SCREENS / f"templates/{file}.html").read_text()
            told = {*DOCUMENTED.findall(text), *WITHIN}
            assert [name for name in MACRO.findall(text) if name not in told] == []


def test_every_icon_is_there():
    sprite = set(re.findall(r'id="([\w-]+)"', (SCREENS / "static/icons.svg").read_text()))
    assert [(file, name) for file, name in icons_named(SOURCE) if name not in sprite] == []


@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (MARKS, 3.0)])
def test_colors_can_be_told_apart(pairs: list[tuple[str, str]], least: float):
    assert pale(pairs, least, tokens()) == []


def test_pale_bites():
    known = {"text": ("#888888", "#eeeeee"), "surface": ("#ffffff", "#111111")}
    assert pale([("text", "surface")], 4.5, known) == ["text on surface, light: 3.54"]
