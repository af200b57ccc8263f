"""Calling Amazon: a token for our calls, and one call with it.

Rules: "Connecting to the Selling Partner API". A token of Login with Amazon is good for an hour. It
is got for the application's secret and the seller's refresh token, and kept between tries.
"""

from collections.abc import Generator, Mapping
from urllib.parse import urlencode

import msgspec

from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Outcome, Talk
from crosslane.channels.adapters.tokens import access_token, secret_and_refresh

TOKEN_URL = "https://api.amazon.com/auth/o2/token"  # noqa: S105
TOKEN_HEADER = "x-amz-access-token"  # noqa: S105
LIMIT_HEADER = "x-amzn-ratelimit-limit"
NOT_ALLOWED = 403
WAIT_SECONDS_MAX = 900.0
_encoder = msgspec.json.Encoder(decimal_format="number")

Conversation = Generator[Call | Document, Answer, Answer]


def ask(
    talk: Talk, method: str, path: str, body: object = None, *, answer_bytes_max: int = 1 << 20
) -> Conversation:
    """Make a call, with another token where the one at hand is good no longer.

    Args:
        talk: with whom.
        method: of HTTP.
        path: below the address of the region.
        body: sent as JSON, decimals as exact numbers; nothing when None.
        answer_bytes_max: the longest answer that is read.

    Raises:
        Later: there is no token to be had now.
        Refused: the connection's token is none.
    """
    for last in (False, True):
        token = yield from access_token(talk, _asks_token(talk))
        headers = {"accept": "application/json", TOKEN_HEADER: token}
        if body is not None:
            headers["content-type"] = "application/json"
        content = b"" if body is None else _encoder.encode(body)
        answer = yield Call(
            method=method,
            path=path,
            headers=headers,
            body=content,
            answer_bytes_max=answer_bytes_max,
        )
        if last or answer.status != NOT_ALLOWED:
            return answer
        talk.memory.clear()
    raise AssertionError("the last answer is returned")


def _asks_token(talk: Talk) -> Call:
    secret, refresh = secret_and_refresh(talk)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh,
        "client_id": talk.setting("client_id"),
        "client_secret": secret,
    }
    return Call(
        method="POST",
        path=talk.settings.get("token_url") or TOKEN_URL,
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )


def patience(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds Amazon wants to be left alone, from its calls a second."""
    told = headers.get(LIMIT_HEADER)
    try:
        rate = float(told) if told else 0.0
    except ValueError:
        return None
    return min(1 / rate, WAIT_SECONDS_MAX) if rate > 0 else None


def refused(answer: Answer) -> Outcome:
    """Return that Amazon will not have it, and why as it says."""
    code, detail = why(answer)
    return Outcome.refused(answer, code, detail)


def why(answer: Answer) -> tuple[str, str]:
    """Return code and words of the first error of an answer."""
    try:
        told = answer.document()
    except Later:
        return "", ""
    errors = told.get("errors") if isinstance(told, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("code") or ""), str(first.get("message") or "")
