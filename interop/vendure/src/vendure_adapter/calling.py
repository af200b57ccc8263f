"""One question to the Admin API, signed in.

A session is kept in the memory of the talk. Vendure answers 200 when it refuses one, so that is
looked for: the session is forgotten, and the next try signs in again.
"""

from collections.abc import Generator
from typing import Any

import msgspec

from crosslane.channels.adapters import (
    Answer,
    Call,
    Document,
    Later,
    Outcome,
    Refused,
    Talk,
    json_call,
)

PATH = "admin-api"
SESSION = "session"
HEADER = "vendure-auth-token"
LOGIN = """
mutation Login($user: String!, $password: String!) {
  login(username: $user, password: $password) {
    __typename
    ... on ErrorResult { errorCode message }
  }
}
"""

Asking = Generator[Call | Document, Answer, Any]


def ask(talk: Talk, query: str, **variables: Any) -> Asking:
    """Ask, and return the data.

    Raises:
        Later: the answer is not what it must be, or the session has ended.
        Refused: user and password are not taken.
    """
    if not (session := talk.memory.get(SESSION, "")):
        session = yield from _sign_in(talk)
    headers = {"authorization": f"Bearer {session}", **_channel(talk)}
    answer = yield json_call("POST", PATH, {"query": query, "variables": variables}, headers)
    document = answer.document()
    if errors := document.get("errors"):
        code = str(errors[0].get("extensions", {}).get("code", ""))
        if code == "FORBIDDEN":
            talk.memory.pop(SESSION, None)
        raise Later(f"Vendure answers {code or answer.status}")
    if not answer.is_good:
        raise Later(f"Vendure answers {answer.status}")
    return document["data"]


def _sign_in(talk: Talk) -> Generator[Call | Document, Answer, str]:
    user, _, password = talk.secret.partition(" ")
    variables = {"user": user, "password": password}
    call = json_call("POST", PATH, {"query": LOGIN, "variables": variables}, _channel(talk))
    answer = yield msgspec.structs.replace(call, concealed=True)
    login = (answer.document().get("data") or {}).get("login") or {}
    if login.get("errorCode"):
        raise Refused("not-let-in", "Vendure does not take user and password of the connection")
    if not (session := answer.headers.get(HEADER, "")):
        raise Later("Vendure gives no session")
    talk.memory[SESSION] = session
    return session


def _channel(talk: Talk) -> dict[str, str]:
    token = talk.settings.get("channel_token", "")
    return {"vendure-token": token} if token else {}


def refused(result: dict[str, Any]) -> Outcome:
    """Return that Vendure will not have it, and why as it says."""
    code = str(result["errorCode"]).lower().replace("_", "-")
    detail = str(result.get("transitionError") or result.get("message") or "")
    return Outcome(state="refused", code=code[:60], detail=detail[:500])
