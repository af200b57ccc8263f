"""What the parts of Amazon's APIs have in common: amounts, addresses, identities, notices.

Their names begin with a capital in older APIs and without in newer ones; they mean the same.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.domain.reports import Notice
from crosslane.customers import Address

AMOUNTS = ("Amount", "amount", "value", "currencyAmount", "CurrencyAmount")
CURRENCIES = ("CurrencyCode", "currencyCode")
ABSENT = (None, "")
ADDRESS_LINES_MAX = 4
TOPIC_CHARACTERS_MAX = 60
NUMBER_CHARACTERS_MAX = 38
TITLE_CHARACTERS_MAX = 500
DIGEST_CHARACTERS = 16
# Of times that name no zone: the APIs tell all of them in it.
ZONE = "UTC"
TRUTHS: Mapping[Any, bool] = {"true": True, "false": False, True: True, False: False}


def identity(
    number: str, changed: datetime | None, made: datetime | None, context: Context
) -> dict[str, Any]:
    """Return what every message says of what it speaks of.

    Amazon counts no versions: it is the instant of the last change. What tells none was true when
    it was said, or when it came.
    """
    now = context.said_at or context.received_at
    return {
        "source_id": number[:100],
        "source_version": version_of(changed or made or now),
        "event_at": made or changed or now,
        "channel": context.channel,
    }


def case_of(branch: Branch, name: str) -> str:
    """Return which of its two cases a value's name has here.

    Args:
        branch: part of a record.
        name: with a capital.
    """
    small = name[:1].lower() + name[1:]
    return small if small in branch else name


def is_true(branch: Branch, name: str) -> bool:
    """Whether a truth is told, as one or as a word; what is neither is left over."""
    value = branch.peek(name)
    told = TRUTHS.get(value.lower() if isinstance(value, str) else value is True)
    if told is not None and value is not None:
        branch.take(name)
    return bool(told)


def currency_told(branch: Branch, name: str) -> str:
    """Return the currency of an amount without having read it, "" when there is none."""
    part = branch.peek(name)
    told = part.get(CURRENCIES[0]) or part.get(CURRENCIES[1]) if isinstance(part, dict) else None
    return told if isinstance(told, str) else ""


def milli_of(branch: Branch, name: str, currency: str) -> int | None:
    """Return a unit price in 1/1000 minor units; one in another currency is left over."""
    part, field = _amount(branch, name, currency)
    return part.milli(field, currency) if field else None


def minor_of(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount in minor units, None when there is none; another currency's is left over.

    One that is finer than a minor unit is rounded, and kept as it was told.
    """
    if branch.value.get(name) is None:
        return None
    part, field = _amount(branch, name, currency)
    return part.rounded_minor(field, currency) if field else None


def _amount(branch: Branch, name: str, currency: str) -> tuple[Branch, str]:
    part = branch.branch(name)
    told = part.value.get(CURRENCIES[0]) or part.value.get(CURRENCIES[1])
    told = told if isinstance(told, str) else ""
    if not told or told == currency:
        for field in AMOUNTS:
            if part.value.get(field) not in ABSENT:
                if told:
                    part.text(*CURRENCIES)
                return part, field
    return part, ""


def sum_of(branch: Branch, plus: tuple[str, ...], minus: tuple[str, ...], currency: str) -> int:
    """Return amounts less others, in minor units; what is not told is nought."""
    added = sum([minor_of(branch, name, currency) or 0 for name in plus])
    return added - sum([abs(minor_of(branch, name, currency) or 0) for name in minus])


def address(branch: Branch) -> Address | None:
    """Return an address, None when there is none to speak of.

    One without a street is all of it that a caller without a token for personal data is told.
    """
    if not branch:
        return None
    lines = tuple(
        line
        for number in ("1", "2", "3")
        if (line := branch.text(f"AddressLine{number}", f"addressLine{number}"))
    )
    found = Address(
        country=branch.text("CountryCode", "countryCode"),
        lines=lines[:ADDRESS_LINES_MAX],
        city=branch.text("City", "city"),
        postcode=branch.text("PostalCode", "postalCode"),
        region=branch.text("StateOrRegion", "stateOrRegion", "state"),
        name=branch.text("Name", "name"),
        organization=branch.text("CompanyName", "companyName"),
        phone=branch.text("Phone", "phone", "phoneNumber"),
        email=branch.text("email"),
    )
    return found if found != Address(country="", lines=(), city="") else None


def whole_or_near(found: Address | None, country: str) -> tuple[Address | None, Address | None]:
    """Return an address if it has a street, else as much of it as is told, if its country is.

    Args:
        found: what was told, None for nothing.
        country: of the marketplace, where none was told.
    """
    near = found or Address(country=country, lines=(), city="")
    if not near.country:
        near = msgspec.structs.replace(near, country=country)
    if near.lines:
        return near, None
    return None, near if near.country else None


def notice(
    branch: Branch,
    context: Context,
    topic: str,
    number: str = "",
    *,
    title: str = "",
    at: datetime | None = None,
) -> Notice:
    """Return what asks nothing of the hub; without a number its content names it."""
    number = number or digest(branch.value)
    told = identity(
        f"{topic[:TOPIC_CHARACTERS_MAX]}/{number[:NUMBER_CHARACTERS_MAX]}", at, at, context
    )
    return Notice(**told, topic=topic[:100], title=title[:TITLE_CHARACTERS_MAX])


def digest(value: object) -> str:
    """Return a short name of a value, the same for equal ones."""
    raw = msgspec.json.encode(value, order="deterministic")
    return sha256(raw).hexdigest()[:DIGEST_CHARACTERS]
