"""What the kit says of every family: where its fixtures are, and the page of all of them.

``python -m tests.channels.capabilities`` prints the page.
"""

import sys
from functools import cache
from pathlib import Path

from crosslane.channels.adapters import FAMILIES
from crosslane.demo.raw import data_folder
from crosslane.kit import Report, Samples, check_family, load_samples, table_of

SAMPLES = Path(__file__).parent / "samples"
# Where published messages of a family lie under another name.
PUBLISHED = {
    "x12": ("edi_x12",),
    "amazon": ("amazon_sp_api",),
    "ubl": ("ubl", "en16931"),
}


def samples_of(name: str) -> Samples:
    """What a family is tried with: published messages, and our own beside them."""
    folders = [data_folder() / "fixtures" / one for one in PUBLISHED.get(name, (name,))]
    published = [folder for folder in folders if folder.is_dir()]
    own = SAMPLES / name
    if own.is_dir():
        return load_samples(own, published)
    return load_samples(published[0], published[1:]) if published else Samples(streams=())


@cache
def report_of(name: str) -> Report:
    """The short form of the kit."""
    return check_family(FAMILIES.own[name], samples_of(name))


def page() -> str:
    """What all of them can."""
    return table_of(map(report_of, FAMILIES.own))


if __name__ == "__main__":
    sys.stdout.write(page())
