"""What browsers send when a person presses a button: form fields, and the name of the wish."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from crosslane.kernel import UnsafeText, require_safe_text
from crosslane.platform.web import errors

FORM = "application/x-www-form-urlencoded"
FORM_BYTES_MAX = 1 << 18
FIELDS_MAX = 3_000
WISH_FIELD = "_wish"
"""The hidden field that names a wish, so that a form that is sent twice is done once."""


class Form:
    """The fields of a form that was sent.

    Args:
        fields: values by name, in the order they were sent.
    """

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

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
    try:
        require_safe_text(pairs)
    except UnsafeText:
        reason = "the form has characters that are no text"
        raise errors.MalformedRequest(reason=reason) from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)


def wish_of(body: bytes) -> str:
    """Return the name of the wish in a form, "" when it has none."""
    return read_form(body).text(WISH_FIELD)
