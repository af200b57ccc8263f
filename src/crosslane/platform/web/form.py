"""What browsers send when a person presses a button: form fields, and the name of the wish.

A form with a file is sent in parts, with a line of its own between them each time it is sent: so it
is read before anything is decided, and a wish sent twice is known by what it says.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from crosslane.kernel import UnsafeText, require_safe_text
from crosslane.platform.web import errors

FORM = "application/x-www-form-urlencoded"
UPLOAD = "multipart/form-data"
FORM_BYTES_MAX = 1 << 18
FIELDS_MAX = 3_000
PARTS_MAX = 200
PART_HEADERS_BYTES_MAX = 4_096
PART_LIMITS = {"max_segment_count": PARTS_MAX, "max_header_size": PART_HEADERS_BYTES_MAX}
FILE_NAME_CHARACTERS_MAX = 200
WISH_FIELD = "_wish"
"""The hidden field that names a wish, so that a form that is sent twice is done once."""


class File(msgspec.Struct, frozen=True):
    """A file that was chosen in a form; nothing it says of itself is to be trusted.

    Args:
        name: as its owner calls it, without folders.
        content: all of it.
    """

    name: str
    content: bytes


class Form:
    """The fields of a form that was sent.

    Args:
        fields: values by name, in the order they were sent.
        files: files that were chosen, by the name of their field.
    """

    def __init__(
        self, fields: Mapping[str, list[str]], files: Mapping[str, list[File]] | None = None
    ) -> None:
        self._fields = fields
        self._files = files or {}

    def file(self, name: str) -> File | None:
        """Return the file of a field, None when none was chosen."""
        return next(iter(self._files.get(name, ())), None)

    def files(self, name: str) -> Sequence[File]:
        """Return the files of a field that takes several."""
        return self._files.get(name, [])

    def fingerprint(self) -> bytes:
        """Return a digest of all that was sent, the same however it was divided into parts."""
        files = [(n, f.name, hashlib.sha256(f.content).hexdigest()) for n, f in self._all_files()]
        return hashlib.sha256(msgspec.json.encode((sorted(self._fields.items()), files))).digest()

    def _all_files(self) -> Iterator[tuple[str, File]]:
        for name, files in sorted(self._files.items()):
            for file in files:
                yield name, file

    def text(self, name: str, default: str = "") -> str:
        """Return a field without blanks around it, the last one when it was sent repeatedly."""
        return self._fields[name][-1].strip() if name in self._fields else default

    def secret(self, name: str) -> str:
        """Return a field as it was typed, blanks around it included, "" when it is absent."""
        return self._fields[name][-1] if name in self._fields else ""

    def texts(self, name: str) -> list[str]:
        """Return all values of a field, such as those of checked boxes."""
        return self._fields.get(name, [])

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of fields that begin with a prefix, in the order they were sent."""
        return [name for name in self._fields if name.startswith(prefix)]

    def checked(self, name: str) -> bool:
        """Tell whether a box was checked."""
        return name in self._fields

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number, the default when the field is empty.

        Raises:
            InvalidField: it is something else.
        """
        text = self.text(name)
        if not text:
            return default
        return self._convert(name, text, int)

    def id(self, name: str) -> UUID | None:
        """Return an identifier, None when the field is empty.

        Raises:
            InvalidField: it is something else.
        """
        text = self.text(name)
        return self._convert(name, text, UUID) if text else None

    def group(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield fields ``prefix.KEY`` as (key, value), such as the units of each line."""
        for name in self._fields:
            kind, _, key = name.partition(".")
            if kind == prefix and key:
                yield key, self.text(name)

    def plain(self) -> dict[str, str]:
        """Return the last value of each field, to fill the form in again."""
        return {name: self.text(name) for name in self._fields if name != WISH_FIELD}

    def _convert(self, name: str, text: str, of: type) -> Any:
        try:
            return msgspec.convert(text, of, strict=False)
        except msgspec.ValidationError:
            reason = f"{name} is not what is expected"
            raise errors.InvalidField(pointer=f"/{name}", reason=reason) from None


def read_form(body: bytes) -> Form:
    """Read what a browser sent.

    Raises:
        MalformedRequest: it is no form, or has too many fields.
        UnsafeText: it has NUL or half characters.
    """
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=FIELDS_MAX,
            errors="strict",
        )
    except ValueError:
        raise errors.MalformedRequest(reason="the form cannot be read") from None
    _require_text(pairs)
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)


def read_upload(body: bytes, boundary: str) -> Form:
    """Read a form with files, as browsers send it in parts.

    Args:
        body: all that was sent.
        boundary: the line between parts, as the content type names it.

    Raises:
        MalformedRequest: it is no such form, has too many parts, or text that is none.
    """
    fields: dict[str, list[str]] = {}
    files: dict[str, list[File]] = {}
    try:
        for name, filename, content in _parts(body, boundary):
            if filename is None:
                fields.setdefault(name, []).append(_text(content))
            elif filename or content:
                # A field without a file tells an empty name.
                files.setdefault(name, []).append(File(_shown(filename), content))
    except (MultipartError, ValueError):
        raise errors.MalformedRequest(reason="the form cannot be read") from None
    names = [(n, file.name) for n, those in files.items() for file in those]
    _require_text([*((n, value) for n, values in fields.items() for value in values), *names])
    return Form(fields, files)


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, str | None, bytes]]:
    """Yield name, file name (None for a plain field) and content of each part."""
    with PushMultipartParser(boundary, len(body), strict=True, **PART_LIMITS) as parser:
        name, filename, content = "", None, b""
        for told in parser.parse(body):
            if told is None:
                yield name, filename, content
            elif isinstance(told, (bytes, bytearray)):
                content += told
            else:
                name, filename, content = told.name, told.filename, b""


class FormArriving(msgspec.Struct, frozen=True):
    """A form whose last field is a file, which is read while it arrives.

    Args:
        form: the fields before it.
        name: of the file, as its owner calls it, "" when none was chosen.
        content: of it, part by part.
    """

    form: Form
    name: str
    content: AsyncIterator[bytes]


async def read_arriving(body: AsyncIterable[bytes], boundary: str) -> FormArriving:
    """Read a form up to its file, and no more of it.

    Args:
        body: what is sent.
        boundary: the line between parts, as the content type names it.

    Raises:
        MalformedRequest: it is no such form, has no file, or text that is none; also while the file
            is read, when it does not end, or is not the last.
    """
    fields: dict[str, list[str]] = {}
    name, content, total = "", bytearray(), 0
    told = _parts_arriving(body, boundary)
    async for one in told:
        if one is None:
            fields.setdefault(name, []).append(_text(content))
        elif not isinstance(one, MultipartSegment):
            content += one
            total += len(one)
            if total > FORM_BYTES_MAX:
                raise errors.MalformedRequest(reason="the fields before the file are too long")
        elif one.filename is None:
            name, content = one.name, bytearray()
        else:
            shown = _shown(one.filename)
            _require_text([*((n, v) for n, values in fields.items() for v in values), ("", shown)])
            return FormArriving(Form(fields), shown, _content(told))
    raise errors.MalformedRequest(reason="the form has no file")


async def _content(told: AsyncIterator[MultipartSegment | bytes | None]) -> AsyncIterator[bytes]:
    """Yield the file that has begun; a form that goes on after it is none that is read so."""
    async for one in told:
        if isinstance(one, MultipartSegment):
            raise errors.MalformedRequest(reason="the file is not the last field of the form")
        if one is not None:
            yield one


async def _parts_arriving(
    body: AsyncIterable[bytes], boundary: str
) -> AsyncIterator[MultipartSegment | bytes | None]:
    """Yield of each part its head, its content as it arrives, and None as its end."""
    try:
        # Strictly, a line end that arrives by itself after the last part would be too much.
        with PushMultipartParser(boundary, **PART_LIMITS) as parser:
            async for block in body:
                # Nothing would mean the end.
                if block:
                    for told in parser.parse(block):
                        yield told
    except MultipartError:
        raise errors.MalformedRequest(reason="the form cannot be read") from None


def _text(content: bytes | bytearray) -> str:
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise errors.MalformedRequest(reason="the form cannot be read") from None


def _shown(filename: str) -> str:
    """Return the name of a file as it is shown: some browsers tell the whole path."""
    return filename.replace("\\", "/").rpartition("/")[2][:FILE_NAME_CHARACTERS_MAX]


def _require_text(pairs: Sequence[tuple[str, str]]) -> None:
    try:
        require_safe_text(pairs)
    except UnsafeText:
        reason = "the form has characters that are no text"
        raise errors.MalformedRequest(reason=reason) from None
