"""What every document says alike: who it is, when, of whom, how much of what, for how much."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NamedTuple

from stdnum import ean

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import ONE, RULE, Each, each_of, settled
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.places import country_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.packs import UNITS_MAX, Packs
from crosslane.channels.domain.told import LINES_MAX
from crosslane.customers import Address
from crosslane.kernel import QUANTITY_MAX, Invalid, parse_minor

# Lines of documents, which are numbered from the first.
LINES = (
    *("OrderLine", "InvoiceLine", "CreditNoteLine", "DebitNoteLine", "DespatchLine", "ReceiptLine"),
    *("InventoryReportLine", "StockAvailabilityReportLine", "RemittanceAdviceLine"),
    *("CatalogueLine", "InstructionForReturnsLine"),
)
# Codes of one piece in UN/ECE recommendations 20 and 21, and those that partners write for it.
PIECES = frozenset(
    (
        *("C62", "H87", "EA", "NAR", "NMB", "PR", "NPR", "SET", "KT", "E48", "XPP", "XUN", "XNE"),
        *("PCE", "PCS", "PC", "ZZ", "UN", "UNIT", "EACH", "STK", "STYK", ""),
    )
)
# Codes that say by themselves how many pieces they are.
DOZENS: Mapping[str, int] = MappingProxyType(
    {
        **{"DZN": 12, "DPC": 12, "DPR": 12, "DZP": 12, "GRO": 144, "GGR": 1_728, "SCO": 20},
        **{"CEN": 100, "HC": 100, "MIL": 1_000, "T3": 1_000, "TPR": 10, "TST": 10, "MIO": 10**6},
    }
)
# Packages of recommendation 20, before 21 was made of them.
PACKAGES = frozenset(
    (
        *("AM", "BA", "BE", "BG", "BH", "BJ", "BK", "BO", "BR", "BX", "CA", "CH", "CJ", "CL", "CO"),
        *("CR", "CS", "CT", "CV", "CY", "DR", "DS", "EV", "JR", "LF", "PA", "PD", "PF", "PG", "PK"),
        *("PL", "PT", "RD", "RG", "RL", "RO", "SA", "SL", "SR", "ST", "SV", "TB", "TN", "TU", "TY"),
    )
)
# Where the number of the house comes before its street.
NUMBER_FIRST = frozenset(("GB", "IE", "US", "CA", "AU", "NZ", "ZA", "FR", "LU", "IN", "JE", "GG"))
ADDRESS_LINES_MAX = 4
# Prices are told in 1/1000 of a minor unit.
MILLI_DECIMALS = 3
TITLE_CHARACTERS_MAX = 500
ORDER_CHARACTERS_MAX = 100
GTIN_SCHEMES = frozenset(("GTIN", "EAN", "EAN13", "UPC", "0160", "SRV", ""))


class Count(NamedTuple):
    """So much of something.

    Args:
        units: as pieces where somebody says how many they are, else as it was told.
        each: pieces that one of what was told is; likewise who says so.
        code: in which it was told.
        unit: the code when that is no piece, and nobody says how many it is.
        is_package: whether what it holds is known to the seller of it.
    """

    units: int
    each: Each = ONE
    code: str = ""
    unit: str = ""
    is_package: bool = False

    def pieces_in(self, unit: str) -> tuple[str, int]:
        """Return what a price is for: a unit, "" for pieces, and how many pieces one of it is.

        Args:
            unit: code that the price names, "" for none.
        """
        return unit_of(unit) if unit not in ("", self.code) else (self.unit, self.each.pieces)


class Goods(NamedTuple):
    """What is counted.

    Args:
        packs: what was agreed on.
        article: which one it is.
        pack: how many pieces of it a package holds, as the line says; None when it does not.
    """

    packs: Packs
    article: "Item"
    pack: int | None = None

    def each(self, code: str) -> tuple[Each, bool]:
        """Return how many pieces a unit is, and whether anybody says so."""
        unit, usual = unit_of(code)
        article = self.article
        found = each_of(
            code,
            usual=None if unit else usual,
            told=self.pack if is_package(unit) else None,
            agreed=self.packs.pieces(code, article.sku, article.article, article.gtin),
        )
        return found or ONE, found is not None


def counted(line: Part, what: "Item", context: Context) -> Goods:
    """Return what is counted of a line, of which a package may say how much it holds.

    Args:
        line: that holds ``Item``.
        what: the article.
        context: where it comes from.
    """
    told = line.peek("Item/PackSizeNumeric")
    pack = int(told) if told.isdecimal() and 0 < len(told) < 8 else 0
    return Goods(context.packs, what, pack if 0 < pack <= UNITS_MAX else None)


def count(part: Part, name: str, goods: Goods, *, least: int = 0) -> Count:
    """Return how many units an element says; its code is left over.

    Raises:
        NotReadable: it is missing, no whole number of units, or too few.
    """
    found = part.peek(name)
    if not found:
        raise part.missing(name)
    number = _number(part, name, found)
    code = part.peek(f"{name}/@unitCode").upper()
    each, is_counted = goods.each(code)
    units = number * each.pieces
    if units != units.to_integral_value():
        how = f"{found} {code}".rstrip()
        raise part.wrong(name, f"a whole number of pieces, and {RULE} does not say it: {how}")
    if not least <= units <= QUANTITY_MAX:
        raise part.wrong(name, f"a number of units from {least} to {QUANTITY_MAX}")
    part.text(name)
    unit = "" if is_counted else code
    return Count(int(units), each, code, unit, is_package(unit))


def surely(part: Part, name: str, goods: Goods, *, least: int = 0) -> int:
    """Return how many units an element says, where nothing can wait for a person.

    Raises:
        NotReadable: likewise, or it says something else than was agreed on.
    """
    found = count(part, name, goods, least=least)
    settled(found.each, f"{part.at}/{name}/@unitCode")
    return found.units


def is_package(unit: str) -> bool:
    """Whether a code is that of a package, not of a measure."""
    return unit in PACKAGES or (len(unit) == 3 and unit.startswith("X"))


def unit_of(code: str) -> tuple[str, int]:
    """Return a unit, "" for pieces, and how many pieces one of it is."""
    each = DOZENS.get(code, 1)
    return ("" if code in PIECES or each > 1 else code), each


def _number(part: Part, name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise part.wrong(name, "a number") from None
    if not number.is_finite() or number.adjusted() > 15:
        raise part.wrong(name, "a number")
    return number


def decimal(part: Part, name: str) -> Decimal | None:
    """Return a number that is left over, None when it is absent."""
    found = part.peek(name)
    return _number(part, name, found) if found else None


def minor(part: Part, name: str, currency: str) -> int | None:
    """Return an amount in minor units, None when it is absent.

    Raises:
        NotReadable: it is none, or of another currency.
    """
    if not part.peek(name):
        return None
    _require_currency(part, name, currency)
    return part.minor(name, currency)


def weighed(part: Part, name: str, currency: str) -> int | None:
    """Return an amount that is left over, None when it is absent.

    Raises:
        NotReadable: it is none, or of another currency.
    """
    found = part.peek(name)
    if not found:
        return None
    if (told := part.peek(f"{name}/@currencyID")) not in ("", currency):
        raise part.wrong(f"{name}/@currencyID", f"{currency}, but {told[:10]}")
    try:
        return parse_minor(found, currency)
    except Invalid as refusal:
        raise NotReadable(Fault.of(refusal, at=f"{part.at}/{name}")) from None


def _require_currency(part: Part, name: str, currency: str) -> None:
    told = f"{name}/@currencyID"
    if part.peek(told) == currency:
        part.text(told)
    elif part.peek(told):
        raise part.wrong(told, currency)


def price(part: Part, currency: str) -> tuple[Decimal | None, str]:
    """Return what one of a unit costs, exactly, and the code of the unit; None when nobody says.

    For how many it is told, and of which unit, is left over.

    Args:
        part: that holds ``Price``.
        currency: ISO 4217.
    """
    found = decimal(part, "Price/PriceAmount")
    if found is None:
        return None, ""
    _require_currency(part, "Price/PriceAmount", currency)
    if found < 0:
        raise part.wrong("Price/PriceAmount", "at least nothing")
    base = decimal(part, "Price/BaseQuantity")
    if base is not None and base <= 0:
        raise part.wrong("Price/BaseQuantity", "more than nothing")
    part.text("Price/PriceAmount")
    return found / (base or 1), part.peek("Price/BaseQuantity/@unitCode").upper()


class Item(NamedTuple):
    """An article: our number, that of the other side, that of GS1, and what it is called."""

    sku: str
    article: str
    gtin: str
    title: str


OF_SELLER = ("SellersItemIdentification", "BuyersItemIdentification")
OF_BUYER = ("BuyersItemIdentification", "SellersItemIdentification")


def item(line: Part, ours: tuple[str, str], *, titled: bool = True) -> Item:
    """Return the article of a line.

    Args:
        line: that holds ``Item``.
        ours: whose number is ours, and whose is the other side's.
        titled: what it is called is told; else it is left over.
    """
    part = line.part("Item")
    return Item(
        sku=part.text(f"{ours[0]}/ID"),
        article=part.text(f"{ours[1]}/ID"),
        gtin=_gtin(part),
        title=part.within(TITLE_CHARACTERS_MAX, "Name", "Description") if titled else "",
    )


def _gtin(part: Part) -> str:
    told = part.peek("StandardItemIdentification/ID")
    scheme = part.peek("StandardItemIdentification/ID/@schemeID").upper().replace("-", "")
    is_one = told.isdecimal() and len(told) in (8, 12, 13, 14)
    # Without a scheme it is one when its digits say so.
    if is_one and scheme in GTIN_SCHEMES and (scheme or ean.is_valid(told)):
        return part.text("StandardItemIdentification/ID")
    return ""


def moment(part: Part, day: str, time: str, zone: str) -> datetime | None:
    """Return an instant that is told as a day and a time of it; a day alone is its beginning.

    Args:
        part: that says it.
        day: name of the element of the day.
        time: likewise of the time, "" for none.
        zone: IANA zone of times that name none.
    """
    date = part.peek(day)
    if not date:
        return None
    clock = part.peek(time) if time else ""
    # A day may name its zone, too.
    at = f"{date[:10]}T{clock or '00:00:00'}"
    if date[10:] and not _is_zoned(clock):
        at += date[10:]
    name = time if clock and part.instant(day, date[:10], zone) else day
    found = part.instant(name, at, zone)
    part.text(day)
    if clock:
        part.text(time)
    return found


def _is_zoned(clock: str) -> bool:
    return clock.endswith("Z") or "+" in clock or "-" in clock


class Stub(NamedTuple):
    """What every document says of itself.

    Args:
        number: its own.
        at: when it was issued.
        is_timed: whether it says more than the day.
    """

    number: str
    at: datetime
    is_timed: bool

    @property
    def latest(self) -> datetime:
        """The last moment at which it may have been issued; what changes something came late."""
        return self.at if self.is_timed else self.at + timedelta(days=1, milliseconds=-1)


def stub(root: Part, context: Context, *, keep: bool = False) -> Stub:
    """Read number and time of a document; its number is left over where another one is told."""
    is_timed = bool(root.peek("IssueTime"))
    at = moment(root, "IssueDate", "IssueTime", context.timezone)
    number = root.needed("ID") if not keep else root.peek("ID")
    if not number:
        raise root.missing("ID")
    return Stub(number, at or context.said_at or context.received_at, is_timed or at is None)


def told(of: Stub, context: Context, source_id: str = "") -> dict[str, Any]:
    """Return number, version and time as every message names them.

    A document counts no versions: it is as old as its day, so that sent again it changes nothing.
    """
    return {
        "source_id": source_id or of.number,
        "source_version": version_of(of.at),
        "event_at": of.at,
        "channel": context.channel,
    }


def currency_of(root: Part, context: Context, *amounts: str) -> str:
    """Return the currency of a document: its own, else that of an amount, else the channel's."""
    found = root.text("DocumentCurrencyCode").upper()
    if not found:
        names = (f"{amount}/@currencyID" for amount in amounts)
        found = next((code for name in names if (code := root.peek(name).upper())), "")
    return found or context.currency


def order_of(part: Part, name: str) -> str:
    """Return the number of an order, "" where a document only says that there is none."""
    found = part.peek(name)
    if found.replace("/", "").upper() in ("", "NA") or len(found) > ORDER_CHARACTERS_MAX:
        return ""
    return part.text(name)


def words(part: Part, name: str, most: int) -> str:
    """Return what elements of a name say, a line for each; what is too long is left over."""
    said: list[str] = []
    room = most
    for one in part.parts(name):
        text = one.peek_own()
        if text and len(text) + 1 <= room:
            said.append(one.own())
            room -= len(text) + 1
    return "\n".join(said)


def lines(root: Part, name: str) -> list[Part]:
    """Return the lines of a document.

    Raises:
        NotReadable: there is none, or there are too many.
    """
    found = root.parts(name)
    if not found:
        raise root.missing(name)
    if len(found) > LINES_MAX:
        detail = f"A document has at most {LINES_MAX} lines"
        raise NotReadable(Fault("too-many-lines", detail, f"{root.at}/{name}"))
    return found


def code_of(party: Part, role: Part, *, assigned: tuple[str, ...] = ()) -> str:
    """Return how the partners call a party; it is left over, since replies name it alike.

    Args:
        party: the party.
        role: in which it appears.
        assigned: numbers that the other side has given it, the best one first.
    """
    names = (*((role, name) for name in assigned), (party, "PartyIdentification/ID"))
    others = ((party, "EndpointID"), (party, "PartyLegalEntity/CompanyID"))
    for part, name in (*names, *others):
        if found := part.peek(name):
            return found
    return ""


def name_of(party: Part) -> str:
    """Return what a party is called."""
    return party.peek("PartyName/Name") or party.peek("PartyLegalEntity/RegistrationName")


def address(
    part: Part, *, organization: str, contact: Part | None = None, keep: bool = False
) -> Address | None:
    """Return an address, None when there is none.

    Args:
        part: the address.
        organization: who is there.
        contact: whom to ask for, None for nobody.
        keep: it is left over for whoever reads it as something else.
    """
    take = part.peek if keep else part.text
    country = country_of(part.peek("Country/IdentificationCode").upper())
    street, number = part.peek("StreetName"), part.peek("BuildingNumber")
    if not (country or street or part.peek("CityName") or "AddressLine" in part):
        return None
    found: list[str] = []
    if street or number:
        pair = (number, street) if country in NUMBER_FIRST else (street, number)
        found.append(" ".join(filter(None, pair)))
        take("StreetName")
        take("BuildingNumber")
    for line in _further(part):
        if len(found) < ADDRESS_LINES_MAX:
            found.append(line.peek_own() if keep else line.own())
    take("Country/IdentificationCode")
    region = "CountrySubentity" if part.peek("CountrySubentity") else "CountrySubentityCode"
    return Address(
        country=country,
        lines=tuple(found),
        city=take("CityName"),
        postcode=take("PostalZone"),
        region=take(region),
        name=contact.text("Name") if contact else "",
        organization=organization,
        phone=contact.text("Telephone") if contact else "",
        email=contact.text("ElectronicMail") if contact else "",
    )


def _further(part: Part) -> Iterator[Part]:
    """Yield what stands in an address beside street and town."""
    for name in ("AdditionalStreetName", "BuildingName", "Floor", "Room", "Postbox", "Department"):
        if part.peek(name):
            yield part.part(name)
    for one in part.parts("AddressLine"):
        if one.peek("Line"):
            yield one.part("Line")
