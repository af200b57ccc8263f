"""`crosslane bench`: what is told as JSON, and what is refused before anything is measured."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forking import run

from crosslane.bench import FAMILIES, Family, made_up, write_instance

Run = Callable[..., subprocess.CompletedProcess[str]]
FEW = Family(variants=20, regions=6, stores=3, orders=60, walk_ins=60)
USAGE = 2
REFUSED = 1


@pytest.fixture
def measured(tmp_path: Path) -> Run:
    # Without an address: whatever would be measured needs a database of its own.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "200"}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return run("tests.command", "bench", *words, environment=environment, typed="")

    return call


@pytest.fixture
def instances(tmp_path: Path) -> list[str]:
    files = [tmp_path / f"{name}.npz" for name in ("first", "second")]
    for seed, file in enumerate(files):
        write_instance(file, made_up(FEW, seed))
    return [str(file) for file in files]


def test_instances_are_told_together_and_each_by_itself(measured: Run, instances: list[str]):
    answer = measured("sourcing", "--instance", *instances, "--json", "-")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    first, second = told["instances"]
    assert (first["instance"], second["instance"]) == ("first", "second")
    for name in ("policy_cost", "myopic_cost", "nearest_all_cost", "cancelled_units"):
        assert told[name] == pytest.approx(first[name] + second[name])
    assert 0 < told["policy_cost"] <= told["nearest_all_cost"]
    assert 0 <= told["split_share"] <= 1
    assert told["decisions_per_s"] > 0
    assert told["planner_seconds"] > 0
    assert "cores" in told["machine"]


def test_instances_are_made_up_where_none_is_named(measured: Run):
    answer = measured("sourcing", "--quick", "--seconds", "5", "--json", "-")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert [each["instance"] for each in told["instances"]] == list(FAMILIES)
    for name in ("policy_cost", "myopic_cost", "nearest_all_cost", "hindsight_bound"):
        assert told[name] == pytest.approx(sum(each[name] for each in told["instances"]))


def test_looking_ahead_lies_between_hindsight_and_the_nearest_places(
    measured: Run, instances: list[str]
):
    words = ("sourcing", "--instance", *instances, "--hindsight", "--seconds", "20", "--json", "-")
    told = json.loads(measured(*words).stdout)
    first, second = (each["hindsight_bound"] for each in told["instances"])
    assert told["hindsight_bound"] == pytest.approx(first + second)
    for each in (told, *told["instances"]):
        assert each["hindsight_bound"] <= each["policy_cost"] <= each["nearest_all_cost"]
        assert each["hindsight_bound"] <= each["myopic_cost"]


def test_figures_are_written_to_a_file_beside_a_table(
    measured: Run, instances: list[str], tmp_path: Path
):
    written = tmp_path / "figures.json"
    answer = measured("sourcing", "--instance", instances[0], "--json", str(written))
    assert answer.returncode == 0, answer.stderr
    assert "decisions a second" in answer.stdout
    assert "hindsight" not in answer.stdout
    assert json.loads(written.read_text())["instance"] == "first"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("sourcing", "--instance", "missing.npz"), "missing.npz cannot be read: No such file"),
        (("sourcing", "--instance", __file__), "test_bench.py is no instance file"),
        (("reoptimise", __file__), "test_bench.py is no instance file"),
        (("reoptimise", __file__, "--orders", "0"), "name at least one order"),
        (("place", "--seconds", "0"), "--seconds takes a number above zero"),
        (("place", "--seconds=-3"), "--seconds takes a number above zero"),
        (("place", "--seconds", "nan"), "--seconds takes a number above zero"),
        (("all", "--seconds", "inf"), "--seconds takes a number above zero"),
        (("place", "--json", "/nowhere/figures.json"), "/nowhere/figures.json cannot be written"),
        (("place", "--json", "--quick"), "--json takes a file"),
        (("place", "--json", "/"), "/ cannot be written"),
        (("sourcing", "--instance", __file__, "--json", "/"), "/ cannot be written"),
        (("grow", "--stored", "0", "10000"), "2000 orders are stored at least"),
        (("instance", "made.npz", "--family", "none"), "there is no family none; there are plain"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(measured: Run, words, reason):
    answer = measured(*words)
    assert (answer.returncode, answer.stdout) == (REFUSED, "")
    assert reason in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("nothing",), ("place", "--seconds", "soon"), ("place", "--x")])
def test_what_is_misspelled_is_told(measured: Run, words):
    assert measured(*words).returncode == USAGE
