"""How long tests let the database wait: a machine busy with other work stops a test for longer than
callers of the product would wait, and that tells nothing. And how long the long runs are."""

import os
from collections.abc import Callable, Collection

from crosslane.platform import database

PATIENCE = {
    "LOCK_MS_MAX": 25_000,
    "IDLE_IN_TRANSACTION_MS_MAX": 120_000,
    "ACQUIRE_SECONDS_MAX": 60.0,
    "COMMIT_SECONDS_MAX": 60.0,
}
LOCK_MS_MAX = database.LOCK_MS_MAX  # the product's own
SOAK_MINUTES_DEFAULT = 10.0
# The wait for a lock on the pool `hasty`: well above what a busy machine adds to it.
HASTY_SECONDS = 3.0


def be_patient(
    change: Callable[[object, str, float], None] = setattr, *, but: Collection[str] = ()
) -> None:
    """Set the limits for whatever this process opens from now on.

    Args:
        change: sets an attribute.
        but: names of limits to leave as they are.
    """
    for name in PATIENCE.keys() - set(but):
        change(database, name, PATIENCE[name])


def soak_minutes() -> float:
    """How long a run of `make soak` goes on, as CROSSLANE_SOAK_MINUTES says."""
    return float(os.environ.get("CROSSLANE_SOAK_MINUTES") or SOAK_MINUTES_DEFAULT)
