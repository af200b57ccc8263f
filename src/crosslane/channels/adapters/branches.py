"""Reading what was sent part by part, so that nothing of it gets lost.

A :class:`Branch` stands on the decoded record, beside a copy from which it takes out what is read.
What nobody has read is left there, and handed over as the message's ``rest``. A value that is not
what it must be raises :class:`NotReadable` with the pointer to it.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.amounts import MILLI, MINOR, Amounts
from crosslane.channels.adapters.port import Fault
from crosslane.kernel import (
    MILLI_PER_MINOR,
    Invalid,
    pointer_step,
    require_instant,
    rounded_ratio,
)

REST_VALUES_MAX = 20_000


class NotReadable(Exception):
    """A value is not what it must be.

    Args:
        fault: what is wrong with it, and where it stands.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Branch(msgspec.Struct, eq=False, gc=False):
    """A part of a record: a small thing, as there is one for every object that is looked at.

    Args:
        value: what was decoded.
        _at: pointer to it, or the branch it is of, its name there, and its place in a list.
        _left: what nobody has read of it, by the same names.
    """

    value: dict[str, Any]
    _at: Any
    _left: dict[str, Any]

    @classmethod
    def of(cls, value: Any, at: str = "") -> "Branch":
        """Return the branch that all others are of; what is no object says nothing.

        Args:
            value: a record as decoded.
            at: pointer to it.
        """
        return cls(value, at, value.copy()) if type(value) is dict else cls({}, at, {})

    @property
    def at(self) -> str:
        """Pointer to it; made when it is asked for, as hardly any ever is."""
        if not isinstance(self._at, str):
            above, name, *places = self._at
            self._at = "/".join((above._pointer(name), *map(str, places)))
        return self._at

    def __bool__(self) -> bool:
        return bool(self.value)

    def __contains__(self, name: str) -> bool:
        value = self.value.get(name)
        return value is not None and value != ""

    def has(self, name: str) -> bool:
        """Whether a value is told at all, though it be null."""
        return name in self.value

    def wrong(self, name: str, wanted: str) -> NotReadable:
        """Return the refusal of a value."""
        return NotReadable(Fault("invalid-field", f"{name} is not {wanted}", self._pointer(name)))

    def missing(self, name: str) -> NotReadable:
        """Return the refusal of a record that lacks a value."""
        return NotReadable(Fault("field-missing", f"{name} is missing", self._pointer(name)))

    def peek(self, name: str) -> Any:
        """Return a value without having read it."""
        return self.value.get(name)

    def word(self, name: str) -> str:
        """Return a text without having read it, "" when there is none."""
        value = self.value.get(name)
        return value if isinstance(value, str) else ""

    def take(self, name: str) -> Any:
        """Return a value as it was decoded, None when it is absent."""
        self._left.pop(name, None)
        return self.value.get(name)

    def text(self, name: str, *others: str, default: str = "") -> str:
        """Return the first of several values that says something, as text.

        Others that say the same are read with it; one that says something else is left over.
        """
        value = self.value.get(name)
        if not others:
            if value is None:
                return default
            if type(value) is str:
                self._left.pop(name, None)
                return value or default
        found = ""
        for one in (name, *others):
            value = self.value.get(one)
            if value is None or value == "":
                continue
            kind = type(value)
            if kind is not str:
                if kind is not int and kind is not Decimal:
                    raise self.wrong(one, "a text")
                value = str(value)
            found = found or value
            if value == found:
                self._left.pop(one, None)
        return found or default

    def cut(self, most: int, *names: str) -> str:
        """Return the first of several texts as far as there is room; one that is cut is left over.

        Args:
            most: characters there is room for.
            names: of the values.
        """
        found = self.text(*names)
        if len(found) <= most:
            return found
        self.leave(*names)
        return found[:most]

    def leave(self, *names: str) -> None:
        """Leave values over that were read, as a message has no room for all of them."""
        for name in names:
            if name in self.value:
                self._left[name] = self.value[name]

    def needed(self, *names: str) -> str:
        """Return a text that must be there.

        Raises:
            NotReadable: it is not.
        """
        found = self.text(*names)
        if not found:
            raise self.missing(names[0])
        return found

    def whole(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number, the default when it is absent."""
        value = self.take(name)
        if type(value) is int:
            return value
        if value is None or value == "":
            return default
        try:
            number = Decimal(str(value))
            if isinstance(value, bool) or number != number.to_integral_value():
                raise self.wrong(name, "a whole number")
            return int(number)
        except (InvalidOperation, OverflowError):
            raise self.wrong(name, "a whole number") from None

    def minor(self, name: str, currency: str, default: int | None = None) -> int | None:
        """Return an amount in minor units, the default when it is absent."""
        self._left.pop(name, None)
        return self._money(name, currency, default, MINOR)

    def milli(self, name: str, currency: str, default: int | None = None) -> int | None:
        """Return a unit price in 1/1000 minor units, the default when it is absent."""
        self._left.pop(name, None)
        return self._money(name, currency, default, MILLI)

    def rounded_minor(self, name: str, currency: str) -> int | None:
        """Return an amount in minor units; one that is finer is rounded, and left over as told."""
        milli = self._money(name, currency, None, MILLI)
        if milli is None:
            return None
        minor, finer = divmod(milli, MILLI_PER_MINOR)
        if finer:
            return rounded_ratio(milli, 1, MILLI_PER_MINOR)
        self._left.pop(name, None)
        return minor

    def flag(self, name: str) -> bool | None:
        """Return a truth, None when it is absent."""
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return value
        raise self.wrong(name, "true or false")

    def moment(self, *names: str, zone: str = "") -> datetime | None:
        """Return the first of several instants that is told; others are left over.

        Args:
            names: of the values.
            zone: IANA zone of times that name none; without it they are refused.
        """
        for name in names:
            value = self.value.get(name)
            if value is not None and value != "":
                self._left.pop(name, None)
                return self._instant(name, value, zone)
        return None

    def branch(self, name: str) -> "Branch":
        """Return a part, an empty one when it is absent."""
        value = self.value.get(name)
        if type(value) is dict:
            left = self._left.get(name)
            if left is value:
                left = self._left[name] = value.copy()
            return Branch(value, (self, name), {} if left is None else left)
        if value is None:
            return Branch({}, (self, name), {})
        raise self.wrong(name, "an object")

    def branches(self, name: str) -> list["Branch"]:
        """Return the parts of a list, none when it is absent; what is no object is an empty one."""
        value = self.value.get(name)
        if value is None or value == []:
            return []
        if type(value) is not list:
            raise self.wrong(name, "a list")
        left = self._left.get(name)
        if left is value:
            left = [part.copy() if type(part) is dict else part for part in value]
            self._left[name] = left
        return [
            Branch(part, (self, name, place), left[place] if left else {})
            if type(part) is dict
            else Branch({}, (self, name, place), {})
            for place, part in enumerate(value)
        ]

    def unread(self) -> "Branch":
        """Return the same part, for values that are left over though they are looked at."""
        return Branch(self.value, self._at, {})

    def finish(self) -> None:
        """Count all of it as read: what was left over of it has been handed over."""
        self._left.clear()

    def rest(self) -> dict[str, Any]:
        """Return what nobody has read, by pointer; what is empty says nothing."""
        found: dict[str, Any] = {}
        waiting: list[tuple[Any, str]] = [(self._left, self.at)]
        while waiting:
            left, at = waiting.pop()
            named = type(left) is dict
            for name, part in left.items() if named else enumerate(left):
                kind = type(part)
                if part is None or (kind is str and not part):
                    continue
                if named and ("/" in name or "~" in name):
                    name = pointer_step(name)
                if kind is dict or kind is list:
                    if part:
                        waiting.append((part, f"{at}/{name}"))
                else:
                    found[f"{at}/{name}"] = part
            if len(found) > REST_VALUES_MAX:
                detail = f"More than {REST_VALUES_MAX} values are not known"
                raise NotReadable(Fault("too-much", detail, at))
        return found

    def _money(self, name: str, currency: str, default: int | None, amounts: Amounts) -> int | None:
        value = self.value.get(name)
        if value is None or value == "":
            return default
        if type(value) is not str:
            if type(value) is not int and type(value) is not Decimal:
                raise self.wrong(name, "an amount")
            value = str(value)
        try:
            return amounts[value.strip(), currency]
        except Invalid as refusal:
            raise NotReadable(Fault.of(refusal, at=self._pointer(name))) from None

    def _instant(self, name: str, value: Any, zone: str) -> datetime:
        try:
            found = instant_of(str(value), zone)
        except ValueError:
            raise self.wrong(name, "an instant") from None
        if found is None:
            raise self.wrong(name, "an instant with its zone")
        return found

    def _pointer(self, name: str) -> str:
        return f"{self.at}/{pointer_step(name)}"


def instant_of(text: str, zone: str) -> datetime | None:
    """Read an instant, or a day as its beginning; None when nobody says in which zone.

    Args:
        text: as ISO 8601 writes it.
        zone: IANA zone of times that name none, "" when there is no such.

    Raises:
        ValueError: it is none, or none that can be kept.
    """
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        if not zone:
            return None
        found = found.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    return in_utc(found)


def in_utc(moment: datetime) -> datetime:
    """Return an instant as every canonical message tells it.

    Raises:
        ValueError: it lies where none can be kept, such as in the first year of all.
    """
    try:
        return require_instant(moment.astimezone(UTC))
    except (Invalid, OverflowError):
        raise ValueError(f"{moment.isoformat()} is out of range") from None


def read_json(raw: bytes) -> Any:
    """Decode JSON; numbers with decimals stay exact.

    Raises:
        NotReadable: it is none, or nested too deeply.
    """
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotReadable(Fault("malformed-json", f"It is not JSON: {error}"[:500])) from None


def leads_into(pointer: str, document: Any) -> bool:
    """Whether a JSON pointer leads into a document; what it names may be missing there."""
    *steps, _ = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    for step in steps[1:]:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return False
    return True


_decoder = msgspec.json.Decoder(float_hook=Decimal)
