"""What a customer has filled in on the return pages, read from what browsers send."""

import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from crosslane.returns import ItemState, Reason

FIELDS_MAX = 3_000
UNITS_MAX = 10_000
VALUE_CHARACTERS_MAX = 100
METHODS = ("post", "counter")

_ONCE = re.compile(r"[0-9a-f]{32}")
_UNITS = re.compile(r"[0-9]{1,5}")


class ChosenLine(msgspec.Struct, frozen=True):
    """Units of a line that shall come back.

    Args:
        order_line: the line of the order.
        quantity: units.
        reason: why, None when nothing was chosen.
        item_state: in which state they are.
        swap: SKU wanted in exchange, "" for money.
    """

    order_line: UUID
    quantity: int
    reason: Reason | None
    item_state: ItemState
    swap: str


class Chosen(msgspec.Struct, frozen=True):
    """A form as it was filled in.

    Args:
        lines: those with units.
        method: post or counter, "" when nothing was chosen.
        refund: original or stored_value.
        once: names the wish, so that sending it twice asks once; "" when there is none.
        change: it is to be changed once more.
    """

    lines: list[ChosenLine]
    method: str
    refund: Literal["original", "stored_value"]
    once: str
    change: bool = False


def read_form(body: bytes) -> Chosen:
    """Return what was chosen; what no form of ours sends is passed over."""
    fields = _fields(body)
    lines = []
    for name, value in fields.items():
        kind, _, text = name.partition(".")
        if kind != "units" or not _UNITS.fullmatch(value) or not int(value):
            continue
        try:
            order_line = UUID(text)
        except ValueError:
            continue
        reason = fields.get(f"reason.{text}", "")
        item_state = fields.get(f"state.{text}", "")
        lines.append(
            ChosenLine(
                order_line=order_line,
                quantity=min(int(value), UNITS_MAX),
                reason=reason if reason in get_args(Reason) else None,
                item_state=item_state if item_state in get_args(ItemState) else "new",
                swap=fields.get(f"swap.{text}", ""),
            )
        )
    method, once = fields.get("method", ""), fields.get("once", "")
    return Chosen(
        lines=lines,
        method=method if method in METHODS else "",
        refund="stored_value" if fields.get("refund") == "stored_value" else "original",
        once=once if _ONCE.fullmatch(once) else "",
        change="change" in fields,
    )


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return {name: value[:VALUE_CHARACTERS_MAX] for name, value in pairs}
