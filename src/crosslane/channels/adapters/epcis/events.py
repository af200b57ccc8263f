"""What an event says: goods on their way, goods that came to be or are no more, or a notice."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable, instant_of
from crosslane.channels.adapters.epcis.keys import Key, read_key
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message, StockRow, SupplyDelta, SupplySnapshot
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods, Notice
from crosslane.channels.domain.told import LINES_MAX

CODE_CHARACTERS_MAX = 64
SHORT_CHARACTERS_MAX = 100
# Business steps of the vocabulary (CBV) that say how far goods are on their way.
STEPS = {
    "shipping": "shipped",
    "departing": "shipped",
    "transporting": "in_transit",
    "arriving": "in_transit",
    "receiving": "received",
    "accepting": "received",
    "packing": "packed",
    "void_shipping": "cancelled",
}
# Of no order these are of use when they say which goods go where.
COMING = ("shipped", "in_transit")
COUNTED = ("cycle_counting", "stock_taking")
# Events that tie goods to something else; deleted, they undo no more than that.
TIES = ("AggregationEvent", "AssociationEvent", "TransactionEvent")
# Units of UN/ECE recommendation 20 that are pieces.
PIECES = ("", "EA", "H87", "C62", "PCE")
EPCS = ("epcList", "childEPCs")
QUANTITIES = ("quantityList", "childQuantityList")
_WORD = re.compile(
    r"(?:urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):"
    r"|(?:(?:cbv|gs1):|https?://(?:ref\.)?gs1\.org/(?:cbv|voc)/)(?:BizStep|Disp|BTT|SDT|ER)-)"
    r"([\w-]+)"
)
_TRANSACTION = re.compile(r"urn:epcglobal:cbv:bt:[^:]*:(.+)", re.DOTALL)
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


class Goods(NamedTuple):
    """Units of an article that an event names.

    Args:
        key: the article's, with what tells these units from others of it.
        units: how many.
    """

    key: Key
    units: int


def word(text: str) -> str:
    """Return a word of the vocabulary as it is written bare; a word of somebody else's as it is."""
    found = _WORD.fullmatch(text)
    return found[1] if found else text


def understand(event: Branch, context: Context) -> Message:
    """Return what an event says.

    Raises:
        NotReadable: it says something that cannot be so.
    """
    step, action = word(event.word("bizStep")), event.word("action")
    kind = event.word("type")
    error = event.branch("errorDeclaration")
    at = _happened(event, context)
    told: dict[str, Any] = {
        "source_id": _identity(event),
        "source_version": _version(at, error),
        "event_at": at,
        "channel": context.channel,
    }
    undone = kind in TIES and action == "DELETE"
    message: Message | None = None
    if step in STEPS and not undone:
        message = _moved(event, STEPS[step], told, bool(error))
    elif step in COUNTED and action in ("OBSERVE", "") and not error:
        message = _counted(event, told)
    elif kind == "TransformationEvent" or (kind == "ObjectEvent" and action in ("ADD", "DELETE")):
        message = _changed(event, action, told, bool(error))
    if message is not None:
        return message
    topic = "error_declared" if error else step or kind
    return Notice(**told, topic=topic[:SHORT_CHARACTERS_MAX])


def _happened(event: Branch, context: Context) -> datetime:
    """Return when it happened; a time without zone is that of the place it happened at."""
    text, offset = event.needed("eventTime").strip(), event.word("eventTimeZoneOffset")
    with suppress(ValueError):
        if datetime.fromisoformat(text).tzinfo is None and _OFFSET.fullmatch(offset):
            text += offset
        if (found := instant_of(text, context.timezone)) is not None:
            return found
    raise event.wrong("eventTime", "an instant")


def _version(at: datetime, error: Branch) -> int:
    """Return the version: what takes an event back comes after it."""
    if not error:
        return version_of(at)
    declared = error.moment("declarationTime", zone="UTC")
    if declared is None:
        raise error.missing("declarationTime")
    return max(version_of(at) + 1, version_of(declared))


def _identity(event: Branch) -> str:
    """Return by what an event is known again: its own name, else what it says."""
    own = event.text("eventID")
    if own and len(own) <= SHORT_CHARACTERS_MAX:
        return own
    passing = ("recordTime", "errorDeclaration", "@context")
    kept = own or {name: part for name, part in event.value.items() if name not in passing}
    return f"sha-256:{sha256(msgspec.json.encode(kept, order='sorted')).hexdigest()}"


def _moved(event: Branch, step: Any, told: dict[str, Any], is_error: bool) -> Message | None:
    """Return how far goods are on their way; None when it is of nobody's concern."""
    order = _order(event)
    if is_error and step != "shipped":
        return None
    if step == "packed" and not order:
        return None
    goods = list(_goods(event, EPCS, QUANTITIES))
    parcels = list(_parcels(event))
    if order and step in ("shipped", "packed") and not goods and not is_error:
        name = next((name for name in (*EPCS, *QUANTITIES, "parentID") if name in event), EPCS[0])
        detail = f"It names order {order}, and nothing that says what of it this is"
        raise NotReadable(Fault("contents-unknown", detail, f"/{name}"))
    lines, to = _lines(goods), _party(event, "destinationList", "destination")
    if not order and step in COMING and not (lines and to):
        return None
    if len(parcels) == 1:
        told = told | {"source_id": parcels[0]}
    elif named := _transactions(event, "desadv"):
        told = told | {"source_id": named[0][:SHORT_CHARACTERS_MAX]}
    arrives = step == "received"
    here = _place(event, "bizLocation", "readPoint") if arrives else ""
    away = "" if arrives else _place(event, "readPoint", "bizLocation")
    return FulfillmentEvent(
        **told,
        order=order,
        step="cancelled" if is_error else step,
        lines=lines,
        location=away or _party(event, "sourceList", "source"),
        to=here or to,
        tracking=tuple(parcels),
        reason=word(event.branch("errorDeclaration").text("reason")),
    )


def _order(event: Branch) -> str:
    named = list(dict.fromkeys(_transactions(event, "po")))
    if len(named) > 1:
        detail = "It is of several orders, and does not say which goods are of which"
        raise NotReadable(Fault("orders-several", detail, "/bizTransactionList"))
    return named[0][:SHORT_CHARACTERS_MAX] if named else ""


def _transactions(event: Branch, kind: str) -> list[str]:
    """Return the numbers of papers of a kind; they are left over, with who has issued them."""
    found: list[str] = []
    for paper in event.branches("bizTransactionList"):
        text = paper.word("bizTransaction")
        if word(paper.word("type")) != kind or not text:
            continue
        key = _key(text)
        if key is not None:
            found.append(key.number + key.serial)
        elif told := _TRANSACTION.fullmatch(text):
            found.append(told[1])
        else:
            found.append(text.rstrip("/").rpartition("/")[2] or text)
    return found


def _key(text: str) -> Key | None:
    """Return the key a text is; what is none, or wrong, is but a text."""
    try:
        return read_key(text)
    except ValueError:
        return None


def _goods(
    event: Branch, epcs: tuple[str, ...], quantities: tuple[str, ...], *, with_none: bool = False
) -> Iterator[Goods]:
    """Yield goods that are counted in pieces; what is measured, or no article, is left over.

    Args:
        event: that names them.
        epcs: lists of single things; likewise of quantities.
        quantities: lists of classes of them.
        with_none: that there is none of an article is yielded as well.

    Raises:
        NotReadable: the number of an article is wrong.
    """
    for name in epcs:
        for n, text in enumerate(_listed(event, name)):
            key = _article(text, f"/{name}/{n}")
            if key is not None:
                yield Goods(key, 1)
    for name in quantities:
        for part in event.branches(name):
            key = _article(part.word("epcClass"), f"{part.at}/epcClass")
            units = _units(part)
            if key is not None and (units or (with_none and units == 0)):
                yield Goods(key, units or 0)


def _listed(event: Branch, name: str) -> list[str]:
    value = event.peek(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise event.wrong(name, "a list")
    for n, text in enumerate(value):
        if not isinstance(text, str):
            raise NotReadable(Fault("invalid-field", "It is not a text", f"/{name}/{n}"))
    return value


def _article(text: str, pointer: str) -> Key | None:
    try:
        key = read_key(text)
    except ValueError as error:
        raise NotReadable(Fault("bad-key", str(error), pointer)) from None
    return key if key is not None and key.kind == "gtin" else None


def _units(part: Branch) -> int | None:
    """Return how many pieces it is; None when nobody says, or when it is measured."""
    value = part.peek("quantity")
    if isinstance(value, dict) and _is_nil(value):
        value = None
    if value in (None, "") or part.word("uom").upper() not in PIECES:
        return None
    try:
        number = Decimal(str(value))
        whole = number.is_finite() and number == number.to_integral_value() and number >= 0
    except InvalidOperation:
        whole, number = False, Decimal()
    if not whole or isinstance(value, bool):
        raise part.wrong("quantity", "a whole number of pieces")
    if number > 10**9:
        raise part.wrong("quantity", "a number of pieces somebody could have")
    return int(number)


def _is_nil(value: dict[str, Any]) -> bool:
    """Whether an element of XML says that it has no content."""
    return any(
        name.rpartition(":")[2] == "nil" and text in ("true", "1") for name, text in value.items()
    )


def _lines(goods: list[Goods]) -> tuple[MovedGoods, ...]:
    """Return goods as lines: each thing by itself, or by article when they are too many."""
    apart = Counter[tuple[str, str]]()
    for each in goods:
        apart[(each.key.number, (each.key.serial or each.key.lot)[:SHORT_CHARACTERS_MAX])] += (
            each.units
        )
    if len(apart) > LINES_MAX:
        together = Counter[tuple[str, str]]()
        for (number, _), units in apart.items():
            together[(number, "")] += units
        apart = together
    return tuple(
        MovedGoods(gtin=number, lot=lot, quantity=units) for (number, lot), units in apart.items()
    )


def _parcels(event: Branch) -> Iterator[str]:
    """Yield the numbers of logistic units."""
    seen: set[str] = set()
    for text in (event.word("parentID"), *(t for name in EPCS for t in _listed(event, name))):
        key = _key(text)
        if key is not None and key.kind == "sscc" and key.number not in seen:
            seen.add(key.number)
            yield key.number


def _place(event: Branch, *names: str) -> str:
    """Return the first of several places that has a code."""
    for name in names:
        if code := _code(event.branch(name).word("id")):
            return code
    return ""


def _party(event: Branch, name: str, field: str) -> str:
    """Return where goods come from or go to; who has or owns them when no place is told."""
    told = {word(part.word("type")): part.word(field) for part in event.branches(name)}
    for kind in ("location", "possessing_party", "owning_party"):
        if code := _code(told.get(kind, "")):
            return code
    return ""


def _code(text: str) -> str:
    """Return the code of a place: its GLN, and the part of it that is meant; "" for a position."""
    key = _key(text)
    if key is not None:
        code = key.number + (f"/{key.serial}" if key.serial else "")
        return code[:CODE_CHARACTERS_MAX] if key.kind in ("gln", "pgln") else ""
    return "" if text.startswith("geo:") or len(text) > CODE_CHARACTERS_MAX else text


def _counted(event: Branch, told: dict[str, Any]) -> Message | None:
    """Return what was found at a place."""
    units: Counter[str] = Counter()
    for each in _goods(event, EPCS, QUANTITIES, with_none=True):
        units[each.key.number] += each.units
    location = _place(event, "bizLocation", "readPoint") if units else ""
    if not location:
        return None
    return SupplySnapshot(**told, location=location, rows=_rows(units))


def _changed(event: Branch, action: str, told: dict[str, Any], is_error: bool) -> Message | None:
    """Return goods that have come to be at a place, and such as are no more."""
    sign = -1 if is_error else 1
    units: Counter[str] = Counter()
    for each in _goods(event, EPCS[:1], QUANTITIES[:1]):
        units[each.key.number] += -sign * each.units if action == "DELETE" else sign * each.units
    for each in _goods(event, ("outputEPCList",), ("outputQuantityList",)):
        units[each.key.number] += sign * each.units
    for each in _goods(event, ("inputEPCList",), ("inputQuantityList",)):
        units[each.key.number] -= sign * each.units
    rows = _rows(Counter({number: count for number, count in units.items() if count}))
    location = _place(event, "bizLocation", "readPoint") if rows else ""
    return SupplyDelta(**told, location=location, rows=rows) if location else None


def _rows(units: Counter[str]) -> tuple[StockRow, ...]:
    return tuple(StockRow(gtin=number, quantity=count) for number, count in units.items())
