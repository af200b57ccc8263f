"""The value of a rule as people fill it in: fields made from the struct of its kind.

What a field is follows from its type, its unit from the end of its name (``_minor``, ``_milli``,
``_bp``, ``minutes`` …), its hint from the docstring of the struct. A list of structs, or a map of
them, is a table of rows with some empty ones to add to; what is nested deeper is written as JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import inspect as shapes

from crosslane.kernel import MILLI_PER_MINOR

KEY = "_key"
MILLI_DIGITS = len(str(MILLI_PER_MINOR)) - 1

Sort = Literal[
    "number", "switch", "choice", "choices", "words", "numbers", "text", "day", "rows", "json"
]

_ARGUMENT = re.compile(r"^ {8}(\w+(?:, \w+)*): (.*)$")
_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
# The form shows amounts and shares in whole, and nothing as an empty field.
_AS_SHOWN = (
    ("most minor units", "the most"),
    (", in 1/1000 minor unit", ""),
    (", in minor units of its currency", ""),
    (", in basis points", ""),
    ("these hundredths of a percent", "this share"),
    ("None for any amount", "empty for any amount"),
    ('""', "empty"),
)
# The last part of a name that ends in its unit: what stands behind the number, and its digits.
_UNITS = {
    "minutes": "minutes",
    "hours": "hours",
    "days": "days",
    "months": "months",
    "years": "years",
    "seconds": "seconds",
    "units": "units",
    "points": "points",
    "km": "km",
    "percent": "%",
    "orders": "orders",
}


class RuleField(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be filled in.

    Args:
        path: names of the fields that lead to it in the value.
        title: what it is called, in the language of the source.
        group: title of the struct it lies in, "" at the top.
        hint: what it means.
        sort: how it is filled in.
        unit: what stands behind the number, "" for nothing.
        digits: decimals that are shown of a number that is stored whole.
        choices: what may be chosen.
        optional: it may be left empty.
        columns: the fields of a row; the first one is the key where rows have one.
        keyed: its rows are a map.
        type: what its value must be.
        default: what it is when nothing is said.
    """

    path: tuple[str, ...]
    title: str
    group: str = ""
    hint: str = ""
    sort: Sort
    unit: str = ""
    digits: int = 0
    choices: tuple[str, ...] = ()
    optional: bool = False
    columns: tuple["RuleField", ...] = ()
    keyed: bool = False
    type: Any
    default: Any = None

    @property
    def name(self) -> str:
        """Name of its field in the form."""
        return ".".join(("value", *self.path))

    def of(self, value: Mapping[str, Any] | None) -> Any:
        """Return what a value says of it, its default where it says nothing."""
        found: Any = value
        for step in self.path:
            if not isinstance(found, Mapping) or step not in found:
                return self.default
            found = found[step]
        return found


def title_of(name: str) -> str:
    """Return the name of a field, a choice or a kind as people read it."""
    words = re.sub(r"_(minor|milli|bp)(?=_|$)", "", name).replace("_", " ").strip()
    words = re.sub(r" (max|most)$", ", at most", words)
    words = re.sub(r" min$", ", at least", words)
    return words[:1].upper() + words[1:]


def docs_of(struct: type) -> tuple[str, dict[str, str]]:
    """Return the first paragraph of a struct's docstring, and what it says of each field."""
    lines = (struct.__doc__ or "").splitlines()
    first = " ".join(line.strip() for line in _until_blank(lines))
    told: dict[str, list[str]] = {}
    names: tuple[str, ...] = ()
    for line in lines:
        if match := _ARGUMENT.match(line):
            names = tuple(match[1].split(", "))
            told |= {name: [match[2]] for name in names}
        elif names and line.startswith(" " * 12):
            for name in names:
                told[name].append(line.strip())
        elif line.strip():
            names = ()
    return _plain(first), {name: _hint(" ".join(parts)) for name, parts in told.items()}


def fields_of(struct: type[msgspec.Struct], default: Any, currency_digits: int) -> list[RuleField]:
    """Return the fields of a struct in the order in which they are declared.

    Args:
        struct: type of the value.
        default: what holds where nothing is set, as the struct.
        currency_digits: decimals of the currencies that amounts are in.
    """
    return list(_fields(struct, msgspec.to_builtins(default), currency_digits, (), ""))


def _fields(
    struct: type[msgspec.Struct],
    default: Any,
    digits: int,
    path: tuple[str, ...],
    group: str,
) -> Iterator[RuleField]:
    _, hints = docs_of(struct)
    shape: Any = shapes.type_info(struct)
    for one in shape.fields:
        here = (*path, one.encode_name)
        known = default.get(one.encode_name) if isinstance(default, Mapping) else None
        bare, optional = _bare(one.type)
        if isinstance(bare, shapes.StructType) and not optional and not path:
            yield from _fields(bare.cls, known, digits, here, title_of(one.name))
            continue
        told = {
            "path": here,
            "title": title_of(one.name),
            "group": group,
            "hint": hints.get(one.name, "") or _inherited(struct, one.name),
            "optional": optional,
            "type": _type_of(struct, one.name),
            "default": known,
        }
        yield RuleField(**told, **_sort(bare, one.name, digits, here))


def _sort(bare: Any, name: str, digits: int, path: tuple[str, ...]) -> dict[str, Any]:
    match bare:
        case shapes.BoolType():
            return {"sort": "switch"}
        case shapes.IntType():
            unit, shown = _unit(name, digits)
            return {"sort": "number", "unit": unit, "digits": shown}
        case shapes.LiteralType(values=values):
            return {"sort": "choice", "choices": tuple(str(v) for v in values)}
        case shapes.DateType():
            return {"sort": "day"}
        case shapes.StrType():
            return {"sort": "text"}
        case shapes.FrozenSetType(item_type=shapes.LiteralType(values=values)):
            return {"sort": "choices", "choices": tuple(str(v) for v in values)}
        case shapes.VarTupleType(item_type=shapes.LiteralType(values=values)):
            return {"sort": "choices", "choices": tuple(str(v) for v in values)}
        case shapes.VarTupleType(item_type=shapes.StrType()):
            return {"sort": "words"}
        case shapes.VarTupleType(item_type=shapes.IntType()):
            return {"sort": "numbers"}
        case shapes.VarTupleType(item_type=shapes.StructType(cls=cls)) if columns := _columns(
            cls, digits, path
        ):
            return {"sort": "rows", "columns": columns}
        case shapes.DictType(key_type=shapes.StrType(), value_type=shapes.StructType(cls=cls)) if (
            columns := _columns(cls, digits, path)
        ):
            key = RuleField(path=(*path, KEY), title="Name", sort="text", type=str, default="")
            return {"sort": "rows", "columns": (key, *columns), "keyed": True}
        case _:
            return {"sort": "json"}


def _columns(
    struct: type[msgspec.Struct], digits: int, path: tuple[str, ...]
) -> tuple[RuleField, ...]:
    """Return the fields of a row, none when one of them is more than a word or number."""
    found = tuple(_fields(struct, _defaults(struct), digits, path, title_of(path[-1])))
    plain = all(one.sort in ("number", "text", "day", "choice") for one in found)
    return found if plain else ()


def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        one.encode_name: one.default
        for one in msgspec.structs.fields(struct)
        if one.default is not msgspec.NODEFAULT
    }


def _bare(shape: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was among it."""
    while isinstance(shape, shapes.Metadata):
        shape = shape.type
    if isinstance(shape, shapes.UnionType):
        others = [one for one in shape.types if not isinstance(one, shapes.NoneType)]
        if len(others) == 1:
            return _bare(others[0])[0], True
    return shape, False


def _type_of(struct: type, name: str) -> Any:
    return next(one.type for one in msgspec.structs.fields(struct) if one.name == name)


def _inherited(struct: type, name: str) -> str:
    hints = (docs_of(base)[1].get(name, "") for base in struct.__mro__[1:-1])
    return next((hint for hint in hints if hint), "")


def _unit(name: str, currency_digits: int) -> tuple[str, int]:
    parts = name.split("_")
    if "milli" in parts:
        per = f"/ {name.partition('_per_')[2].replace('_', ' ')}" if "_per_" in name else ""
        return per, currency_digits + MILLI_DIGITS
    if "minor" in parts:
        return "", currency_digits
    if "bp" in parts:
        return "%", 2
    return next((_UNITS[part] for part in reversed(parts) if part in _UNITS), ""), 0


def _hint(text: str) -> str:
    """Return what the source says of a field as people see it: amounts whole, names as titles."""
    for said, shown in _AS_SHOWN:
        text = text.replace(said, shown)
    return _plain(_NAME.sub(lambda found: f"“{title_of(found[0])}”", text))


def _plain(text: str) -> str:
    told = text.replace("`", "").strip()
    return told[:1].upper() + told[1:]


def _until_blank(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line
