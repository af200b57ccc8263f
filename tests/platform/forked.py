"""A fork server of the tests, and the children that it begins."""

import os
import random
import signal
import sys

import msgspec

from crosslane.kernel import new_id
from crosslane.platform.forkserver import LINE_VARIABLE, serve_forks

REPORT_BYTES_MAX = 65_536
STANDARD_MAX = 2
THIS = 1  # to look is to have the folder open


class Report(msgspec.Struct):
    """What a child says of itself.

    Args:
        pid: its process id.
        parent: that of its parent.
        session: that of whoever began its session.
        shown: the name that the system shows of it.
        files: how many it has open, besides the standard ones.
        place: what PLACE in its environment says.
        identifier: one that it has made.
        number: one that it has drawn.
    """

    pid: int
    parent: int
    session: int
    shown: str
    files: int
    place: str
    identifier: str
    number: float


def report() -> Report:
    """Say what this process is."""
    with open("/proc/self/comm", encoding="ascii") as file:
        shown = file.read().strip()
    return Report(
        pid=os.getpid(),
        parent=os.getppid(),
        session=os.getsid(0),
        shown=shown,
        files=sum(int(number) > STANDARD_MAX for number in os.listdir("/proc/self/fd")) - THIS,
        place=os.environ["PLACE"],
        identifier=str(new_id()),
        number=random.random(),  # noqa: S311
    )


def main() -> None:
    """Serve, or report to the file that was given and end as END in the environment says."""
    if LINE_VARIABLE in os.environ:
        new_id()  # what is left of its randomness is for nobody
        serve_forks()
        return
    os.write(int(sys.argv[1]), msgspec.json.encode(report()))
    match os.environ["END"]:
        case "never":
            signal.pause()
        case "by an error":
            raise ValueError("somebody's secret")
        case status:
            sys.exit(int(status))


if __name__ == "__main__":
    main()
