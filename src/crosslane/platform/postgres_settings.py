"""The settings embedded PostgreSQL is started with, fitted to the machine."""

import os
import sys
from pathlib import Path

MEBIBYTE = 1024 * 1024
SHARED_BUFFERS_MB_MIN = 64
SHARED_BUFFERS_MB_MAX = 1024
CONNECTIONS_MAX = 200
PARALLEL_CORES_MIN = 4
PARALLEL_WORKERS_MAX = 4


def server_settings(*, fast: bool) -> dict[str, str]:
    """Return every setting that differs from PostgreSQL's own default.

    Args:
        fast: give up durability for speed; for tests only.
    """
    memory_mb = machine_memory_bytes() // MEBIBYTE
    buffers_mb = min(max(memory_mb // 8, SHARED_BUFFERS_MB_MIN), SHARED_BUFFERS_MB_MAX)
    cores = os.cpu_count() or 1
    # Short statements gain nothing from helpers, and on a small machine helpers starve them.
    helpers = min(cores // 2, PARALLEL_WORKERS_MAX) if cores >= PARALLEL_CORES_MIN else 0
    settings = {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": f"{buffers_mb}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_parallel_workers_per_gather": str(helpers),
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than our statements do
        "wal_level": "replica",  # a base backup or a standby can be taken at any time
        "max_wal_size": "256MB",  # bounds how much a start after a crash has to replay
        "checkpoint_timeout": "2min",  # as does this
        "idle_in_transaction_session_timeout": "60s",
        "client_connection_check_interval": "2s",  # a killed client's locks go soon
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": "off",
        "checkpoint_warning": "0",
        # Values of rows are personal data: the log keeps the message, not details or statements.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    if sys.platform == "linux":
        # After a crash one call brings the whole folder to disk, not one for each of its files.
        settings["recovery_init_sync_method"] = "syncfs"
    if fast:
        settings |= {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "shared_buffers": "128MB",
            # Each look of it at a table holds back, for a moment, which events a worker may read;
            # statistics that come when they will make plans of the same statement differ.
            "autovacuum": "off",
        }
    return settings


def machine_memory_bytes() -> int:
    """Return how much memory we may count on: the machine's, or the container's limit."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine
