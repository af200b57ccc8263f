"""A process loads what it needs: it starts sooner, and there are several of them."""

import subprocess
import sys

from tests.tidy.tree import REPOSITORY

# What only effects need, and loads with the first: calling out, drawing labels; and what only
# sourcing over arrays needs.
HEAVY = ("httpx", "reportlab", "PIL", "segno", "numba", "highspy")
LOADED = f"import sys, crosslane.app; print([n for n in {HEAVY!r} if n in sys.modules])"


def test_the_application_is_loaded_without_what_only_effects_need():
    told = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
