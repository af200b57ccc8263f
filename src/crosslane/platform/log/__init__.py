"""The log: what has happened, appended by the transaction that did it, handled exactly once.

A reaction reads rows in the order of (txid, id) and only those of transactions older than every
running one, so nothing appears behind its cursor. That order is not causal: a transaction has its
number before it waits for a lock. Within a subject the order is ``subject_no``, counted under the
subject's row lock, and a reaction handles a subject's rows in that order.

Effect and cursor are stored in one transaction. A row that fails TRIES_MAX times is parked with its
reason; later rows of its subject queue behind it, all others go on.

Positions are of an epoch. :func:`begin_epoch` begins the next one after a backup was restored: what
is in the log is read to its end, whatever its transactions are numbered, and then what is new.

Tables: platform_log, platform_log_subject, platform_log_epoch, platform_cursor, platform_backlog.
"""

from crosslane.platform.log.cursors import hold_cursors, horizon
from crosslane.platform.log.events import Event, Logged
from crosslane.platform.log.news import News, Told, news, told
from crosslane.platform.log.reactions import (
    TRIES_MAX,
    Lag,
    NotParked,
    Parked,
    Reaction,
    latest_at,
    list_lags,
    list_parked,
    reactions_with_work,
    replay_all_parked,
    replay_parked,
    run_reaction,
)
from crosslane.platform.log.writing import (
    Cause,
    Entry,
    Named,
    append,
    begin_epoch,
    entries,
    epoch,
    histories,
    history,
)

__all__ = [
    "TRIES_MAX",
    "Cause",
    "Entry",
    "Event",
    "Lag",
    "Logged",
    "Named",
    "News",
    "NotParked",
    "Parked",
    "Reaction",
    "Told",
    "append",
    "begin_epoch",
    "entries",
    "epoch",
    "histories",
    "history",
    "hold_cursors",
    "horizon",
    "latest_at",
    "list_lags",
    "list_parked",
    "news",
    "reactions_with_work",
    "replay_all_parked",
    "replay_parked",
    "run_reaction",
    "told",
]
