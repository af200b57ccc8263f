"""Published data and messages, which lie beside the checkout where their licences keep them."""

import os
from pathlib import Path

import pytest

from crosslane.demo.raw import data_folder

FIXTURES = data_folder() / "fixtures"

# A test over each of them has nothing to do without them; one that names one has this mark.
needs_published = pytest.mark.skipif(
    not FIXTURES.is_dir() and not os.environ.get("CI"), reason=f"{FIXTURES} is not on this machine"
)


def published(path: str) -> Path:
    """A file or folder of published data, without which a test is passed over.

    Where changes are judged none may be.
    """
    found = data_folder() / path
    if not found.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{found} is missing")
        pytest.skip(f"{found} is not on this machine")
    return found
