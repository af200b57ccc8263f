"""Logs, trace ids and measures.

A log line is one JSON object: time, level, name, message, the trace and tenant at work, and fields.
It names things by id only. The text of an exception may quote a row's values, so a data error shows
its SQLSTATE alone, details are dropped and anything like an e-mail address is masked.
"""

import logging
import os
import re
import secrets
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, TextIO

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Counter as Counter
from prometheus_client import Histogram as Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FRAMES_MAX = 20
TEXT_LENGTH_MAX = 500
MASK = "…@…"

_trace: ContextVar[str] = ContextVar("trace", default="")
_tenant: ContextVar[str] = ContextVar("tenant", default="")
_MAIL_ADDRESS = re.compile(r"[^\s@'\"=(<]+@[^\s@'\")>]+")
_DATA_EXCEPTION = "22"


def new_trace() -> str:
    """Return a fresh trace id: 32 hexadecimal digits, as in W3C trace context."""
    return secrets.token_hex(16)


def current_trace() -> str:
    """Return the trace id of what is being done now, "" outside of any."""
    return _trace.get()


class traced:
    """Let every log line inside carry this trace id and tenant."""

    __slots__ = ("_tenant", "_tokens", "_trace")

    def __init__(self, trace: str, tenant: str = "") -> None:
        self._trace, self._tenant = trace, tenant

    def __enter__(self) -> None:
        self._tokens = _trace.set(self._trace), _tenant.set(self._tenant)

    def __exit__(self, *raised: object) -> None:
        _trace.reset(self._tokens[0])
        _tenant.reset(self._tokens[1])


class Log:
    """A named log whose lines carry fields: `log.info("parcel shipped", parcel=parcel_id)`.

    Pass ids and figures only, never a name, an address or a text somebody wrote.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: str, **fields: Any) -> None:
        """Say what helps a developer."""
        self._write(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: Any) -> None:
        """Say what an operator wants to see."""
        self._write(logging.INFO, message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        """Say what went wrong and was dealt with."""
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, error: BaseException | None = None, **fields: Any) -> None:
        """Say what went wrong and needs somebody to look."""
        self._write(logging.ERROR, message, fields, error)

    def _write(
        self, level: int, message: str, fields: dict[str, Any], error: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            raised = (type(error), error, error.__traceback__) if error else None
            # Made here, because the logger would walk the stack for a line number nobody shows.
            record = logging.LogRecord(self._logger.name, level, "", 0, message, (), raised)
            record.fields = fields
            self._logger.handle(record)


class JsonFormatter(logging.Formatter):
    """Writes a log record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for this record."""
        line: dict[str, Any] = {
            "time": _told_time(record.created),
            "level": record.levelname.lower(),
            "name": record.name,
            "message": _masked(record.getMessage()),
            "pid": record.process,
        }
        if trace := _trace.get():
            line["trace"] = trace
        if tenant := _tenant.get():
            line["tenant"] = tenant
        fields = getattr(record, "fields", {})
        if line.keys().isdisjoint(fields):
            line |= fields
        else:
            line |= {k: v for k, v in fields.items() if k not in line}
        if record.exc_info and record.exc_info[1]:
            line["error"] = _told(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=str).decode()


def start_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def log_crashes() -> None:
    """Let what ends this process be told like everything else: as a line, without values."""
    crashes = Log("crosslane")

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        del kind, trace
        crashes.error("the process ends", error)

    sys.excepthook = tell


def render_metrics() -> bytes:
    """Return every measure in Prometheus' text format.

    Under a supervisor the processes share a folder, so that any of them answers for all.
    """
    if SHARED_FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


def _told(error: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {"type": type(error).__qualname__, "stack": _stack(error.__traceback__)}
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate:
        told["sqlstate"] = sqlstate
    if not str(sqlstate).startswith(_DATA_EXCEPTION):
        told["text"] = _masked(str(error).partition("\n")[0][:TEXT_LENGTH_MAX])
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and cause is not error:
        told["cause"] = type(cause).__qualname__
    return told


def _stack(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES_MAX:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _masked(text: str) -> str:
    return _MAIL_ADDRESS.sub(MASK, text) if "@" in text else text


def _told_time(seconds: float) -> str:
    milliseconds = int(seconds * 1_000)
    return f"{_told_second(milliseconds // 1_000)}.{milliseconds % 1_000:03}+00:00"


# Every request is a line, so many of a busy process tell of the same second.
@lru_cache(maxsize=2)
def _told_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
