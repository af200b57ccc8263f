"""Style, scripts, fonts, icons: served from memory by addresses that change with content."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from pathlib import PurePath

import msgspec

from crosslane.platform.web.errors import NoSuchAddress

FOLDER = files("crosslane.platform.screens") / "static"
SMALL_BYTES = 1_024
SQUEEZED = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
UNKNOWN_TYPE = "application/octet-stream"
# What the system's own list may lack.
TYPES = {
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


class Asset(msgspec.Struct, frozen=True):
    """A file that browsers may keep for ever.

    Args:
        name: its name, unique among all.
        version: digest of its content.
        media_type: what it is.
        content: its bytes.
        squeezed: the same with gzip, None where that gains nothing.
    """

    name: str
    version: str
    media_type: str
    content: bytes
    squeezed: bytes | None


@lru_cache
def assets() -> dict[str, Asset]:
    """Return every file below ``static`` by name, whatever folder it is in.

    Raises:
        LookupError: two files have one name, or a style sheet names a file that is not there.
    """
    contents: dict[str, bytes] = {}
    waiting: list[Traversable] = [FOLDER]
    while waiting:
        for file in waiting.pop().iterdir():
            if file.is_dir():
                waiting.append(file)
            elif file.name in contents:
                raise LookupError(f"two files are called {file.name}; names must differ")
            else:
                contents[file.name] = file.read_bytes()
    # Style sheets last: they name others, by addresses that change with these.
    for name in sorted(contents, key=lambda each: each.endswith(".css")):
        if name.endswith(".css"):
            contents[name] = _NAMED.sub(lambda m: _addressed(m[1], contents), contents[name])
    return {name: _made(name, content) for name, content in contents.items()}


def address_of(name: str) -> str:
    """Return the path of a file, which changes when its content does.

    Raises:
        KeyError: there is no such file.
    """
    return _address(name, assets()[name].version)


def content_of(name: str) -> bytes:
    """Return what is in a file, for one that has to stand at an address of its own.

    Raises:
        KeyError: there is no such file.
    """
    return assets()[name].content


def asset(version: str, name: str) -> Asset:
    """Return a file by its address.

    Raises:
        NoSuchAddress: there is none, or it has changed since.
    """
    found = assets().get(name)
    if found is None or found.version != version:
        raise NoSuchAddress
    return found


_NAMED = re.compile(rb"url\(\"?([\w.-]+\.[a-z0-9]+)\"?\)")


def _addressed(name: bytes, contents: Mapping[str, bytes]) -> bytes:
    text = name.decode()
    if text not in contents:
        raise LookupError(f"a style sheet names {text}, which is not there")
    return b'url("' + _address(text, _version(contents[text])).encode() + b'")'


def _address(name: str, version: str) -> str:
    return f"/static/{version}/{name}"


def _version(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def _made(name: str, content: bytes) -> Asset:
    media_type = TYPES.get(PurePath(name).suffix) or guess_type(name)[0] or UNKNOWN_TYPE
    squeezed = None
    if media_type.startswith(SQUEEZED) and len(content) > SMALL_BYTES:
        squeezed = gzip.compress(content, 9, mtime=0)
    return Asset(name, _version(content), media_type, content, squeezed)
