"""Calling Square: one call with the connection's access token, and why it was not done."""

from typing import Any

from crosslane.channels.adapters.telling import Answer, Call, Later, Refused, Talk, json_call

VERSION = "2026-09-16"


def request(talk: Talk, path: str, body: object) -> Call:
    """Return a call.

    Raises:
        Refused: the connection has no access token.
    """
    if not talk.secret:
        raise Refused("token-missing", "The connection has no access token")
    headers = {
        "authorization": f"Bearer {talk.secret}",
        "square-version": talk.settings.get("api_version") or VERSION,
    }
    return json_call("POST", path, body, headers)


def errors_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the errors of an answer, none when it tells none."""
    try:
        told = answer.document()
    except Later:
        return []
    errors = told.get("errors") if isinstance(told, dict) else None
    return [one for one in errors or () if isinstance(one, dict)] if errors else []


def why(answer: Answer) -> tuple[str, str]:
    """Return code and words of the first error of an answer."""
    first = next(iter(errors_of(answer)), {})
    return str(first.get("code") or f"answer-{answer.status}"), str(first.get("detail") or "")
