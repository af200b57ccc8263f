"""Writing documents of UBL 2.1: elements in the order in which they are given, empty ones left out.

What is written from an order names the partners and the lines as the order named them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from crosslane.channels.adapters.counting import agreed_on, counted
from crosslane.channels.adapters.telling import Document, Outgoing, Talk
from crosslane.channels.adapters.ubl.reading import DOZENS, MILLI_DECIMALS, PIECES, is_package
from crosslane.channels.domain.messages import Order
from crosslane.customers import Address
from crosslane.kernel import currency_exponent

XML = "application/xml"
PIECE = "C62"
SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"
PEPPOL = "urn:fdc:peppol.eu:"
GLN, EMAIL = "0088", "EM"
NAME_CHARACTERS_MAX = 100
# Codes of electronic addresses, as EN 16931 lists them, by what partners write for them.
SCHEMES = {"GLN": GLN, "DUNS": "0060", "CVR": "0184", "DK:CVR": "0184", "GB:VAT": "9932"}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_SCHEME = re.compile(r"[0-9]{4}|EM|AN|AQ|AS|AU")


def plain(text: str) -> str:
    """Return a text without what no document of XML can hold."""
    return _UNWRITABLE.sub("", text).strip()


def basic(name: str, value: object, **attributes: str) -> str:
    """Return an element that holds a text; none for an empty one."""
    text = plain(str(value)) if value is not None else ""
    if not text:
        return ""
    told = "".join(f" {key}={quoteattr(plain(said))}" for key, said in attributes.items() if said)
    return f"<cbc:{name}{told}>{escape(text)}</cbc:{name}>"


def part(name: str, *inner: str) -> str:
    """Return an element that holds others; none when all of them are empty."""
    held = "".join(inner)
    return f"<cac:{name}>{held}</cac:{name}>" if held else ""


def document(one: Outgoing, name: str, number: str, *inner: str) -> Document:
    """Return a document as a file.

    Args:
        one: the message it is made of.
        name: of the document, such as OrderResponse.
        number: what it is about, for the name of the file.
        inner: its elements.
    """
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{name} xmlns="{SCHEMA}{name}-2"'
        f' xmlns:cac="{SCHEMA}CommonAggregateComponents-2"'
        f' xmlns:cbc="{SCHEMA}CommonBasicComponents-2">{"".join(inner)}</{name}>\n'
    )
    called = _NO_NAME.sub("-", number).strip("-.")[:NAME_CHARACTERS_MAX]
    file = f"{name}-{called or 'x'}-{one.number}.xml"
    return Document(name=file, media_type=XML, body=body.encode())


def decimal_of(minor: int, currency: str) -> str:
    """Return an amount as it is written, with the decimals of its currency."""
    exponent = currency_exponent(currency)
    return f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"


def amount(name: str, minor: int | None, currency: str) -> str:
    """Return an amount of money; none when nobody says."""
    if minor is None:
        return ""
    return basic(name, decimal_of(minor, currency), currencyID=currency)


def price_of(milli: int, currency: str) -> str:
    """Return a price as it is written, with no more decimals than it needs."""
    exponent = currency_exponent(currency)
    text = f"{Decimal(milli).scaleb(-exponent - MILLI_DECIMALS):f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(exponent, "0")
    return f"{whole}.{decimals}" if decimals else whole


def day_of(at: datetime | None, talk: Talk) -> str:
    """Return a day as the channel counts them; "" for none."""
    return at.astimezone(ZoneInfo(talk.timezone)).date().isoformat() if at else ""


def time_of(at: datetime, talk: Talk) -> str:
    """Return the time of a day with its zone."""
    return at.astimezone(ZoneInfo(talk.timezone)).timetz().isoformat("seconds")


def days(name: str, begin: date | str, end: date | str) -> str:
    """Return a period of days."""
    return part(name, basic("StartDate", begin), basic("EndDate", end))


def address(name: str, of: Address | None) -> str:
    """Return an address; only its first three lines have a place of their own."""
    if of is None:
        return ""
    street, further, *others = (*of.lines, "", "")
    return part(
        name,
        basic("StreetName", street),
        basic("AdditionalStreetName", further),
        basic("CityName", of.city),
        basic("PostalZone", of.postcode),
        basic("CountrySubentity", of.region),
        *(part("AddressLine", basic("Line", line)) for line in others),
        part("Country", basic("IdentificationCode", of.country)),
    )


def endpoint(number: str, scheme: str) -> str:
    """Return an electronic address, none when nobody knows its scheme."""
    scheme = SCHEMES.get(scheme.upper(), scheme.upper())
    return basic("EndpointID", number, schemeID=scheme) if _SCHEME.fullmatch(scheme) else ""


class Counted(NamedTuple):
    """So much of a line as it is told.

    Args:
        units: how many.
        unit: the code of what is counted.
        each: pieces that one of it is.
    """

    units: str
    unit: str
    each: int = 1


class Sender(NamedTuple):
    """What an order says of itself and its partners, so that an answer can name them alike.

    Args:
        order: the order; None when nobody has it any more.
        rest: what it said besides.
    """

    order: Order | None
    rest: Mapping[str, str]

    @classmethod
    def of(cls, one: Outgoing) -> "Sender":
        """Return what the order of a message says."""
        return cls(one.order, one.order.rest if one.order else {})

    @property
    def is_peppol(self) -> bool:
        """Whether it was made by the rules of Peppol."""
        return self.rest.get("/ProfileID", "").startswith(PEPPOL)

    def says(self, place: str) -> str:
        """Return what it said at a place."""
        return str(self.rest.get(place, ""))

    def party(self, role: str, ours: str = "") -> str:
        """Return a partner as the order named it.

        Args:
            role: in which it stands in the order, such as BuyerCustomerParty.
            ours: another electronic address, as ``scheme:number``, that stands instead of its own.
        """
        at = f"/{role}/Party"
        scheme, _, number = ours.partition(":")
        name = self.says(f"{at}/PartyName/Name")
        registered = self.says(f"{at}/PartyLegalEntity/RegistrationName") or name
        return part(
            "Party",
            endpoint(number, scheme) if number else self._endpoint(at),
            *self._numbers(at),
            part("PartyName", basic("Name", name)),
            part("PartyLegalEntity", basic("RegistrationName", registered)),
        )

    def _endpoint(self, at: str) -> str:
        number = self.says(f"{at}/EndpointID")
        scheme = self.says(f"{at}/EndpointID/@schemeID")
        known = endpoint(number, scheme)
        return known or basic("EndpointID", number, schemeID=scheme)

    def _numbers(self, at: str) -> list[str]:
        found: list[str] = []
        place = f"{at}/PartyIdentification"
        while number := self.says(f"{place}/ID"):
            scheme = self.says(f"{place}/ID/@schemeID")
            agency = self.says(f"{place}/ID/@schemeAgencyID")
            told = basic("ID", number, schemeID=scheme, schemeAgencyID=agency)
            found.append(part("PartyIdentification", told))
            place = f"{at}/PartyIdentification[{len(found) + 1}]"
        return found

    def counted(self, line: str, pieces: int) -> Counted:
        """Return how many pieces of a line those are in the unit in which it was ordered.

        Args:
            line: its number.
            pieces: how many.
        """
        at = f"{self._lines().get(line, '')}/LineItem/Quantity"
        code = self.says(f"{at}/@unitCode").upper()
        each = agreed_on(self.rest, at)
        if each is None:
            unit = PIECE if code in PIECES or code in DOZENS else code
            return Counted(str(pieces), unit)
        units, unit = counted(pieces, code, each, has_parts=not is_package(code), piece=PIECE)
        return Counted(units, unit, each if unit == code else 1)

    def _lines(self) -> dict[str, str]:
        """Return where the lines stand, by their numbers."""
        found: dict[str, str] = {}
        for place, text in self.rest.items():
            if place.startswith("/OrderLine[") and place.endswith("]/LineItem/ID"):
                found[text] = place.removesuffix("/LineItem/ID")
        return found


def identified(sku: str, article: str, gtin: str) -> tuple[str, str, str]:
    """Return the numbers of an article: the buyer's, ours, and that of GS1."""
    return (
        part("BuyersItemIdentification", basic("ID", article)),
        part("SellersItemIdentification", basic("ID", sku)),
        part("StandardItemIdentification", basic("ID", gtin, schemeID="0160")),
    )
