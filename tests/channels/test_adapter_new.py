"""`crosslane adapter`: a package that is begun can be installed, and keeps every rule."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from crosslane.kit import Report, new_package
from crosslane.kit.errors import BadName, FixturesMissing, FolderTaken, NameTaken
from crosslane.kit.samples import load_samples
from tests.tidy.tree import REPOSITORY

MAIN = "from crosslane.cli import main; main()"


def crosslane(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where packages of a folder are installed."""
    return run(site, "-c", MAIN, *arguments)


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(REPOSITORY / "src"), str(site)))
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_that_is_begun_is_installed_and_proved(tmp_path: Path):
    folder, site = tmp_path / "kiosk", tmp_path / "site"
    new_package("kiosk-de", folder)
    lies_in = ("--target", str(site), str(folder))
    how = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    installed = run(site, "-m", "pip", "install", *how, *lies_in)
    assert installed.returncode == 0, installed.stderr

    written = tmp_path / "report.json"
    done = crosslane(site, "adapter", "check", "kiosk-de", "--short", "--json", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kiosk-de: every rule is kept (short form)" in done.stdout
    report = msgspec.json.decode(written.read_bytes(), type=Report)
    assert report.passed
    assert report.package == "kiosk-de-adapter"
    assert {one.kind for one in report.tells} == {"fulfillment", "supply_snapshot"}

    tests = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(folder))
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "3 passed" in tests.stdout


def test_a_broken_rule_ends_the_check_with_a_status(tmp_path: Path):
    (tmp_path / "order.json").write_text('{"line_items": 7}')
    done = crosslane(
        tmp_path, "adapter", "check", "shopify", "--short", "--fixtures", str(tmp_path)
    )
    assert done.returncode == 1
    assert "failed   understood: 1 streams" in done.stdout
    assert "rules are broken (short form)" in done.stdout
    unknown = crosslane(tmp_path, "adapter", "check", "nobody")
    assert unknown.returncode == 1
    assert "There is no format nobody" in unknown.stderr


@pytest.mark.parametrize("name", ["Kiosk", "k", "7up", "a b", "../up", "x" * 41])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str):
    with pytest.raises(BadName):
        new_package(name, tmp_path / "new")


def test_what_is_there_is_left_alone(tmp_path: Path):
    with pytest.raises(NameTaken):
        new_package("shopify", tmp_path / "new")
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(FolderTaken):
        new_package("kiosk", tmp_path)
    with pytest.raises(FixturesMissing):
        load_samples(tmp_path / "nothing")
