"""A web process that reads the database once for each question: the baseline of availability.

Run as ``python -m crosslane.bench.uncoalesced DESCRIPTOR`` in place of the usual web process.
"""

import runpy
import sys

from crosslane.platform import gathering, standing
from crosslane.platform.database import POOL_CONNECTIONS_MAX

if __name__ == "__main__":
    gathering.QUESTIONS_AT_ONCE_MAX = 1
    standing.ASKED_A_SECOND_MIN = sys.maxsize
    gathering.READS_AT_ONCE = POOL_CONNECTIONS_MAX
    runpy.run_module("crosslane.cli.web_process", run_name="__main__", alter_sys=True)
