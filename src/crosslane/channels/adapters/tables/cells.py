"""Cells: what is written in a table, as the values a message has."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.branches import in_utc
from crosslane.channels.domain.fields import Kind
from crosslane.channels.domain.mapping import Column, TableMapping
from crosslane.kernel import Invalid, milli_price, parse_minor

FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "1", "x"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}
DIGITS_MAX = 19
PERCENT_DECIMALS = 2
# Blanks that programs put between thousands.
BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " "})
# What spreadsheets begin to calculate at, where a text stands behind it or not.
_FORMULA = re.compile("('*)[=+\\-@＝＋－＠]")


class CellWrong(Exception):
    """A cell does not hold what its column must hold.

    Args:
        code: stable name of the reason.
        detail: for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Notation(msgspec.Struct, frozen=True):
    """How a table writes numbers and times.

    Args:
        decimal, thousands: the marks in numbers.
        dates: formats of instants besides ISO 8601.
        zone: IANA zone of times that name none.
        currency: ISO 4217, of amounts.
        is_guarded: an apostrophe before what would be calculated is no part of a text.
        days: formats of days besides ISO 8601.
    """

    decimal: str
    thousands: str
    dates: Sequence[str]
    zone: str
    currency: str
    is_guarded: bool = True
    days: Sequence[str] = ()

    @classmethod
    def of(cls, mapping: TableMapping, *, zone: str, currency: str) -> "Notation":
        """Return the notation of a mapping; zone and currency are the channel's."""
        return cls(
            mapping.decimal,
            mapping.thousands,
            mapping.dates,
            mapping.timezone or zone,
            mapping.currency or currency,
            mapping.formulas == "guarded",
            mapping.days,
        )

    def guarded(self, text: str) -> str:
        """Return a text as no spreadsheet calculates it; :meth:`plain` takes that back."""
        return f"'{text}" if self.is_guarded and _FORMULA.match(text) else text

    def plain(self, text: str) -> str:
        """Return a text without the apostrophe that kept a spreadsheet from calculating it."""
        found = _FORMULA.match(text) if self.is_guarded else None
        return text[1:] if found and found[1] else text

    def value(self, text: str, kind: Kind, rule: Column) -> str | int | bool | date:
        """Return what a cell says.

        Args:
            text: of the cell, without blanks around it, never empty.
            kind: what the value must be.
            rule: of its column.

        Raises:
            CellWrong: it says nothing of this kind.
        """
        plain = self.plain(text)
        if rule.values:
            if (meant := rule.values.get(text, rule.values.get(plain))) is None:
                raise CellWrong("value-unknown", f"{text[:40]!r} is none of the column's values")
            plain = meant
        text = plain
        match kind:
            case "text":
                return text
            case "flag":
                return self._flag(text)
            case "instant":
                return self._instant(text)
            case "day":
                return self._day(text)
            case "whole":
                return self._whole(text) * rule.times
            case "percent":
                return self._basis_points(text)
            case "minor" | "milli":
                return self._amount(text, kind, minor=rule.minor)

    def number(self, text: str) -> str:
        """Return a number with a point and without marks between thousands.

        Marks between thousands are taken out only where they part thousands: 2.55 is not 255.

        Raises:
            CellWrong: it is no number in this notation.
        """
        found = _number(self.decimal, self.thousands).fullmatch(text.translate(BLANKS))
        if found is None:
            mark = "comma" if self.decimal == "," else "point"
            raise CellWrong("not-a-number", f"{text[:40]!r} is no number with a decimal {mark}")
        sign, whole, part = found.groups()
        whole = whole.replace(self.thousands, "") if self.thousands else whole
        return f"{'-' if sign == '-' else ''}{whole}{f'.{part}' if part else ''}"

    def written(self, value: str | float | bool | date | time | None) -> str:
        """Return the text of a spreadsheet's cell, as this notation would have written it.

        A spreadsheet keeps decimals as the shortest text that names its number, so that text is
        what was typed.
        """
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            text = f"{Decimal(repr(value)):f}"
            text = text.removesuffix(".0")
            return text.replace(".", self.decimal)
        return value if isinstance(value, str) else value.isoformat()

    @staticmethod
    def _flag(text: str) -> bool:
        if (found := FLAGS.get(text.lower())) is None:
            raise CellWrong("not-yes-or-no", f"{text[:40]!r} is neither yes nor no")
        return found

    def _whole(self, text: str) -> int:
        number = self.number(text)
        whole, _, part = number.partition(".")
        if part.strip("0") or len(whole) > DIGITS_MAX:
            raise CellWrong("not-whole", f"{text[:40]!r} is no whole number")
        return int(whole)

    def _amount(self, text: str, kind: Kind, *, minor: bool) -> int:
        number = self.number(text)
        if minor:
            return self._whole(text) * (1_000 if kind == "milli" else 1)
        read = milli_price if kind == "milli" else parse_minor
        try:
            return read(number, self.currency)
        except Invalid as refusal:
            raise CellWrong(refusal.code, refusal.message) from None

    def _basis_points(self, text: str) -> int:
        """Read a rate in percent, with its sign of percent or without one."""
        whole, _, part = self.number(text.removesuffix("%").rstrip()).partition(".")
        part = part.rstrip("0")
        if len(whole) > DIGITS_MAX or len(part) > PERCENT_DECIMALS:
            raise CellWrong("not-a-rate", f"{text[:40]!r} is no rate of whole basis points")
        return int(whole + part.ljust(PERCENT_DECIMALS, "0"))

    def _day(self, text: str) -> date:
        for form in self.days:
            if (read := _in_form(text, form)) is not None:
                return read.date()
        found = _iso(text)
        # Spreadsheets keep a day as its midnight, of no zone.
        if found is None or found.tzinfo is not None or found.time() != time.min:
            raise CellWrong("not-a-day", f"{text[:40]!r} is no day in the formats declared")
        return found.date()

    def _instant(self, text: str) -> datetime:
        # What was declared goes first: 2011-05-01 may be the fifth of January.
        readings = (read for form in self.dates if (read := _in_form(text, form)))
        found = next(readings, None) or _iso(text)
        if found is None:
            raise CellWrong("not-a-time", f"{text[:40]!r} is no time in the formats declared")
        if found.tzinfo is None:
            if not self.zone:
                raise CellWrong("not-a-time", f"{text[:40]!r} names no time zone")
            found = found.replace(tzinfo=ZoneInfo(self.zone))
        try:
            return in_utc(found)
        except ValueError:
            raise CellWrong("not-a-time", f"{text[:40]!r} lies out of range") from None


@lru_cache
def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = r"\d+"
    if thousands:
        whole = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+"
    return re.compile(rf"([+-]?)({whole})(?:{re.escape(decimal)}(\d+))?", re.ASCII)


def _in_form(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
