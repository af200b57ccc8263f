"""Processor time: who used the cores while something was measured, as Linux tells it."""

import os
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosslane.bench.figures import Figure
from crosslane.bench.site import Site, Web
from crosslane.platform.processes import ChildProcess

PROCESSES = Path("/proc")
# Fields of `/proc/PID/stat` from the state on: its parent, its own time, that of ended children.
PARENT, OWN, ENDED = 1, slice(11, 13), slice(13, 15)
WEB, WORKER, DATABASE, CLIENTS = "web processes", "the worker", "PostgreSQL", "clients"
KEYS = {WEB: "web_ms", WORKER: "worker_ms", DATABASE: "postgres_ms", CLIENTS: "clients_ms"}

Used = Mapping[str, float]
"""Seconds of processor time by who used them; empty where the system does not tell."""


def used(made: Site, web: Web | None = None, worker: ChildProcess | None = None) -> Used:
    """Return how much the database, and other processes, have used since they were started.

    Args:
        made: whose database it is.
        web: processes that are counted too.
        worker: likewise.
    """
    if not PROCESSES.is_dir() or made.postgres.pid is None:
        return {}
    found = {DATABASE: _family_seconds(made.postgres.pid)}
    if web is not None:
        pids = [child.pid for child in web.children if child.pid]
        found[WEB] = sum(_seconds(_stat(pid), OWN) for pid in pids)
    if worker is not None and worker.pid is not None:
        found[WORKER] = _seconds(_stat(worker.pid), OWN)
    return found


def programs_used() -> Used:
    """Return how much programs that were run and have ended have used, such as pgbench."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {CLIENTS: ended.ru_utime + ended.ru_stime}


def between(before: Used, after: Used) -> Used:
    """Return what was used from one look to the next."""
    return {who: after[who] - seconds for who, seconds in before.items()}


def figures(used: Used, things: int, *, name: str, key: str = "") -> list[Figure]:
    """Return what one thing took of each.

    Args:
        used: while they were done.
        things: how many were done.
        name: what one of them is.
        key: what the names in the JSON document begin with.
    """
    return [
        Figure(name=f"{name}: processor time of {who}", value=round(1e3 * seconds / things, 3),
               unit="ms", key=f"{key}{KEYS[who]}")
        for who, seconds in sorted(used.items()) if things
    ]  # fmt: skip


def _family_seconds(pid: int) -> float:
    """Return the time of a process and all its children, those that have ended too."""
    whole = _seconds(_stat(pid), OWN) + _seconds(_stat(pid), ENDED)
    for each in os.listdir(PROCESSES):
        if each.isdigit():
            fields = _stat(int(each))
            if fields and int(fields[PARENT]) == pid:
                whole += _seconds(fields, OWN)
    return whole


def _stat(pid: int) -> Sequence[str]:
    """Return the fields after the name, none of a process that has just ended."""
    try:
        text = (PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return text.rpartition(")")[2].split()


def _seconds(fields: Sequence[str], which: slice) -> float:
    return sum(map(int, fields[which])) / os.sysconf("SC_CLK_TCK")
