"""Calling eBay: a token for our calls, and one call with it.

Rules: "Using a refresh token to update a User access token" of eBay's guide. A token is good for
two hours; a call that is made with one that is not is answered 401, and the channel is left alone.
"""

import base64
from collections.abc import Generator, Mapping
from urllib.parse import urlencode

from crosslane.channels.adapters.telling import (
    Answer,
    Call,
    Document,
    Later,
    Outcome,
    Talk,
    json_call,
)
from crosslane.channels.adapters.tokens import access_token, secret_and_refresh

TOKEN_URL = "https://api.ebay.com/identity/v1/oauth2/token"  # noqa: S105


def ask(
    talk: Talk, method: str, path: str, body: object = None
) -> Generator[Call | Document, Answer, Answer]:
    """Make a call.

    Args:
        talk: with whom.
        method: of HTTP.
        path: below eBay's address.
        body: sent as JSON; nothing when None.

    Raises:
        Later: there is no token to be had now.
        Refused: the connection's token is none.
    """
    token = yield from access_token(talk, _asks_token(talk))
    headers: Mapping[str, str] = {
        "authorization": f"Bearer {token}",
        "content-language": talk.settings.get("language") or "en-GB",
    }
    return (yield json_call(method, path, body, headers))


def _asks_token(talk: Talk) -> Call:
    secret, refresh = secret_and_refresh(talk)
    who = base64.b64encode(f"{talk.setting('client_id')}:{secret}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    return Call(
        method="POST",
        path=talk.settings.get("token_url") or TOKEN_URL,
        headers={
            "authorization": f"Basic {who}",
            "content-type": "application/x-www-form-urlencoded",
        },
        body=urlencode(form).encode(),
    )


def why(answer: Answer) -> tuple[str, str]:
    """Return code and words of the first error of an answer."""
    try:
        told = answer.document()
    except Later:
        return f"answer-{answer.status}", ""
    return first_error(told) or (f"answer-{answer.status}", "")


def first_error(told: object) -> tuple[str, str] | None:
    """Return code and words of the first error that is told, None for none."""
    errors = told.get("errors") if isinstance(told, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return None
    return str(first.get("errorId") or "error"), str(first.get("message") or "")


def refused(answer: Answer) -> Outcome:
    """Return that eBay will not have it, and why as it says."""
    return Outcome.refused(answer, *why(answer))
