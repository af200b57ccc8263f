"""Times and days from outside: times carry an offset, and both lie where arithmetic is safe.

msgspec reads a time without offset as a naive value, and one in the year 1 overflows as soon as it
is turned into UTC; neither may reach a module.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from crosslane.platform.web import errors

YEAR_MIN = 1900
YEAR_MAX = 2199


@cache
def holds_moments(of: Any) -> bool:
    """Tell whether a value of this type can hold a time or a day."""
    return any(isinstance(t, inspect.DateTimeType | inspect.DateType) for t in _within(of))


def _within(of: Any) -> Iterator[inspect.Type]:
    waiting, seen = [inspect.type_info(of)], set()
    while waiting:
        t = waiting.pop()
        yield t
        if isinstance(t, inspect.StructType) and t.cls not in seen:
            seen.add(t.cls)
            waiting += [field.type for field in t.fields]
        waiting += inner_types(t)


@cache
def _fields_with_moments(of: type[msgspec.Struct]) -> list[str]:
    """Return the fields of a struct that can hold a time or a day."""
    return [field.name for field in msgspec.structs.fields(of) if holds_moments(field.type)]


def inner_types(t: inspect.Type) -> list[inspect.Type]:
    """Return the types that a type is put together from, but not the fields of a struct."""
    if isinstance(t, inspect.Metadata):
        return [t.type]
    if isinstance(t, inspect.UnionType):
        return list(t.types)
    if isinstance(t, inspect.TupleType):
        return list(t.item_types)
    if isinstance(t, inspect.CollectionType):
        return [t.item_type]
    if isinstance(t, inspect.DictType):
        return [t.key_type, t.value_type]
    return []


def require_moments(value: Any) -> None:
    """Refuse a time without offset, and a time or day before YEAR_MIN or after YEAR_MAX.

    Args:
        value: a decoded body.

    Raises:
        InvalidField: with the pointer to the first that is found.
    """
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        pointer, item = waiting.pop()
        if isinstance(item, date):
            reason = fault_of(item)
            if reason:
                raise errors.InvalidField(pointer=pointer, reason=reason)
        elif isinstance(item, msgspec.Struct):
            names = _fields_with_moments(type(item))
            waiting += [(f"{pointer}/{name}", getattr(item, name)) for name in names]
        elif isinstance(item, list | tuple):
            waiting += [(f"{pointer}/{n}", inner) for n, inner in enumerate(item)]
        elif isinstance(item, dict):
            waiting += [(pointer, inner) for inner in (*item.keys(), *item.values())]


def fault_of(moment: date) -> str:
    """Return what is wrong with a time or day, "" when nothing is."""
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        return f"it lies before {YEAR_MIN} or after {YEAR_MAX}"
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return "a time needs an offset, such as 2011-01-04T09:30:00Z"
    return ""
