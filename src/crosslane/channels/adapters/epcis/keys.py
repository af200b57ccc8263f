"""Keys of GS1: one thing has one key, whether it is written as URN or as Digital Link.

A URN (Tag Data Standard, section 6) cuts a key behind the company's prefix and leaves its check
digit out; a Digital Link names it by its application identifier, whole. Both are read into the same
:class:`Key`, and anything else is no key.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from stdnum import ean

# Prefix of a company and what follows it have so many digits together, by scheme of URN.
DIGITS = {
    "sgtin": 13,
    "upui": 13,
    "itip": 13,
    "lgtin": 13,
    "sscc": 17,
    "sgln": 12,
    "pgln": 12,
    "grai": 12,
    "gdti": 12,
    "sgcn": 12,
    "gsrn": 17,
    "gsrnp": 17,
    "gsin": 16,
}
# What a scheme names; without check digit and without a fixed length.
OPEN = frozenset(("giai", "ginc", "cpi"))
KINDS = {
    **dict.fromkeys(("sgtin", "upui", "lgtin"), "gtin"),
    **{"sgln": "gln", "sgcn": "gcn"},
}
# Application identifiers and their short names: the kind, and how many digits it has; 0 for any.
IDENTIFIERS = {
    "01": ("gtin", 14),
    "00": ("sscc", 18),
    "414": ("gln", 13),
    "417": ("pgln", 13),
    "8003": ("grai", 14),
    "253": ("gdti", 13),
    "255": ("gcn", 13),
    "8018": ("gsrn", 18),
    "8017": ("gsrnp", 18),
    "402": ("gsin", 17),
    "8006": ("itip", 18),
    "8004": ("giai", 0),
    "401": ("ginc", 0),
    "8010": ("cpi", 0),
}
SHORT = {"gtin": "01", "itip": "8006", "sscc": "00", "gln": "414", "grai": "8003", "giai": "8004"}
SHORT |= {"gsrn": "8018", "gsrnp": "8017", "gdti": "253", "gcn": "255", "ginc": "401"}
SHORT |= {"gsin": "402", "cpid": "8010"}
# Behind their digits these have a serial number.
TAILED = frozenset(("grai", "gdti", "gcn"))
SERIALS = ("21", "235", "8011", "254")
_URN = re.compile(r"urn:epc:(?:id|class|idpat):(\w+):(.+)", re.DOTALL)
_PREFIX = re.compile(r"\d{6,12}")


class Key(NamedTuple):
    """What a key names.

    Args:
        kind: which key it is: gtin, sscc, gln, …
        number: the key as people print it, with its check digit.
        serial: of the single thing; of a place, the part of it. "" for all of a kind.
        lot: batch.
    """

    kind: str
    number: str
    serial: str = ""
    lot: str = ""


def read_key(text: str) -> Key | None:
    """Return the key a text is, None when it is none.

    Raises:
        ValueError: it says that it is one, and is not: wrong length or check digit.
    """
    text = text.strip()
    if found := _URN.fullmatch(text):
        return _of_urn(found[1], found[2])
    if text.startswith(("https://", "http://")):
        return _of_link(text)
    return None


def with_check_digit(digits: str) -> str:
    """Return digits with the check digit of GS1 behind them.

    Raises:
        ValueError: they are no digits.
    """
    _require(bool(digits) and digits.isascii() and digits.isdecimal(), digits)
    return digits + ean.calc_check_digit(digits)


def _of_urn(scheme: str, value: str) -> Key | None:
    prefix, *parts = [unquote(part) for part in value.split(".")]
    if scheme not in DIGITS and scheme not in OPEN:
        return None
    _require(bool(_PREFIX.fullmatch(prefix)) and bool(parts), value)
    kind = KINDS.get(scheme, scheme)
    if scheme in OPEN:
        serial = parts[1] if len(parts) > 1 else ""
        _require(bool(parts[0]), value)
        return Key(kind, prefix + parts[0], _one(serial))
    reference, *rest = parts
    # The first digit of what a company counts stands before its prefix.
    leads = DIGITS[scheme] in (13, 17) and scheme not in ("gsrn", "gsrnp")
    digits = reference[:1] + prefix + reference[1:] if leads else prefix + reference
    _require(len(digits) == DIGITS[scheme], value)
    number = with_check_digit("0" + digits if scheme == "grai" else digits)
    if scheme == "itip":
        _require(len(rest) == 3, value)
        return Key("itip", number + rest[0] + rest[1], _one(rest[2]))
    # A serial number may hold points that were not escaped.
    last = _one(".".join(rest))
    if scheme == "lgtin":
        return Key(kind, number, lot=last)
    return Key(kind, number, "" if scheme == "sgln" and last == "0" else last)


def _one(serial: str) -> str:
    """Return a serial number; a star stands for all."""
    return "" if serial == "*" else serial


def _of_link(text: str) -> Key | None:
    try:
        address = urlsplit(text)
        asked = parse_qs(address.query)
    except ValueError:
        return None
    steps = address.path.split("/")
    for place, step in enumerate(steps[:-1]):
        identifier = SHORT.get(step, step)
        if identifier in IDENTIFIERS:
            pairs = dict(zip(steps[place + 2 :: 2], steps[place + 3 :: 2], strict=False))
            said = {name: unquote(value) for name, value in pairs.items()}
            said |= {name: values[0] for name, values in asked.items() if name not in said}
            return _of_identifier(identifier, unquote(steps[place + 1]), said, text)
    return None


def _of_identifier(identifier: str, value: str, said: dict[str, str], text: str) -> Key | None:
    kind, length = IDENTIFIERS[identifier]
    serial = next((said[name] for name in SERIALS if said.get(name)), "")
    lot = said.get("10", "")
    if not length:
        return Key(kind, value, serial, lot) if value else None
    if kind == "gtin" and len(value) in (8, 12, 13):
        value = value.zfill(length)
    number, tail = value[:length], value[length:]
    if not number[:6].isdecimal():
        # Part of an address that is no link of GS1, such as /00/index.
        return None
    _require(not tail or kind in TAILED, text)
    checked = number[:14] if kind == "itip" else number
    _require(len(number) == length and with_check_digit(checked[:-1]) == checked, text)
    return Key(kind, number, tail or serial, lot)


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise ValueError(f"{text[:100]} is no key of GS1")
