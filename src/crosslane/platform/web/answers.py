"""What a handler may return besides its plain value: another status, headers, a version, a file."""

import hashlib
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from litestar.types import Receive, Scope, Send

from crosslane.platform.standing import Stands
from crosslane.platform.web import errors

Body = TypeVar("Body")
WITHOUT_CONTENT = (204, 304)
ASKED_AGAIN = "private, no-cache"
"""An answer may be kept, to be asked for again under its ETag."""


class Answer(msgspec.Struct, Generic[Body], frozen=True, kw_only=True):
    """A value with more to say than 200.

    Args:
        body: what is sent as JSON.
        status: HTTP status, None for the route's first one.
        version: number of the version shown; becomes the ETag.
        location: address of what was made.
        cookie: whole ``Set-Cookie`` value.
        told: of a read without a version, what matters of it; a digest becomes the ETag, so that
            who has the same already is told so by a 304.
        stands: how long it stands, where the route says what moves it.
    """

    body: Body
    status: int | None = None
    version: int | None = None
    location: str = ""
    cookie: str = ""
    told: Any = None
    stands: Stands | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers that say it."""
        said = {
            "ETag": self._etag(),
            "Cache-Control": "" if self.told is None else ASKED_AGAIN,
            "Location": self.location,
            "Set-Cookie": self.cookie,
        }
        return {name: value for name, value in said.items() if value}

    def _etag(self) -> str:
        if self.told is not None:
            return f'"d{hashlib.blake2b(encode(self.told), digest_size=12).hexdigest()}"'
        return "" if self.version is None else etag(self.version)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file instead of JSON, such as a label or an export; the route says ``produces=``.

    Args:
        content: the bytes.
        media_type: what they are.
        filename: name under which browsers save it, "" to show it.
    """

    content: bytes
    media_type: str
    filename: str = ""


class Plain:
    """A whole answer on its way back, as ASGI sends it.

    Args:
        content: the bytes.
        status: HTTP status; 204 and 304 have no content.
        headers: by name, beside those of the content.
        media_type: what the content is.
    """

    def __init__(
        self, content: bytes, *, status: int, headers: Mapping[str, str], media_type: str
    ) -> None:
        self.content = content
        self.status = status
        self.headers = [(n.lower().encode(), v.encode("latin-1")) for n, v in headers.items()]
        if status not in WITHOUT_CONTENT:
            bare = media_type.startswith("text/") and "charset=" not in media_type
            said = f"{media_type}; charset=utf-8" if bare else media_type
            length = str(len(content)).encode()
            self.headers += [(b"content-type", said.encode()), (b"content-length", length)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"status": self.status, "headers": self.headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})


def etag(version: int) -> str:
    """Return the entity tag of a version number."""
    return f'"v{version}"'


def version_of(if_match: str) -> int:
    """Return the version number in an ``If-Match`` header.

    Raises:
        InvalidHeader: it is not one entity tag made by :func:`etag`.
    """
    number = if_match.strip().removeprefix('"v').removesuffix('"')
    if not (number.isascii() and number.isdigit() and if_match.strip() == f'"v{number}"'):
        raise errors.InvalidHeader(name="If-Match", reason="send the ETag of the last read")
    if len(number) > 18:
        raise errors.InvalidHeader(name="If-Match", reason="this version never was")
    return int(number)


def knows(if_none_match: str, tag: str) -> bool:
    """Tell whether who sent this ``If-None-Match`` header has what has this entity tag.

    It is a list, or ``*`` for anything; a tag that a proxy has made weak, because it compresses,
    names the same.
    """
    tags = (each.strip().removeprefix("W/") for each in if_none_match.split(","))
    return any(each in ("*", tag) for each in tags)


def encode(value: Any) -> bytes:
    """Write a value as JSON."""
    return msgspec.json.encode(value)
