from pathlib import Path

import pytest
from tests.published import published

from crosslane.demo import Invoice, sort_lines
from crosslane.demo.packaged import Source, read_source
from crosslane.demo.raw import ORDERS_FILE, data_folder


@pytest.fixture(scope="session")
def folder() -> Path:
    published(ORDERS_FILE)
    return data_folder()


@pytest.fixture(scope="session")
def source(folder: Path) -> Source:
    return read_source(folder)


@pytest.fixture(scope="session")
def invoices(source: Source) -> list[Invoice]:
    return sort_lines(source.lines, source.codes)


@pytest.fixture(scope="session")
def sample() -> list[Invoice]:
    """The invoices of the package, as a machine without the raw data sees them."""
    packaged = read_source(Path("nowhere"))
    return sort_lines(packaged.lines, packaged.codes)
