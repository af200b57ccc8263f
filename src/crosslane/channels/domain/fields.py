"""What can be told of a message by a table: each value, by its path, and how it is read."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec.inspect import (
    BoolType,
    DateTimeType,
    DateType,
    DictType,
    IntType,
    LiteralType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)
from msgspec.inspect import (
    Field as StructField,
)

from crosslane.channels.domain.invoice_tables import TabledInvoice
from crosslane.channels.domain.messages import (
    Amendment,
    Cancellation,
    Order,
    PaymentEvent,
    ReturnEvent,
    SupplyDelta,
    SupplySnapshot,
)
from crosslane.channels.domain.replies import OrderReply
from crosslane.channels.domain.reports import (
    ContactEvent,
    FulfillmentEvent,
    MoneyEvent,
    PricePatch,
    ProductPatch,
)
from crosslane.channels.domain.told import Told

Kind = Literal["text", "whole", "minor", "milli", "percent", "instant", "day", "flag"]

MESSAGES: Mapping[str, type[Told]] = MappingProxyType(
    {
        "order": Order,
        "amendment": Amendment,
        "cancellation": Cancellation,
        "payment": PaymentEvent,
        "return": ReturnEvent,
        "supply_snapshot": SupplySnapshot,
        "supply_delta": SupplyDelta,
        "fulfillment": FulfillmentEvent,
        "money": MoneyEvent,
        "contact": ContactEvent,
        "product": ProductPatch,
        "price": PricePatch,
        "order_reply": OrderReply,
        "invoice": TabledInvoice,
    }
)
# What others reply to us asks nothing of the hub, and is kept as a notice.
BROUGHT = frozenset(MESSAGES) - {"order_reply", "invoice"} | {"notice"}
ROWS: Mapping[str, str] = MappingProxyType(
    {
        "order": "lines",
        "amendment": "lines",
        "order_reply": "lines",
        "return": "lines",
        "fulfillment": "lines",
        "invoice": "rows",
        "supply_snapshot": "rows",
        "supply_delta": "rows",
    }
)
"""By kind: the list of which each row of a table is a part. Others have a row a message."""

# So many of a list that is not the rows' can be told by columns of their own.
PLACES_MAX = 5
# What the house says of a message itself, and what tables do not tell.
UNTOLD = frozenset(("schema", "channel", "rest"))


class Field(msgspec.Struct, frozen=True):
    """A value of a message.

    Args:
        path: where it stands; in a list by its place, in the rows without.
        kind: how a cell is read.
        in_row: each row tells its own.
    """

    path: str
    kind: Kind
    in_row: bool


@cache
def fields_of(message: type[Told]) -> Mapping[str, Field]:
    """Return what can be told of a message, by path."""
    info = type_info(message)
    if not isinstance(info, StructType):
        raise TypeError(f"{message} is no message")
    rows = ROWS.get(str(info.tag), "")
    found: dict[str, Field] = {}
    for part in info.fields:
        if part.encode_name not in UNTOLD:
            _gather(found, part.encode_name, part, part.encode_name == rows, rows=rows)
    return MappingProxyType(found)


def _gather(
    found: dict[str, Field], path: str, part: StructField, in_row: bool, *, rows: str = ""
) -> None:
    kind = _plain(part.type)
    name = part.encode_name
    if isinstance(kind, StructType):
        for each in kind.fields:
            _gather(found, f"{path}/{each.encode_name}", each, in_row)
    elif isinstance(kind, VarTupleType) and path == rows:
        of = _plain(kind.item_type)
        if isinstance(of, StructType):
            for each in of.fields:
                _gather(found, f"{path}/{each.encode_name}", each, in_row)
    elif isinstance(kind, VarTupleType):
        of = _plain(kind.item_type)
        for place in range(PLACES_MAX):
            at = f"{path}/{place}"
            if isinstance(of, StructType):
                for each in of.fields:
                    _gather(found, f"{at}/{each.encode_name}", each, in_row)
            elif isinstance(of, StrType):
                found[at] = Field(at, "text", in_row)
    elif isinstance(kind, DictType):
        # Such as the options of an article; their names are the mapping's.
        found[f"{path}/*"] = Field(f"{path}/*", "text", in_row)
    elif (how := _how(kind, name)) is not None:
        found[path] = Field(path, how, in_row)


def _plain(kind: Type) -> Type:
    """Return a type without what stands for its absence."""
    if isinstance(kind, UnionType):
        others = [each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType)]
        return others[0] if len(others) == 1 else kind
    return kind


def _how(kind: Type, name: str) -> Kind | None:
    if isinstance(kind, DateTimeType):
        return "instant"
    if isinstance(kind, DateType):
        return "day"
    if isinstance(kind, BoolType):
        return "flag"
    if isinstance(kind, IntType):
        if name.endswith("minor"):
            return "minor"
        if name.endswith("rate_bp"):
            return "percent"
        return "milli" if name.endswith("milli") else "whole"
    if isinstance(kind, (StrType, LiteralType)):
        return "text"
    return None
