"""Trace ids: one name that follows a request through logs, log rows, reactions and effects."""

import re
import secrets

from crosslane.platform.telemetry import new_trace

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
_NONE = "0" * 32


def trace_id(traceparent: str) -> str:
    """Return the trace id of a W3C ``traceparent`` header, or a new one when it is not valid.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    if not traceparent:
        return new_trace()
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or match[1] == _NONE or (match[2] and traceparent.startswith("00")):
        return new_trace()
    return match[1]


def traceparent(trace: str) -> str:
    """Return the header that hands a trace on, with a span of our own."""
    return f"00-{trace}-{secrets.token_hex(8)}-01"
