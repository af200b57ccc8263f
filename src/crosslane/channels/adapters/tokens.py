"""Access tokens that are good for some time (OAuth 2), got for what a connection keeps."""

from collections.abc import Generator
from datetime import datetime, timedelta

import msgspec

from crosslane.channels.adapters.telling import Answer, Call, Later, Refused, Talk

SPARE_SECONDS = 60


def secret_and_refresh(talk: Talk) -> tuple[str, str]:
    """Return what a connection's token is made of: the application's secret and a refresh token.

    Raises:
        Refused: it is not made of the two.
    """
    secret, _, refresh = talk.secret.partition(" ")
    if not (secret and refresh.strip()):
        detail = "The token is the application's secret, a blank, and a refresh token"
        raise Refused("token-malformed", detail)
    return secret, refresh.strip()


def access_token(talk: Talk, asks: Call) -> Generator[Call, Answer, str]:
    """Return the token at hand, another one when it is about to end.

    Args:
        talk: with whom; its memory keeps the token.
        asks: gets another one; nobody is shown what it says.

    Raises:
        Later: there is none to be had now.
    """
    until = talk.memory.get("until", "")
    if until and talk.now < datetime.fromisoformat(until):
        return talk.memory["token"]
    answer = yield msgspec.structs.replace(asks, concealed=True)
    told = answer.document()
    token = told.get("access_token") if isinstance(told, dict) else None
    if not answer.is_good or not isinstance(token, str) or not token:
        raise Later(f"No token is given ({answer.status})")
    seconds = told.get("expires_in")
    good = seconds if isinstance(seconds, int) else SPARE_SECONDS
    talk.memory["token"] = token
    talk.memory["until"] = (talk.now + timedelta(seconds=good - SPARE_SECONDS)).isoformat()
    return token
