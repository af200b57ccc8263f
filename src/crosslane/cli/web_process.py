"""One web process: answers HTTP on a socket that `crosslane serve` opened."""

import os
import sys
from functools import partial

import uvloop

from crosslane.app import create_app
from crosslane.platform.http_server import serve_http
from crosslane.platform.processes import Pulse
from crosslane.platform.settings import read_settings
from crosslane.platform.telemetry import log_crashes, start_logging

if __name__ == "__main__":
    settings = read_settings(os.environ)
    start_logging(settings.log_level)
    log_crashes()
    uvloop.run(serve_http(partial(create_app, settings), Pulse(), *map(int, sys.argv[1:])))
