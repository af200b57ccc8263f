"""Reading a request body so that nothing a client sends can hurt.

The bytes are limited while they arrive, nesting is counted before any decoder recurses, then one
strict pass refuses what JSON decoders quietly accept (duplicate names, NaN, huge numbers, NUL,
half surrogate pairs), and only then msgspec reads the declared type.
"""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from typing import Any

import msgspec
from litestar import Request
from multipart import parse_options_header

from crosslane.kernel import pointer_step, require_safe_text
from crosslane.platform.web import errors
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.form import UPLOAD, FormArriving, read_arriving
from crosslane.platform.web.moments import holds_moments, require_moments
from crosslane.platform.web.problems import invalid_field

BODY_BYTES_MAX = 1 << 20
JSON_DEPTH_MAX = 32
INTEGER_DIGITS_MAX = 20
DECIMAL_CHARACTERS_MAX = 100
EXPONENT_MAX = 330
# Who sends a body that is read while it arrives gets as much more time as it takes at this pace.
BYTES_A_SECOND_MIN = 256 << 10
HEARD_OUT_BYTES_MAX = 64 << 20
HEARD_OUT_SECONDS_MAX = 5.0
# Larger bodies are read in a thread, so that one import does not hold up every other request.
INLINE_BYTES_MAX = 128 << 10

JSON = "application/json"

_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


class _Refused(msgspec.Struct, frozen=True):
    """Stands in a decoded value where something must be refused; ``step`` leads to it."""

    refusal: type[errors.EdgeRefusal]
    step: str = ""


async def read_bytes(request: Request, most_bytes: int, instead: str) -> bytes:
    """Return the whole body.

    Args:
        request: whose.
        most_bytes: how many it may have.
        instead: what to do with more.

    Raises:
        BodyTooLarge: it is, or says it is, larger than ``most_bytes``.
        MalformedRequest: the client left before it was complete, or its length is no number.
    """
    announced = require_announced(request, most_bytes, instead)
    parts, total, more = list[bytes](), 0, True
    # Where its length says that all is there, nobody asks whether more follows: the server tells
    # that by a message of its own, which costs as much as the body did.
    while more and total != announced:
        part, more = await _next_part(request)
        parts.append(part)
        total += len(part)
        if total > most_bytes:
            raise errors.BodyTooLarge(most_bytes=most_bytes, instead=instead)
    exchange_of(request.scope).is_heard = True
    return b"".join(parts)


class Arriving:
    """A body that its handler reads while it arrives, part by part, as it is too large to be held.

    Args:
        request: whose.
        most_bytes: how many it may have.
        instead: what to do with more.

    Raises:
        BodyTooLarge, MalformedRequest: as :func:`read_bytes`; before the handler runs where the
            length that is announced tells.
    """

    def __init__(self, request: Request, most_bytes: int, instead: str) -> None:
        require_announced(request, most_bytes, instead)
        self._request = request
        self._most_bytes = most_bytes
        self._instead = instead

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield its parts, which are as long as the network makes them."""
        limit = exchange_of(self._request.scope).limit
        ends_at = limit.ends_at if limit else None
        total, more = 0, True
        while more:
            part, more = await _next_part(self._request)
            total += len(part)
            if total > self._most_bytes:
                raise errors.BodyTooLarge(most_bytes=self._most_bytes, instead=self._instead)
            if limit and ends_at is not None:
                limit.ends_at = ends_at + total / BYTES_A_SECOND_MIN
            yield part

    async def form(self) -> FormArriving:
        """Read the fields of a form, up to the file that is its last.

        Raises:
            MalformedRequest: it is no form with a file.
        """
        return await read_arriving(self, boundary_of(self._request))


def require_announced(request: Request, most_bytes: int, instead: str) -> int | None:
    """Refuse a body that says it is larger than it may be, before anything of it is read.

    Returns how many bytes it will have; None where it does not say so.

    Raises:
        BodyTooLarge: it does.
        MalformedRequest: its length is no number.
    """
    headers = exchange_of(request.scope).headers
    announced = headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()):
        raise errors.MalformedRequest(reason="Content-Length is not a number")
    if len(announced) > 15 or int(announced) > most_bytes:
        raise errors.BodyTooLarge(most_bytes=most_bytes, instead=instead)
    # RFC 9112, 6.3: a body that is sent in chunks is as long as they say.
    told = "content-length" in headers and "transfer-encoding" not in headers
    return int(announced) if told else None


async def _next_part(request: Request) -> tuple[bytes, bool]:
    """Return what arrives next, and whether more follows."""
    message = await request.receive()
    more = message.get("more_body", False)
    exchange_of(request.scope).is_heard = not more
    if message["type"] != "http.request":
        raise errors.MalformedRequest(reason="the body ended early")
    return message["body"], more


async def hear_out(request: Request) -> None:
    """Throw away what a client still sends of a large body, as far as that does not take long.

    Who is answered before it has sent all finds its connection broken, and does not learn why. One
    that waits to be told to go on has sent nothing, and reads the answer.
    """
    exchange = exchange_of(request.scope)
    announced = exchange.headers.get("content-length", "")
    large = "transfer-encoding" in exchange.headers or (
        announced.isascii() and announced.isdigit() and len(announced) > 5
    )
    left = HEARD_OUT_BYTES_MAX if large and "expect" not in exchange.headers else 0
    with suppress(TimeoutError, errors.MalformedRequest):
        async with asyncio.timeout(HEARD_OUT_SECONDS_MAX):
            while left > 0 and not exchange.is_heard:
                part, _ = await _next_part(request)
                left -= len(part)


def require_content_type(request: Request, *expected: str) -> None:
    """Refuse a body that is of none of the expected media types, in UTF-8 and uncompressed.

    Raises:
        WrongContentType: it is of another type, or of none.
    """
    headers = exchange_of(request.scope).headers
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    if media_type.strip().lower() == UPLOAD and parameters.strip().lower().startswith("boundary="):
        parameters = ""
    charset = parameters.strip().lower().replace('"', "")
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    if media_type.strip().lower() not in expected or not plain or charset not in _CHARSETS:
        raise errors.WrongContentType(expected=" or ".join(expected))


_CHARSETS = {"", "charset=utf-8", "charset=us-ascii"}


def boundary_of(request: Request) -> str:
    """Return the line between the parts of a form with files.

    Raises:
        MalformedRequest: the content type names none, or none that can be.
    """
    said = exchange_of(request.scope).headers.get("content-type", "")
    _, parameters = parse_options_header(said)
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise errors.MalformedRequest(reason="the content type names no boundary")
    return boundary


# RFC 2046, 5.1.1.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


async def decode(raw: bytes, of: Any) -> Any:
    """Read JSON as the given type.

    Raises:
        MalformedJson, JsonTooDeep, DuplicateName, NumberOutOfRange, UnsafeText: it is no JSON that
            every reader would understand the same way.
        InvalidField: it is not of the type, with a pointer to the first field that is not.
    """
    if len(raw) > INLINE_BYTES_MAX:
        return await asyncio.to_thread(decode_json, raw, of)
    return decode_json(raw, of)


def decode_json(raw: bytes, of: Any) -> Any:
    """Do what :func:`decode` does, here and now."""
    require_strict_json(raw)
    try:
        value = decoder_of(of).decode(raw)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
    except msgspec.DecodeError as error:
        raise errors.MalformedJson(reason=str(error)) from None
    if holds_moments(of):
        require_moments(value)
    return value


def decode_written(raw: bytes, of: Any) -> Any:
    """Do what :func:`decode_json` does with JSON that was written here: its spelling is known.

    Args:
        raw: JSON of values that hold no number from outside, but text.
        of: the type.
    """
    try:
        value = decoder_of(of).decode(raw)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
    if b"\\u" in raw:
        require_safe_text(json.loads(raw))
    require_moments(value)
    return value


async def canonical(value: Any, raw_bytes: int) -> bytes:
    """Return one spelling of a decoded body: blanks, order of names and defaults make none.

    Args:
        value: what was decoded.
        raw_bytes: how long the body was.
    """
    if raw_bytes > INLINE_BYTES_MAX:
        return await asyncio.to_thread(_spell, value)
    return _spell(value)


def _spell(value: Any) -> bytes:
    # By way of plain values, because the names of a mapping may be days.
    plain = msgspec.to_builtins(value, str_keys=True, order="deterministic")
    return msgspec.json.encode(plain)


@cache
def decoder_of(of: Any) -> msgspec.json.Decoder:
    """Return the decoder of a body type; types are as many as there are routes."""
    return msgspec.json.Decoder(of)


def require_strict_json(raw: bytes) -> None:
    """Refuse JSON that is malformed, too deep, ambiguous, or holds values that cannot be stored."""
    if _depth_exceeds(raw, JSON_DEPTH_MAX):
        raise errors.JsonTooDeep(most=JSON_DEPTH_MAX)
    if not _is_plain(raw):
        _look_closely(raw)


def _is_plain(raw: bytes) -> bool:
    """Tell at a glance that JSON has nothing to refuse; False where that takes a closer look.

    Every name has a colon after it, and one that comes twice is kept once: what is left, written
    anew, has fewer colons. Those within text stay, because there are no escapes that hide any.
    """
    if b"\\u" in raw or _LONG_NUMBER in raw.translate(_ALL_DIGITS_ALIKE):
        return False
    try:
        value = _ANYTHING.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return msgspec.json.encode(value).count(b":") == raw.count(b":")


def _plain_decimal(text: str) -> float:
    if "e" in text or "E" in text:
        raise ValueError("its exponent takes a closer look")
    return 0.0


_ANYTHING = msgspec.json.Decoder(float_hook=_plain_decimal)


def _look_closely(raw: bytes) -> None:
    """Refuse JSON by the first thing that is wrong with it, with a pointer to it."""
    refused: list[_Refused] = []
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=lambda pairs: _object(pairs, refused),
            parse_int=lambda text: _integer(text, refused),
            parse_float=lambda text: _decimal(text, refused),
            parse_constant=lambda text: _refuse(errors.NumberOutOfRange, refused),
        )
    except UnicodeDecodeError:
        raise errors.MalformedJson(reason="it is not UTF-8") from None
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise errors.MalformedJson(reason=reason) from None
    if refused:
        pointer, what = _first_refused(value)
        raise what.refusal(pointer=pointer + what.step)
    # Raw UTF-8 holds neither NUL inside a JSON string nor half a pair: only escapes can make them.
    if b"\\u" in raw:
        require_safe_text(value)


def _depth_exceeds(raw: bytes, most: int) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= most:
        return False
    depth = 0
    for bracket in _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > most:
            return True
    return False


def _refuse(refusal: type[errors.EdgeRefusal], refused: list[_Refused], step: str = "") -> _Refused:
    refused.append(_Refused(refusal, step))
    return refused[-1]


def _object(pairs: list[tuple[str, Any]], refused: list[_Refused]) -> Any:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    twice = next(name for name, _ in pairs if name in seen or seen.add(name))
    return _refuse(errors.DuplicateName, refused, f"/{pointer_step(twice)}")


def _integer(text: str, refused: list[_Refused]) -> Any:
    if len(text) <= INTEGER_DIGITS_MAX:
        value = int(text)
        if -(2**63) <= value < 2**63:
            return value
    return _refuse(errors.NumberOutOfRange, refused)


def _decimal(text: str, refused: list[_Refused]) -> Any:
    exponent = text.lower().partition("e")[2]
    if len(text) > DECIMAL_CHARACTERS_MAX or (exponent and abs(int(exponent)) > EXPONENT_MAX):
        return _refuse(errors.NumberOutOfRange, refused)
    value = float(text)
    return value if math.isfinite(value) else _refuse(errors.NumberOutOfRange, refused)


def _first_refused(value: Any) -> tuple[str, _Refused]:
    waiting = [("", value)]
    while waiting:
        pointer, item = waiting.pop()
        if isinstance(item, _Refused):
            return pointer, item
        if isinstance(item, dict):
            waiting += [
                (f"{pointer}/{pointer_step(name)}", inner)
                for name, inner in reversed(list(item.items()))
            ]
        elif isinstance(item, list):
            waiting += [(f"{pointer}/{n}", inner) for n, inner in reversed(list(enumerate(item)))]
    raise AssertionError("nothing was refused")
