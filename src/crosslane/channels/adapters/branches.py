"""Reading what was sent part by part, so that nothing of it gets lost.

A :class:`Branch` stands on the decoded record and remembers what was read of it. What nobody read
is handed over as the message's ``rest``. A value that is not what it must be raises
:class:`NotReadable` with the pointer to it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.amounts import milli_told, minor_told
from crosslane.channels.adapters.port import Fault
from crosslane.kernel import (
    MILLI_PER_MINOR,
    Invalid,
    pointer_step,
    require_instant,
    rounded_ratio,
)

Seen = dict[Any, Any]
"""What was read of a part: by name or place whether (True), or what of it (Seen)."""
REST_VALUES_MAX = 20_000
# In a Seen: nothing of the part is left over.
ALL = None
NOT_SEEN: Seen = {}
PARTS = (dict, list)
TEXTS = (str, int, Decimal)


class NotReadable(Exception):
    """A value is not what it must be.

    Args:
        fault: what is wrong with it, and where it stands.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Branch:
    """A part of a record.

    Args:
        value: what was decoded: an object, usually.
        at: pointer to it, or the part it is in and its name there.
        seen: what was read of it, nothing yet when absent.
    """

    __slots__ = ("_at", "_parts", "_seen", "value")

    def __init__(
        self, value: Any, at: "str | tuple[Branch, str]" = "", seen: Seen | None = None
    ) -> None:
        self.value = value
        self._at = at
        self._parts: dict[str, Any] = value if isinstance(value, dict) else {}
        self._seen: Seen = {} if seen is None else seen

    @property
    def at(self) -> str:
        """Pointer to it; made when it is asked for, as hardly any ever is."""
        if not isinstance(self._at, str):
            above, name = self._at
            self._at = above._pointer(name)
        return self._at

    def __bool__(self) -> bool:
        return bool(self.value)

    def __contains__(self, name: str) -> bool:
        value = self._parts.get(name)
        return value is not None and value != ""

    def has(self, name: str) -> bool:
        """Whether a value is told at all, though it be null."""
        return name in self._parts

    def wrong(self, name: str, wanted: str) -> NotReadable:
        """Return the refusal of a value."""
        return NotReadable(Fault("invalid-field", f"{name} is not {wanted}", self._pointer(name)))

    def missing(self, name: str) -> NotReadable:
        """Return the refusal of a record that lacks a value."""
        return NotReadable(Fault("field-missing", f"{name} is missing", self._pointer(name)))

    def peek(self, name: str) -> Any:
        """Return a value without having read it."""
        return self._parts.get(name)

    def word(self, name: str) -> str:
        """Return a text without having read it, "" when there is none."""
        value = self._parts.get(name)
        return value if isinstance(value, str) else ""

    def take(self, name: str) -> Any:
        """Return a value as it was decoded, None when it is absent."""
        self._seen[name] = True
        return self._parts.get(name)

    def text(self, *names: str, default: str = "") -> str:
        """Return the first of several values that says something, as text.

        Others that say the same are read with it; one that says something else is left over.
        """
        found = ""
        for name in names:
            value = self._parts.get(name)
            if value is None or value == "":
                continue
            if type(value) is str:
                said = value
            elif isinstance(value, bool) or not isinstance(value, TEXTS):
                raise self.wrong(name, "a text")
            else:
                said = str(value)
            found = found or said
            if said == found:
                self._seen[name] = True
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
            self._seen.pop(name, None)

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
        self._seen[name] = True
        return self._money(name, currency, default, minor_told)

    def milli(self, name: str, currency: str, default: int | None = None) -> int | None:
        """Return a unit price in 1/1000 minor units, the default when it is absent."""
        self._seen[name] = True
        return self._money(name, currency, default, milli_told)

    def rounded_minor(self, name: str, currency: str) -> int | None:
        """Return an amount in minor units; one that is finer is rounded, and left over as told."""
        milli = self._money(name, currency, None, milli_told)
        if milli is None:
            return None
        minor, finer = divmod(milli, MILLI_PER_MINOR)
        if finer:
            return rounded_ratio(milli, 1, MILLI_PER_MINOR)
        self._seen[name] = True
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
            if name in self:
                return self._instant(name, self.take(name), zone)
        return None

    def branch(self, name: str) -> "Branch":
        """Return a part, an empty one when it is absent."""
        value = self._parts.get(name)
        if value is None:
            return Branch({}, (self, name))
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Branch(value, (self, name), self._within(name))

    def branches(self, name: str) -> list["Branch"]:
        """Return the parts of a list, none when it is absent."""
        value = self.peek(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        if not value:
            return []
        at, seen = self._pointer(name), self._within(name)
        return [Branch(part, f"{at}/{n}", seen.setdefault(n, {})) for n, part in enumerate(value)]

    def finish(self) -> None:
        """Count all of it as read: what was left over of it has been handed over."""
        self._seen[ALL] = True

    def rest(self) -> dict[str, Any]:
        """Return what nobody has read, by pointer; what is empty says nothing."""
        found: dict[str, Any] = {}
        waiting: list[tuple[Any, str, Seen]] = [(self.value or {}, self.at, self._seen)]
        while waiting:
            value, at, within = waiting.pop()
            if ALL in within:
                continue
            for name, part in value.items() if isinstance(value, dict) else enumerate(value):
                seen = within.get(name)
                if seen is True or part is None or part == "":
                    continue
                pointer = f"{at}/{name}"
                if type(name) is str and ("/" in name or "~" in name):
                    pointer = f"{at}/{pointer_step(name)}"
                if isinstance(part, PARTS):
                    waiting.append((part, pointer, seen or NOT_SEEN))
                elif seen is None or ALL not in seen:
                    found[pointer] = part
            if len(found) > REST_VALUES_MAX:
                detail = f"More than {REST_VALUES_MAX} values are not known"
                raise NotReadable(Fault("too-much", detail, at))
        return found

    def _within(self, name: str) -> Seen:
        seen = self._seen.setdefault(name, {})
        return {} if seen is True else seen

    def _money(
        self, name: str, currency: str, default: int | None, read: Callable[[str, str], int]
    ) -> int | None:
        value = self._parts.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, TEXTS) or isinstance(value, bool):
            raise self.wrong(name, "an amount")
        try:
            return read((value if type(value) is str else str(value)).strip(), currency)
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
        found = found.replace(tzinfo=ZoneInfo(zone))
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
