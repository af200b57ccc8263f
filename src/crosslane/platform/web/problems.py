"""Problem details (RFC 9457): the one shape in which HTTP clients are told of any failure."""

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import msgspec

from crosslane.kernel import Invalid, Kind, Refusal, Unavailable, pointer_step
from crosslane.platform.database import CommitUnknown
from crosslane.platform.web import errors

PROBLEM_MEDIA_TYPE = "application/problem+json"
PROBLEM_TYPE_PREFIX = "/api/v1/problems/"
RETRY_AFTER_SECONDS = 1

STATUS_BY_KIND = {
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.STALE: 412,
    Kind.INVALID: 422,
    Kind.FORBIDDEN: 403,
    Kind.UNAVAILABLE: 503,
}


class DatabaseUnavailable(Unavailable):
    """The database does not answer at the moment; try again shortly."""


class ValueNotStorable(Invalid):
    """A value of the request is too large or too long to be stored."""


# Lost connections, refused or exhausted ones, lock and statement timeouts, deadlocks, shutdown.
_PASSES_BY_ITSELF = (
    OSError,
    TimeoutError,
    CommitUnknown,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionRollbackError,
)
_UNFIT_VALUE = (
    OverflowError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.StringDataRightTruncationError,
    asyncpg.ProgramLimitExceededError,
)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a request failed (RFC 9457).

    Args:
        type: address of the description of this sort of problem.
        title: short name of the sort of problem, the same every time.
        status: HTTP status.
        detail: what went wrong this time, for people.
        code: stable name of the sort of problem, for programs.
        pointer: JSON pointer to the field at fault, absent when it is the whole request.
        details: facts about this failure, such as the SKU that lacks stock.
        trace: trace id under which logs tell more.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    pointer: str = ""
    details: dict[str, Any] = {}
    trace: str = ""


def status_of(refusal: Refusal | type[Refusal]) -> int:
    """Return the HTTP status of a refusal: its own when it belongs to the edge, else its kind's."""
    return getattr(refusal, "status", None) or STATUS_BY_KIND[refusal.kind]


def problem_of(refusal: Refusal, trace: str) -> Problem:
    """Describe a refusal."""
    code = refusal.code
    return Problem(
        type=PROBLEM_TYPE_PREFIX + code,
        title=title_of(code),
        status=status_of(refusal),
        detail=refusal.message,
        code=code,
        pointer=refusal.pointer,
        details=refusal.details,
        trace=trace,
    )


def title_of(code: str) -> str:
    """Turn ``out-of-stock`` into ``Out of stock``."""
    return code.replace("-", " ").capitalize()


def message_of(refusal: type[Refusal]) -> str:
    """Return the message of a class of refusals, with the names of its details in braces."""
    return (refusal.__doc__ or "").strip().partition("\n")[0]


def headers_of(refusal: Refusal) -> dict[str, str]:
    """Return the response headers that belong to a refusal."""
    headers = {"Cache-Control": "no-store", **getattr(refusal, "headers", {})}
    if isinstance(refusal, errors.MethodNotAllowed):
        headers["Allow"] = refusal.details["allowed"]
    if status_of(refusal) in (429, 503):
        seconds = refusal.details.get("retry_after_seconds", RETRY_AFTER_SECONDS)
        headers["Retry-After"] = str(seconds)
    return headers


def refusal_of(error: BaseException) -> Refusal:
    """Turn any exception into the refusal a client is told.

    What a client can cause becomes a 4xx, what passes by itself a 503; the rest is a defect of
    ours and a 500, whose text never reaches the client.
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, _PASSES_BY_ITSELF):
        return DatabaseUnavailable()
    if isinstance(error, _UNFIT_VALUE) or _is_out_of_range(error):
        return ValueNotStorable()
    return errors.Unexpected()


def _is_out_of_range(error: BaseException) -> bool:
    # The driver itself refuses an integer that its column's type cannot hold.
    return type(error) is asyncpg.DataError and "out of" in str(error)


def catalogue() -> Iterator[type[Refusal]]:
    """Yield every refusal class a client can meet, once."""
    waiting, seen = [Refusal], set()
    while waiting:
        for refusal in waiting.pop().__subclasses__():
            if refusal not in seen:
                seen.add(refusal)
                waiting.append(refusal)
                yield refusal


def pointer_of(path: str) -> str:
    """Turn a msgspec path such as ``$.lines[0].sku`` into the JSON pointer ``/lines/0/sku``.

    msgspec writes ``[...]`` for a key of a free-form object; the pointer then ends at the object.
    """
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path)
    pointer = ""
    for name, index in steps:
        if index == "...":
            break
        pointer += "/" + pointer_step(name or index)
    return pointer


def invalid_field(error: msgspec.ValidationError, at: str = "") -> errors.InvalidField:
    """Turn a schema violation into a refusal that points at the field.

    Args:
        error: what msgspec found.
        at: pointer to the value that was read, "" for the whole body.
    """
    reason, _, path = str(error).partition(" - at `")
    pointer = at + pointer_of(path.rstrip("`"))
    named = re.search(r"(?:required|unknown) field `([^`]+)`", reason)
    if named:
        pointer += "/" + pointer_step(named[1])
    return errors.InvalidField(pointer=pointer, reason=reason.replace("`", "'"))
