"""The command line: `crosslane serve`, `demo`, `tenant`, `verify` and others.

Each group of commands is a file here, loaded when it is asked for. The files ending in `_process`
are the processes that `crosslane serve` starts.
"""

import sys
import time

# Reading of the monotonic clock at which the command began: nothing slow is loaded before.
BEGAN = time.monotonic()


def main() -> None:
    """Run the command line; refusals are told in one line and end with status 1."""
    from rich.console import Console
    from rich.text import Text

    from crosslane.cli.commands import app
    from crosslane.kernel import Refusal

    try:
        app()
    except Refusal as refusal:
        said = Text.assemble(("crosslane: ", "bold red"), refusal.message)
        Console(stderr=True, soft_wrap=True).print(said)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
