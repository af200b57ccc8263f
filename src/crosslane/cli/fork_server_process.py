"""The fork server: knows all that a web process and the worker need, and is copied to be one."""

import gc
from importlib import import_module

from crosslane.platform.forkserver import serve_forks

LOADED = ("crosslane.app", "crosslane.platform.http_server", "uvloop")

if __name__ == "__main__":
    gc.disable()  # what is loaded stays: to look through it again and again would be in vain
    for name in LOADED:
        import_module(name)
    gc.enable()
    serve_forks()
