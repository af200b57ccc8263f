"""The spare process: knows all that a web process and the worker need, and waits to be one."""

import crosslane.app
import crosslane.platform.http_server  # noqa: F401 - loaded now, so that it need not be later
from crosslane.platform.spare import wait_for_duty

if __name__ == "__main__":
    wait_for_duty()
