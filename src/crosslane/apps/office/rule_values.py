"""The values of rules: read from a form, filled into one, compared, and written for people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from crosslane.apps.office.rule_fields import KEY, MILLI_DIGITS, RuleField, title_of
from crosslane.platform.screens import Form, Viewer, Words

ROWS_SPARE = 3
ROWS_SHOWN_MAX = 500


class Difference(msgspec.Struct, frozen=True):
    """A field whose value changes, both as people read them."""

    field: RuleField
    before: str
    after: str


def read_value(
    fields: Sequence[RuleField], form: Form, viewer: Viewer, words: Words
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the value that was filled in, and what is wrong by the name of its field."""
    value: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        at = value
        for step in field.path[:-1]:
            at = at.setdefault(step, {})
        try:
            at[field.path[-1]] = _read(field, form, viewer, words, errors)
        except ValueError as error:
            errors[field.name] = str(error)
    return value, errors


def filled(fields: Iterable[RuleField], value: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """Return what stands in each field of the form for a value, by name."""
    return {field.name: _filled(field, field.of(value), viewer) for field in fields}


def entered(fields: Iterable[RuleField], form: Form) -> dict[str, Any]:
    """Return what was sent for each field, to fill the form in again."""
    found: dict[str, Any] = {}
    for field in fields:
        if field.sort == "rows":
            found[field.name] = [
                {column.name: _sent(column, form, at) for column in field.columns}
                for at in _row_names(field, form)
            ]
        else:
            found[field.name] = _sent(field, form, field.name)
    return found


def differences(
    fields: Iterable[RuleField],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    viewer: Viewer,
    words: Words,
) -> list[Difference]:
    """Return the fields in which two values differ; None is the kind's default."""
    return [
        Difference(
            field,
            written(field, field.of(before), viewer, words),
            written(field, field.of(after), viewer, words),
        )
        for field in fields
        if _comparable(field, field.of(before)) != _comparable(field, field.of(after))
    ]


def written(field: RuleField, value: Any, viewer: Viewer, words: Words) -> str:
    """Return the value of a field as people read it."""
    match field.sort:
        case _ if value is None:
            return words("none")
        case "switch":
            return words("yes") if value else words("no")
        case "number":
            return f"{_number(field, value, viewer)} {words(field.unit)}".strip()
        case "choice":
            return words(title_of(value))
        case "choices":
            chosen = [words(title_of(one)) for one in field.choices if one in value]
            return ", ".join(chosen) or words("none")
        case "words" | "numbers":
            return ", ".join(map(str, value)) or words("none")
        case "rows":
            rows = [
                ", ".join(
                    f"{words(c.title)} {written(c, row.get(c.path[-1], c.default), viewer, words)}"
                    for c in field.columns
                    if row.get(c.path[-1], c.default) not in ("", None)
                )
                for row in _rows(field, value)
            ]
            return "; ".join(rows) or words("none")
        case "json":
            return msgspec.json.encode(value).decode()
        case _:
            return str(value) or words("none")


def _read(
    field: RuleField, form: Form, viewer: Viewer, words: Words, errors: dict[str, str]
) -> Any:
    if field.sort == "rows":
        return _read_rows(field, form, viewer, words, errors)
    return _checked(field, _read_one(field, form, field.name, viewer, words), words)


def _read_one(field: RuleField, form: Form, name: str, viewer: Viewer, words: Words) -> Any:
    text = form.text(name)
    match field.sort:
        case "switch":
            return form.checked(name)
        case "choices":
            return [one for one in field.choices if one in form.texts(name)]
        case "words":
            return [word for word in re.split(r"[\s,]+", text) if word]
        case "numbers":
            # What is no number stays as it was typed, and is refused as such.
            found = [one for one in re.split(r"[\s,]+", text) if one]
            return [int(one) if one.isdecimal() else one for one in found]
        case _ if not text and field.optional:
            return None
        case "number":
            return _parsed(field, text, viewer, words)
        case "json":
            try:
                return msgspec.json.decode(text)
            except msgspec.MsgspecError as error:
                raise ValueError(words("This is no JSON: %(why)s", why=str(error))) from None
        case _:
            return text


def _read_rows(
    field: RuleField, form: Form, viewer: Viewer, words: Words, errors: dict[str, str]
) -> Any:
    rows: list[dict[str, Any]] = []
    for at in _row_names(field, form):
        row = {}
        for column in field.columns:
            name = f"{at}.{column.path[-1]}"
            try:
                read = _read_one(column, form, name, viewer, words)
                row[column.path[-1]] = _checked(column, read, words)
            except ValueError as error:
                errors[name] = str(error)
        rows.append(row)
    if field.keyed:
        return {row.pop(KEY, ""): row for row in rows}
    return rows


def _row_names(field: RuleField, form: Form) -> list[str]:
    """Return the beginnings of the names of rows in which something was filled in."""
    found = []
    for place in range(ROWS_SHOWN_MAX + ROWS_SPARE):
        at = f"{field.name}.{place}"
        sent = [f"{at}.{column.path[-1]}" for column in field.columns if column.sort != "choice"]
        if any(form.text(name) for name in sent):
            found.append(at)
    return found


def _checked(field: RuleField, value: Any, words: Words) -> Any:
    """Return a value that fits its field; a ValueError says what is wrong."""
    if value == "" and field.sort in ("day", "choice"):
        raise ValueError(words("Something is needed here"))
    try:
        msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(_told(field, str(error), words)) from None
    return value


def _told(field: RuleField, error: str, words: Words) -> str:
    if field.sort == "number" and (match := re.search(r"`(int|float)` ([<>]=?) (-?\d+)", error)):
        limit = Decimal(match[3]).scaleb(-field.digits)
        plain = f"{limit.normalize():f}"
        if match[2].startswith(">"):
            return words("At least %(n)s", n=plain)
        return words("At most %(n)s", n=plain)
    if field.sort == "day":
        return words("A day is needed, such as 2030-12-24")
    return error


def _parsed(field: RuleField, text: str, viewer: Viewer, words: Words) -> int:
    """Return the whole number that is stored for what was typed."""
    if not text:
        raise ValueError(words("A number is needed here"))
    try:
        typed = parse_decimal(text, locale=viewer.locale, strict=True)
        stored = typed.scaleb(field.digits)
        whole = int(stored)
    except (NumberFormatError, InvalidOperation, ValueError, OverflowError):
        raise ValueError(words("This is not a number")) from None
    if whole != stored:
        if field.digits:
            raise ValueError(words("At most %(n)s decimals", n=field.digits))
        raise ValueError(words("A whole number is needed"))
    return whole


def _number(field: RuleField, value: Any, viewer: Viewer) -> str:
    if not isinstance(value, int):
        return str(value)
    least = field.digits - MILLI_DIGITS if field.digits > MILLI_DIGITS else field.digits
    pattern = "#,##0" + ("." + "0" * least + "#" * (field.digits - least) if field.digits else "")
    shown = Decimal(value).scaleb(-field.digits)
    return format_decimal(shown, pattern, locale=viewer.locale, decimal_quantization=False)


def _filled(field: RuleField, value: Any, viewer: Viewer) -> Any:
    match field.sort:
        case "switch":
            return bool(value)
        case "choices":
            return list(value or ())
        case "words" | "numbers":
            return ", ".join(map(str, value or ()))
        case "rows":
            return [
                {
                    column.name: _filled(column, row.get(column.path[-1], column.default), viewer)
                    for column in field.columns
                }
                for row in _rows(field, value)
            ]
        case "json":
            return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        case _ if value is None:
            return ""
        case "number":
            return _number(field, value, viewer)
        case _:
            return value.isoformat() if isinstance(value, date) else str(value)


def _sent(field: RuleField, form: Form, name: str) -> Any:
    name = name if name == field.name else f"{name}.{field.path[-1]}"
    match field.sort:
        case "switch":
            return form.checked(name)
        case "choices":
            return form.texts(name)
        case _:
            return form.text(name)


def _rows(field: RuleField, value: Any) -> list[Mapping[str, Any]]:
    if field.keyed:
        return [{KEY: key, **row} for key, row in (value or {}).items()]
    return list(value or ())


def _comparable(field: RuleField, value: Any) -> Any:
    match field.sort:
        case "choices":
            return sorted(value or ())
        case "words" | "numbers":
            return list(value or ())
        case "rows":
            return [dict(row) for row in _rows(field, value)]
        case _:
            return value
