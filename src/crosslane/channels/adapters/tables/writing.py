"""Writing: a message becomes rows of a table, by the same mapping a table is read by.

What a mapping cannot say exactly is not written at all: an amount of another currency, a third of a
box, a word it has no word for. Who reads a table cannot ask.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.tables.building import NAMED_BY
from crosslane.channels.adapters.tables.cells import PERCENT_DECIMALS, CellWrong, Notation
from crosslane.channels.adapters.telling import Talk
from crosslane.channels.domain.exchange import WrittenTable
from crosslane.channels.domain.fields import MESSAGES, ROWS, Field, fields_of
from crosslane.channels.domain.invoice_tables import TabledInvoice, tabled
from crosslane.channels.domain.mapping import Column, TableMapping, rules_of
from crosslane.channels.domain.messages import Outbound
from crosslane.channels.domain.replies import Invoice
from crosslane.kernel import MILLI_DECIMALS, MILLI_PER_MINOR, currency_exponent

AMOUNTS = ("minor", "milli")
# No text holds them: neither a table that is read again, nor a workbook.
_NEVER = re.compile("[\x00\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")


class Unwritable(Exception):
    """A message cannot be said by a table.

    Args:
        code: stable name of the reason.
        detail: for people.
        pointer: to what cannot be said, into the message.
    """

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table.

    Args:
        text: what it says.
        number: what it is to a spreadsheet, None for text.
        guarded: a spreadsheet would calculate it, and must not.
    """

    text: str = ""
    number: Decimal | None = None
    guarded: bool = False


class Rows(msgspec.Struct, frozen=True):
    """What one message says in a table.

    Args:
        name: by which its rows are found among others, empty when nothing names them.
        shared: what each of them says of the message.
        rows: its rows.
    """

    name: tuple[str, ...]
    shared: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


class Writer:
    """Writes messages of a kind as rows.

    Args:
        kind: of the messages.
        table: how they are written; it has a mapping.
        talk: with whom.

    Raises:
        MappingUnusable: the mapping contradicts itself.
    """

    def __init__(self, kind: str, table: WrittenTable, mapping: TableMapping, talk: Talk) -> None:
        self._rules = rules_of(mapping)
        self._fields = fields_of(MESSAGES[kind])
        self._list = ROWS.get(kind, "")
        self._is_stock = kind == "supply_snapshot"
        self._always = mapping.always
        self._notation = Notation.of(mapping, zone=talk.timezone, currency=talk.currency)
        is_text = table.how.written == "csv"
        self._encoding = (mapping.encoding or "utf-8") if is_text else "utf-8"
        self._theirs = {
            "location": talk.locations,
            "to": talk.locations,
            "service": talk.services,
        }
        self._columns = _laid_out(mapping)
        named_by = {"source_id", *NAMED_BY.get(kind, ())}
        self._naming = [key for _, key in self._columns if self._field_of(key) in named_by]
        said = {rule.field for rule in self._rules.values()}
        # Rows of a stock that has no number of its own are those of its location.
        self.merges = self._is_stock and "source_id" not in said

    @property
    def heading(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self._columns]

    def rows(self, said: Outbound) -> Rows:
        """Return what a message says.

        Raises:
            Unwritable: the table cannot say it, or not exactly.
        """
        message = tabled(said) if isinstance(said, Invoice) else said
        self._require_meant(message)
        notation = self._notation_of(message)
        parts = self._parts(message)
        shared = {
            key: self._cell(notation, key, message, "")
            for key, rule in self._rules.items()
            if not self._is_in_row(rule.field)
        }
        written: list[list[Cell]] = []
        for number, part in enumerate(parts):
            own = {
                key: self._cell(notation, key, part, f"/{self._list}/{number}")
                for key, rule in self._rules.items()
                if self._is_in_row(rule.field)
            }
            cells = shared | own
            written.append([cells.get(key, Cell()) for _, key in self._columns])
            if not any(cell.text for cell in written[-1]):
                raise Unwritable("nothing-to-write", "The table has no column for any of it")
        name = tuple(shared[key].text for key in self._naming if key in shared)
        return Rows(name, tuple(cell.text for cell in shared.values()), written)

    def _field_of(self, key: str) -> str:
        return self._rules[key].field if key in self._rules else ""

    def _is_in_row(self, path: str) -> bool:
        field = self._fields.get(path)
        return field is not None and field.in_row

    def _parts(self, message: Outbound | TabledInvoice) -> Sequence[Any]:
        parts = getattr(message, self._list) if self._list else (message,)
        if not parts:
            raise Unwritable("no-lines", "A table has a row for each line, and there is none")
        return parts

    def _require_meant(self, message: Outbound | TabledInvoice) -> None:
        """Refuse a message of which the table says always something else."""
        for path, text in self._always.items():
            field = self._fields.get(path) or Field(path, "text", in_row=False)
            try:
                meant = self._notation.value(text, field.kind, Column(field=path))
            except CellWrong as wrong:
                raise Unwritable(wrong.code, wrong.detail, f"/always/{path}") from None
            for part in self._parts(message) if field.in_row else (message,):
                if (value := self._value(part, field)) != meant:
                    detail = f"The table always says {path} {text}, and this is {value}"
                    raise Unwritable("said-otherwise", detail[:300], f"/{path}")

    def _notation_of(self, message: Outbound | TabledInvoice) -> Notation:
        """Return how amounts are written: of a currency that nobody would know, not at all."""
        currency = getattr(message, "currency", "")
        if currency in ("", self._notation.currency):
            return self._notation
        said = {rule.field for rule in self._rules.values()} | self._always.keys()
        amounts = [one for one in said if one in self._fields and self._fields[one].kind in AMOUNTS]
        if amounts and "currency" not in said:
            detail = f"Amounts of the table are {self._notation.currency}, these are {currency}"
            raise Unwritable("currency-differs", detail, "/currency")
        return msgspec.structs.replace(self._notation, currency=currency)

    def _cell(self, notation: Notation, key: str, said: Any, at: str) -> Cell:
        rule = self._rules[key]
        field = self._fields.get(rule.field) or Field(rule.field, "text", in_row=False)
        path = self._step(field)
        value = self._value(said, field)
        if value in (None, ""):
            return Cell()
        try:
            cell = self._written(notation, field, rule, value)
            cell.text.encode(self._encoding)
        except UnicodeEncodeError as error:
            detail = f"{error.object[error.start]!r} cannot be written in {self._encoding}"
            raise Unwritable("not-encodable", detail, f"{at}/{path}") from None
        except Unwritable as why:
            raise Unwritable(why.code, why.detail, f"{at}/{path}") from None
        return cell

    def _step(self, field: Field) -> str:
        return field.path.removeprefix(f"{self._list}/") if field.in_row else field.path

    def _value(self, said: Any, field: Field) -> Any:
        """Return what a message or a part of it says, by the channel's own words."""
        value = _found(said, self._step(field))
        return self._theirs.get(field.path, {}).get(value, value) if value else value

    def _written(self, notation: Notation, field: Field, rule: Column, value: Any) -> Cell:
        if rule.values:
            return _word(notation, field, rule, value)
        match field.kind:
            case "flag":
                return Cell("true" if value else "false")
            case "instant":
                return Cell(_moment(notation, value))
            case "day":
                return Cell(_day(notation, value))
            case "whole":
                rounded = self._is_stock and field.path == "rows/quantity"
                return _number(notation, _whole(value, rule.times, rounded=rounded))
            case "percent":
                return _number(notation, Decimal(value).scaleb(-PERCENT_DECIMALS).normalize())
            case "minor" | "milli":
                return _number(notation, _amount(notation, field.kind, value, minor=rule.minor))
            case "text":
                return _text(notation, str(value))


def _laid_out(mapping: TableMapping) -> list[tuple[str, str]]:
    """Return headings and keys of columns in their order; one named by its place stands there."""
    keys = [(name.strip(), name.strip().lower()) for name in mapping.columns]
    placed = {int(key[1:]): key for _, key in keys if key[:1] == "#" and key[1:].isdigit()}
    others: Iterator[tuple[str, str]] = iter(
        [(name, key) for name, key in keys if key not in placed.values()]
    )
    last, columns = max(placed, default=0), []
    while len(columns) < last or len(columns) < len(keys):
        place = len(columns) + 1
        columns.append(("", placed[place]) if place in placed else next(others, ("", "")))
    return columns + list(others)


def _found(said: Any, path: str) -> Any:
    """Return what stands at a path, None for nothing."""
    for step in path.split("/"):
        if isinstance(said, (tuple, list)):
            place = int(step)
            said = said[place] if place < len(said) else None
        elif isinstance(said, Mapping):
            said = said.get(step)
        else:
            said = getattr(said, step, None)
    return said


def _word(notation: Notation, field: Field, rule: Column, value: Any) -> Cell:
    """Return the word that means a value."""
    for word in rule.values:
        try:
            if notation.value(word, field.kind, rule) == value:
                return Cell(word)
        except CellWrong:
            continue
    raise Unwritable("value-unknown", f"The column has no word for {str(value)[:40]!r}")


def _text(notation: Notation, text: str) -> Cell:
    if found := _NEVER.search(text):
        raise Unwritable("not-writable", f"It holds {found[0]!r}, which no table can")
    plain = _LINE_END.sub("\n", text).strip()
    return Cell(plain, guarded=notation.guarded(plain) != plain)


def _moment(notation: Notation, at: datetime) -> str:
    local = at.astimezone(ZoneInfo(notation.zone))
    return local.strftime(notation.dates[0]) if notation.dates else local.isoformat()


def _day(notation: Notation, day: date) -> str:
    return day.strftime(notation.days[0]) if notation.days else day.isoformat()


def _whole(value: int, times: int, *, rounded: bool) -> Decimal:
    """Return units as the table counts them; of stock no more than there is."""
    number, rest = divmod(value, times)
    if rest and not rounded:
        raise Unwritable("not-whole", f"{value} are no whole number of {times}")
    return Decimal(number)


def _amount(notation: Notation, kind: str, value: int, *, minor: bool) -> Decimal:
    """Return an amount with as many decimals as its currency has, or as it needs."""
    exponent = currency_exponent(notation.currency)
    milli = value if kind == "milli" else value * MILLI_PER_MINOR
    whole, rest = divmod(milli, MILLI_PER_MINOR)
    if minor:
        if rest:
            raise Unwritable("not-whole", "It is no whole number of minor units")
        return Decimal(whole)
    if not rest:
        return Decimal(whole).scaleb(-exponent)
    return Decimal(milli).scaleb(-exponent - MILLI_DECIMALS).normalize()


def _number(notation: Notation, number: Decimal) -> Cell:
    text = f"{number:f}"
    return Cell(text.replace(".", notation.decimal), number)
