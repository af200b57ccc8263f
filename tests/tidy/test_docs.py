"""What the documents name exists: files, targets, addresses, modules. Decisions are numbered."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.tidy.tree import REPOSITORY

from crosslane.app import ROUTES
from crosslane.platform.web import Route
from crosslane.platform.web.reference import reference_routes

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
# "There is no `make coffee` yet" is true of a target that does not exist.
MAKE = re.compile(r"(?:(?<!no )`|^)make ([a-z]+)", re.M)
TARGET = re.compile(r"^([a-z]+):", re.M)
# What ends in a slash or an ellipsis is only the beginning of an address.
ADDRESS = re.compile(
    r"((?:(?:GET|POST|PUT|PATCH|DELETE) +)?)"
    r"(/api/v1/(?:[\w./-]|{[^}]*})*(?<=[\w}]))(?![/…\w])"
)
VARIABLE = re.compile(r"{[a-z_]+}")
TERM = re.compile(r"^\| (?!word \|)([^|]+?) \|", re.M)


def documents(root: Path) -> Iterator[Path]:
    """Every page of documentation."""
    yield from sorted(root.glob("*.md"))
    yield from sorted(root.glob("docs/**/*.md"))
    yield from sorted(root.glob("src/**/*.md"))


def dead_links(root: Path) -> list[str]:
    """Links to files that are not there."""
    return [
        f"{page.relative_to(root)}: {link}"
        for page in documents(root)
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).exists()
    ]


def unknown_targets(root: Path) -> list[str]:
    """Targets of `make` that are named and do not exist."""
    targets = set(TARGET.findall((root / "Makefile").read_text()))
    return [
        f"{page.relative_to(root)}: make {name}"
        for page in documents(root)
        for name in MAKE.findall(page.read_text())
        if name not in targets
    ]


def unknown_routes(root: Path, routes: Sequence[Route]) -> list[str]:
    """Addresses that are named, perhaps with their method, and that nobody serves."""
    served = [(route.method, re.compile(VARIABLE.sub("[^/]+", route.path))) for route in routes]
    return [
        f"{page.relative_to(root)}: {method}{address}"
        for page in documents(root)
        for method, address in ADDRESS.findall(page.read_text())
        if not any(
            method.strip() in ("", known) and path.fullmatch(address) for known, path in served
        )
    ]


def unnumbered(folder: Path) -> list[str]:
    """Decisions whose number is missing, doubled or not that of their title."""
    found = []
    for expected, page in enumerate(sorted(folder.glob("*.md")), 1):
        title = page.read_text().partition("\n")[0]
        if not page.name.startswith(f"{expected:04}-") or not title.startswith(f"# {expected}. "):
            found.append(f"{page.name}: should be number {expected}")
    return found


def invented_modules(root: Path) -> list[str]:
    """Modules that the architecture describes and that do not exist."""
    named = re.findall(r"^\*\*([a-z_/]+)\*\*:", (root / "ARCHITECTURE.md").read_text(), re.M)
    return sorted(name for name in named if not (root / "src/crosslane" / name).is_dir())


def doubled_terms(text: str) -> list[str]:
    """Words that the glossary explains twice."""
    terms = TERM.findall(text)
    return sorted({term for term in terms if terms.count(term) > 1})


def test_links_lead_somewhere():
    assert dead_links(REPOSITORY) == []


def test_named_targets_exist():
    assert unknown_targets(REPOSITORY) == []


def test_named_addresses_are_served():
    assert unknown_routes(REPOSITORY, [*ROUTES, *reference_routes(ROUTES)]) == []


def test_decisions_are_numbered():
    assert unnumbered(REPOSITORY / "docs/adr") == []


def test_described_modules_exist():
    assert invented_modules(REPOSITORY) == []


def test_a_word_is_explained_once():
    assert doubled_terms((REPOSITORY / "GLOSSARY.md").read_text()) == []


def test_dead_link_bites(tmp_path):
    (tmp_path / "README.md").write_text("[a](b.md) [c](README.md) [d](https://example.com)")
    assert dead_links(tmp_path) == ["README.md: b.md"]


def test_unknown_target_bites(tmp_path):
    (tmp_path / "Makefile").write_text("test: setup\n")
    text = "Run `make test` or `make coffee`; there is no `make cake`.\nmake tea\n"
    (tmp_path / "README.md").write_text(text)
    assert unknown_targets(tmp_path) == ["README.md: make coffee", "README.md: make tea"]


def test_unknown_address_bites(tmp_path):
    text = (
        "`POST /api/v1/entities`, `PATCH /api/v1/orders`, `/api/v1/orders/{number or id}`, /api/v1/"
    )
    (tmp_path / "README.md").write_text(text)
    named = ["README.md: POST /api/v1/entities", "README.md: PATCH /api/v1/orders"]
    assert unknown_routes(tmp_path, ROUTES) == named


def test_unnumbered_bites(tmp_path):
    (tmp_path / "0001-first.md").write_text("# 1. First\n")
    (tmp_path / "0003-second.md").write_text("# 3. Second\n")
    assert unnumbered(tmp_path) == ["0003-second.md: should be number 2"]


def test_invented_module_bites(tmp_path):
    (tmp_path / "ARCHITECTURE.md").write_text("**orders**: what\n\n**returns**: what\n")
    (tmp_path / "src/crosslane/orders").mkdir(parents=True)
    assert invented_modules(tmp_path) == ["returns"]


def test_doubled_term_bites():
    rows = "| hold | a |\n| lane | b |\n| hold | c |\n"
    assert doubled_terms(f"| word | meaning |\n|---|---|\n{rows}") == ["hold"]
