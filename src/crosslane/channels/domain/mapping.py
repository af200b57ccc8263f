"""Mappings: what the columns of a table mean, somebody's or ours, declared and not coded.

A mapping says which kind of message a table brings and, for each column it cares for, which value
of the message the column holds, named by its path: ``source_id``, ``ship_to/city``,
``lines/quantity``. Whatever a column is not mapped to is kept in the message's ``rest``.
"""

import codecs
from collections.abc import Mapping as MappingType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crosslane.channels.domain.fields import MESSAGES, Field, fields_of
from crosslane.channels.errors import MappingUnusable
from crosslane.kernel import pointer_step

COLUMNS_MAX = 200
VALUES_MAX = 500
FACTOR_MAX = 1_000_000
FORMATS_MAX = 10

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Mark = Annotated[str, msgspec.Meta(max_length=1)]
Brings = Literal[
    "order",
    "amendment",
    "cancellation",
    "payment",
    "return",
    "supply_snapshot",
    "supply_delta",
    "fulfillment",
    "money",
    "contact",
    "product",
    "price",
    "order_reply",
    "invoice",
]


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a column holds.

    Args:
        field: path of the value in the message.
        also: paths of further values it stands for, where other columns tell of their part too:
            the buyer's name is the recipient's when there is an address.
        values: what the sender's words mean; others are refused when there are any.
        otherwise: what stands for an empty cell.
        times: how many of our units one of theirs is, such as 12 for a box of twelve.
        minor: amounts are told in minor units, without a decimal mark.
    """

    field: Path
    also: Annotated[tuple[Path, ...], msgspec.Meta(max_length=5)] = ()
    values: Annotated[MappingType[str, str], msgspec.Meta(max_length=VALUES_MAX)] = {}
    otherwise: Annotated[str, msgspec.Meta(max_length=200)] = ""
    times: Annotated[int, msgspec.Meta(ge=1, le=FACTOR_MAX)] = 1
    minor: bool = False


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a table means.

    Args:
        brings: kind of message.
        columns: by the name in the header, whatever its case, or by place as ``#1``: a path, or a
            path with how it is told. A header may name one column after the other alike only when
            none of them is mapped. A table we write has them in this order.
        always: values that no column tells, by path.
        header: number of the row with the names, 0 when there is none; rows before it are passed
            over.
        sheet: of a workbook; its first one when empty.
        delimiter: between the columns of a text: one character, or empty to follow the header.
        encoding: of a text; as its sender says when empty.
        decimal: the decimal mark; likewise what parts thousands, "" for nothing.
        dates: how instants are told, in the letters of ``strptime``, the likeliest first; those of
            ISO 8601 are always understood.
        days: likewise how days are told, such as that of an invoice.
        timezone: IANA zone of times that name none; the channel's when empty.
        currency: ISO 4217, of amounts that name none; the channel's when empty.
        formulas: texts that a spreadsheet would calculate have an apostrophe before them, as
            spreadsheets write it, or stand as they are: for programs alone.
    """

    brings: Brings
    columns: Annotated[
        MappingType[Name, Path | Column], msgspec.Meta(min_length=1, max_length=COLUMNS_MAX)
    ]
    always: Annotated[MappingType[Path, str], msgspec.Meta(max_length=COLUMNS_MAX)] = {}
    header: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    sheet: Annotated[str, msgspec.Meta(max_length=100)] = ""
    delimiter: Mark = ""
    encoding: Annotated[str, msgspec.Meta(max_length=40)] = ""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    dates: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=60)], ...],
        msgspec.Meta(max_length=FORMATS_MAX),
    ] = ()
    days: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=60)], ...],
        msgspec.Meta(max_length=FORMATS_MAX),
    ] = ()
    timezone: Annotated[str, msgspec.Meta(max_length=60)] = ""
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    formulas: Literal["guarded", "plain"] = "guarded"


def rules_of(mapping: TableMapping, *, at: str = "") -> dict[str, Column]:
    """Return what each column holds, by its name in lower case.

    Args:
        mapping: what a table means.
        at: pointer to it, for refusals.

    Raises:
        MappingUnusable: it names a value its kind of message does not have, or contradicts itself.
    """
    if mapping.decimal == mapping.thousands:
        raise MappingUnusable(
            pointer=f"{at}/thousands", reason="decimals and thousands have the same mark"
        )
    if mapping.encoding and not _is_encoding(mapping.encoding):
        raise MappingUnusable(
            pointer=f"{at}/encoding", reason=f"{mapping.encoding} is no encoding of texts"
        )
    if mapping.timezone and not _is_zone(mapping.timezone):
        raise MappingUnusable(
            pointer=f"{at}/timezone", reason=f"{mapping.timezone} is no time zone"
        )
    known = fields_of(MESSAGES[mapping.brings])
    rules: dict[str, Column] = {}
    taken: set[str] = set()
    for name, told in mapping.columns.items():
        rule = told if isinstance(told, Column) else Column(field=told)
        here = f"{at}/columns/{pointer_step(name)}"
        field = _field(known, rule.field, here)
        for path in rule.also:
            _field(known, path, f"{here}/also")
        if rule.times != 1 and field.kind != "whole":
            raise MappingUnusable(pointer=f"{here}/times", reason=f"{rule.field} is no number")
        if rule.minor and field.kind not in ("minor", "milli"):
            raise MappingUnusable(pointer=f"{here}/minor", reason=f"{rule.field} is no amount")
        key = name.strip().lower()
        if key in rules or rule.field in taken:
            raise MappingUnusable(pointer=here, reason=f"{rule.field} or the column is named twice")
        if mapping.header == 0 and not (key[:1] == "#" and key[1:].isdigit() and int(key[1:])):
            reason = "without a header columns are named #1, #2 and so on"
            raise MappingUnusable(pointer=here, reason=reason)
        rules[key] = rule
        taken.add(rule.field)
    for path in mapping.always:
        here = f"{at}/always/{pointer_step(path)}"
        _field(known, path, here)
        if path in taken:
            raise MappingUnusable(pointer=here, reason=f"{path} is told by a column already")
    return rules


def _is_zone(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (ZoneInfoNotFoundError, ValueError):
        return False


def _is_encoding(name: str) -> bool:
    try:
        return "".encode(name) in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16, codecs.BOM_UTF32)
    except (LookupError, UnicodeError, ValueError):
        return False


def _field(known: MappingType[str, Field], path: str, at: str) -> Field:
    name, _, option = path.partition("/")
    found = known.get(path) or (known.get(f"{name}/*") if option else None)
    if found is None:
        reason = f"{path} is none of " + ", ".join(sorted(known))
        raise MappingUnusable(pointer=at, reason=reason[:1_500])
    return found


ORDERS = TableMapping(
    brings="order",
    columns={
        "order_number": "source_id",
        "version": "source_version",
        "ordered_at": "event_at",
        "service": "service",
        "shipping": "shipping_minor",
        "tender": Column(field="tenders/0/method", otherwise="marketplace"),
        "account_number": "buyer/account_number",
        "name": Column(field="buyer/name", also=("ship_to/name",)),
        "email": Column(field="buyer/email", also=("ship_to/email",)),
        "phone": Column(field="buyer/phone", also=("ship_to/phone",)),
        "organization": "ship_to/organization",
        "address1": "ship_to/lines/0",
        "address2": "ship_to/lines/1",
        "address3": "ship_to/lines/2",
        "address4": "ship_to/lines/3",
        "city": "ship_to/city",
        "region": "ship_to/region",
        "postcode": "ship_to/postcode",
        "country": "ship_to/country",
        "line": "lines/id",
        "sku": "lines/sku",
        "quantity": "lines/quantity",
        "unit_price": "lines/unit_price_milli",
        "method": "lines/method",
        "store": "lines/store",
    },
)
"""A table of orders in our own words: what is read when nobody has declared another."""
