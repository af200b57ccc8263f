from collections.abc import Callable
from pathlib import Path

import pytest
from tests.tidy.tree import REPOSITORY, Tree, plant


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree(REPOSITORY)


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., Tree]:
    return lambda **files: plant(tmp_path / "planted", **files)
