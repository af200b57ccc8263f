"""Building: the rows that belong together become one message."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from crosslane.channels.adapters.family import Context, Reading, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.tables.cells import CellWrong, Notation
from crosslane.channels.adapters.tables.rows import Row, Rows
from crosslane.channels.domain.fields import MESSAGES, ROWS, Field, fields_of
from crosslane.channels.domain.invoice_tables import TabledInvoice, invoice_of
from crosslane.channels.domain.mapping import Column, TableMapping, rules_of
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.replies import Invoice, OrderReply, noted
from crosslane.channels.errors import ColumnMissing
from crosslane.kernel import Refusal, pointer_step
from crosslane.platform.web import decode_json

# What names a message of itself when no column does. Of these a later time is a later version; of
# the others the sender counts, or says a thing once.
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "supply_snapshot": ("location",),
    "supply_delta": ("location",),
    "product": ("sku", "article", "gtin"),
    "price": ("sku", "article"),
    "contact": ("email", "phone"),
}
# What a table says when no column tells what happened.
USUAL: Mapping[str, Mapping[str, Any]] = {
    "return": {"step": "requested"},
    "fulfillment": {"step": "shipped"},
    "payment": {"outcome": "paid"},
}


class Wrong(Exception):
    """A row says something that cannot be taken."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Draft(msgspec.Struct):
    """A message while it is built.

    Args:
        first: cells of its first row, by column.
        notation: how its numbers are written: amounts are of the currency it names.
        told: what it says so far, by name.
        rest: what no column means anything by, by pointer.
    """

    first: Mapping[str, str]
    notation: Notation
    told: dict[str, Any]
    rest: dict[str, Any]


class Builder:
    """Turns the rows of a table into messages.

    Args:
        mapping: what the table means.
        rows: the table.
        notation: how it writes numbers and times.
        context: where it comes from.

    Raises:
        MappingUnusable: the mapping contradicts itself.
        ColumnMissing: a column is not there that every message needs.
    """

    def __init__(
        self, mapping: TableMapping, rows: Rows, notation: Notation, context: Context
    ) -> None:
        self._mapping, self._rows, self._notation = mapping, rows, notation
        self._context = context
        self._rules = rules_of(mapping)
        self._fields = fields_of(MESSAGES[mapping.brings])
        self._list = ROWS.get(mapping.brings, "")
        self._named_by = NAMED_BY.get(mapping.brings, ())
        self._usual = USUAL.get(mapping.brings, {})
        self._column_of = {rule.field: key for key, rule in self._rules.items()}
        self._require_columns()

    def readings(self) -> Iterator[Reading]:
        """Yield what the table says, a message a record, in the order of their first rows."""
        head = self._rows.head
        for rows in self._groups():
            place, body = rows[0].place, "\n".join(row.body for row in rows)
            of = Reading(place=place, head=head, body=body, rows=tuple(row.place for row in rows))
            try:
                yield msgspec.structs.replace(of, messages=(self._message(rows),))
            except Wrong as wrong:
                yield msgspec.structs.replace(of, fault=wrong.fault)

    def _require_columns(self) -> None:
        """Refuse a table that lacks a column without which no message of it can be understood."""
        info = msgspec.structs.fields(MESSAGES[self._mapping.brings])
        needed = {each.encode_name for each in info if each.required}
        needed -= {"currency", self._list, *self._usual}
        if self._named_by:
            needed -= {"source_id", "event_at"}
        if self._list:
            needed.add(f"{self._list}/quantity")
        for path in sorted(needed - self._mapping.always.keys()):
            key = self._column_of.get(path)
            if key is None or key not in self._rows.keys:
                raise ColumnMissing(pointer="/1", column=self._named(key) or f"for {path}")

    def _named(self, key: str | None) -> str:
        """Return a column as the mapping writes it."""
        names = {name.strip().lower(): name for name in self._mapping.columns}
        return names.get(key or "", "")

    def _groups(self) -> Iterator[list[Row]]:
        """Yield rows that belong together: of one source id, or, of supply, of one location."""
        if not self._list:
            yield from ([row] for row in self._rows.rows)
            return
        places = [
            self._rows.keys.index(key)
            for path in ("source_id", *self._named_by)
            if (key := self._column_of.get(path)) in self._rows.keys and key is not None
        ]
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in self._rows.rows:
            name = tuple(_cell(row, place) for place in places)
            # A row without a name stands alone, so that it spoils no other message.
            if places and not any(name):
                name = ("", str(row.place))
            groups.setdefault(name, []).append(row)
        yield from groups.values()

    def _message(self, rows: Sequence[Row]) -> Message:
        first = self._cells(rows[0], 0)
        draft = Draft(first, self._notation_of(first), {"type": self._mapping.brings}, {})
        told = draft.told
        told |= self._usual
        for path, text in self._mapping.always.items():
            rule, at = Column(field=path), f"/always/{path}"
            _put(told, path, self._value(draft.notation, text, path, rule, at))
        for number, row in enumerate(rows):
            cells = self._cells(row, number)
            part: dict[str, Any] = {}
            for key, text in cells.items():
                self._tell(draft, key, text, part, number)
            if self._list:
                told.setdefault(self._list, []).append(part.get(self._list, {}))
        for rule in self._rules.values():
            _tell_also(told, rule)
        self._name(draft)
        return self._checked(draft)

    def _notation_of(self, first: Mapping[str, str]) -> Notation:
        """Return how the amounts of a message are written: a yen has no hundredths."""
        currency = self._mapping.always.get("currency", "")
        key = self._column_of.get("currency", "")
        if key in first:
            rule = self._rules[key]
            text = first[key] or rule.otherwise
            at = f"/rows/0/{pointer_step(key)}"
            currency = text and str(self._value(self._notation, text, "currency", rule, at))
        return msgspec.structs.replace(self._notation, currency=currency or self._notation.currency)

    def _cells(self, row: Row, number: int) -> dict[str, str]:
        keys, cells = self._rows.keys, row.cells
        if len(cells) > len(keys) or (self._rows.head and len(cells) < len(keys)):
            detail = f"Row {row.place} has {len(cells)} cells, the header {len(keys)}"
            raise Wrong(Fault("cells-differ", detail, f"/rows/{number}"))
        return dict(zip(keys, (*cells, *[""] * (len(keys) - len(cells))), strict=True))

    def _tell(
        self,
        draft: Draft,
        key: str,
        text: str,
        part: dict[str, Any],
        number: int,
    ) -> None:
        """Put a cell where it belongs: into the message, into the row's part, or to the rest."""
        at = f"/rows/{number}/{pointer_step(key)}"
        rule = self._rules.get(key)
        if rule is None:
            if text:
                draft.rest[at] = self._notation.plain(text)
            return
        field = self._fields.get(rule.field)
        in_row = field is not None and field.in_row
        if not in_row and number and text != draft.first[key]:
            detail = f"{key} differs between the rows of one message"
            raise Wrong(Fault("rows-differ", detail, at))
        text = text or rule.otherwise
        if text and (in_row or not number):
            value = self._value(draft.notation, text, rule.field, rule, at)
            _put(part if in_row else draft.told, rule.field, value)

    def _value(self, notation: Notation, text: str, path: str, rule: Column, at: str) -> Any:
        field = self._fields.get(path) or Field(path, "text", in_row=False)
        try:
            if path == "source_version" and not text.isdigit():
                return version_of(notation.value(text, "instant", rule))
            return notation.value(text, field.kind, rule)
        except CellWrong as wrong:
            raise Wrong(Fault(wrong.code, wrong.detail, at)) from None

    def _name(self, draft: Draft) -> None:
        """Say of itself what no column tells: its name, its time, its version."""
        told = draft.told
        said_at = self._context.said_at or self._context.received_at
        told.setdefault("event_at", said_at)
        if "currency" in self._fields:
            told.setdefault("currency", draft.notation.currency)
        if "source_id" not in told:
            told["source_id"] = next((told[at] for at in self._named_by if at in told), "")
        if "source_version" not in told and self._named_by:
            told["source_version"] = version_of(told["event_at"])

    def _checked(self, draft: Draft) -> Message:
        told = msgspec.json.encode(draft.told | {"rest": draft.rest})
        try:
            said = decode_json(told, Message | OrderReply | TabledInvoice)
        except Refusal as refusal:
            raise Wrong(
                Fault(refusal.code, refusal.message, self._pointer(refusal.pointer))
            ) from None
        if isinstance(said, TabledInvoice):
            said = invoice_of(said)
        return noted(said) if isinstance(said, OrderReply | Invoice) else said

    def _pointer(self, pointer: str) -> str:
        """Turn a pointer into the message into one to the row, of its record, and the column."""
        steps = pointer.split("/")[1:]
        number, path = "0", "/".join(steps)
        if steps[:1] == [self._list] and len(steps) > 1:
            number, path = steps[1], "/".join((steps[0], *steps[2:]))
        while path and path not in self._column_of:
            path = path.rpartition("/")[0]
        key = self._column_of.get(path)
        return f"/rows/{number}/{pointer_step(key)}" if key else f"/rows/{number}"


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""


def _put(told: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where its path leads; lists grow as far as they are told."""
    steps = path.split("/")
    last = steps[-1]
    here: Any = told
    for step, after in pairwise(steps):
        fresh: Any = [] if after.isdigit() else {}
        if isinstance(here, list):
            place = min(int(step), len(here))
            if place == len(here):
                here.append(fresh)
            here = here[place]
        else:
            here = here.setdefault(step, fresh)
    if isinstance(here, list):
        here.append(value)
    else:
        here[last] = value


def _tell_also(told: dict[str, Any], rule: Column) -> None:
    """Let a value stand for others, where their part is told by something else."""
    if not rule.also or (value := _found(told, rule.field)) is None:
        return
    for path in rule.also:
        part, _, _ = path.rpartition("/")
        if _found(told, part) is not None and _found(told, path) is None:
            _put(told, path, value)


def _found(told: Any, path: str) -> Any:
    for step in path.split("/"):
        if not isinstance(told, dict):
            return None
        told = told.get(step)
    return told
