"""What a handler may return besides its plain value: another status, headers, a version, a file."""

import hashlib
from typing import Any, Generic, TypeVar

import msgspec

from crosslane.platform.web import errors

Body = TypeVar("Body")


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
    """

    body: Body
    status: int | None = None
    version: int | None = None
    location: str = ""
    cookie: str = ""
    told: Any = None

    def headers(self) -> dict[str, str]:
        """Return the headers that say it."""
        said = {
            "ETag": self._etag(),
            # It may be kept, to be asked for again under its ETag.
            "Cache-Control": "" if self.told is None else "private, no-cache",
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


def encode(value: Any) -> bytes:
    """Write a value as JSON."""
    return msgspec.json.encode(value)
