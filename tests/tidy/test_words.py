"""Nothing is left for later in the tree, nothing names one machine, and nothing is skipped."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.tidy.tree import REPOSITORY, words

SUFFIXES = words(".py .md .toml .txt .sql .html .css .js .json .mjml .sh .yaml .yml")
FOLDERS = ("src", "tests", "docs", ".ci")
# A letter of each word is in brackets, so that this file does not find itself.
BARRED = {
    "left for later": re.compile(r"\bT[O]DO\b|\bF[I]XME\b|raise N[o]tImplementedError\b"),
    "a path of one machine": re.compile(
        r"(?<![\w.])/([w]ork|[h]ome/\w+|[r]oot|[U]sers/\w+|[o]pt/(pypi|wheels))/"
    ),
    "the host of a package registry": re.compile(
        r"p[y]pi\.org|p[y]thonhosted|n[p]mjs\.(org|com)|registry\.(n[p]m|y[a]rn)|p[r]oxy\.golang",
        re.I,
    ),
    "a test that is skipped": re.compile(r"\bmark\.(s[k]ip|x[f]ail)\b"),
}

PERIOD = re.compile(r"\b\d+ (second|minute|hour|day|week|month|year)s?\b")


def texts(root: Path) -> Iterator[Path]:
    """Every text of the project that a person wrote; vendored files are their authors' own."""
    for path in root.iterdir():
        if path.is_file() and (path.suffix in SUFFIXES or path.name in {"Makefile", "LICENSE"}):
            yield path
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if (
                path.is_file()
                and "vendor" not in path.parts
                and (path.suffix in SUFFIXES or path.parent.name == ".ci")
            ):
                yield path


def barred_words(root: Path) -> list[str]:
    """Lines with words that may not be in the tree."""
    return [
        f"{path.relative_to(root)}:{number}: {reason}: {line.strip()[:80]}"
        for path in sorted(texts(root))
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for reason, barred in BARRED.items()
        if barred.search(line)
    ]


def spelled_periods(root: Path) -> list[str]:
    """Periods that a template spells out, which stay as they are when their constant changes."""
    return [
        f"{path.relative_to(root)}: {found[0]}"
        for path in sorted((root / "src").rglob("templates/**/*.html"))
        for found in PERIOD.finditer(path.read_text())
    ]


def unpinned(root: Path) -> list[str]:
    """Libraries that are wanted but not pinned with hashes, or pinned at an unwanted version."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = {
        "requirements.txt": project["dependencies"],
        "requirements-dev.txt": project["dependencies"]
        + project.get("optional-dependencies", {}).get("dev", []),
    }
    found = []
    for name, requirements in wanted.items():
        text = (root / name).read_text()
        pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+).*\\\n +--hash=sha256:", text, re.M))
        for requirement in map(Requirement, requirements):
            version = pins.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version):
                found.append(f"{name}: {requirement} is not pinned: run `make lock`")
    return found


def test_words():
    assert barred_words(REPOSITORY) == []


def test_a_period_on_a_page_comes_from_what_it_is_a_period_of():
    assert spelled_periods(REPOSITORY) == []


def test_libraries_are_pinned():
    assert unpinned(REPOSITORY) == []


@pytest.mark.parametrize(
    "line",
    [
        "# TO-DO: later",
        "raise Not-ImplementedError",
        "path = '/ho-me/anna/shop'",
        "cd /wo-rk/shop",
        "--index-url https://py-pi.org/simple",
        "@pytest.mark.sk-ip",
    ],
)
def test_word_bites(tmp_path, line):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("x = 1\n" + line.replace("-", ""))
    assert len(barred_words(tmp_path)) == 1


def test_period_bites(tmp_path):
    (tmp_path / "src/templates").mkdir(parents=True)
    (tmp_path / "src/templates/kept.html").write_text("kept for %(days)s days, or 7 days\n")
    assert spelled_periods(tmp_path) == ["src/templates/kept.html: 7 days"]


def test_unpinned_bites(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["litestar>=2,<3", "msgspec>=0.20", "numpy"]\n'
    )
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text(
            "litestar==3.0 \\\n    --hash=sha256:ab\nmsgspec==0.22.0 \\\n    --hash=sha256:ab\n"
        )
    assert len(unpinned(tmp_path)) == 4
