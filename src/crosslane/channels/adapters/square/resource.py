"""What the parts of Square's API have in common: identities, amounts, people, notices.

Amounts are whole minor units with their currency beside them. An order, a payment or an article is
told anew as it is after each change, so its version is the instant of the last one.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

import msgspec

from crosslane.channels.adapters.branches import Branch, instant_of
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.domain.reports import Notice
from crosslane.customers import Address

CURRENCIES = ("currency", "currency_code")
MEASURES = ("area_unit", "length_unit", "volume_unit", "weight_unit", "time_unit")
LINES = ("address_line_1", "address_line_2", "address_line_3")
DIGEST_CHARACTERS = 16
TOPIC_CHARACTERS_MAX = 60
NUMBER_CHARACTERS_MAX = 38


def identity(
    number: str, changed: datetime | None, made: datetime | None, context: Context
) -> dict[str, Any]:
    """Return what every message says of what it speaks of."""
    now = context.said_at or context.received_at
    return {
        "source_id": number[:100],
        "source_version": version_of(changed or made or now),
        "event_at": made or changed or now,
        "channel": context.channel,
    }


def times(branch: Branch) -> tuple[datetime | None, datetime | None]:
    """Return when a resource was changed, and when it was made."""
    return when(branch, "updated_at"), when(branch, "created_at")


def when(branch: Branch, *names: str) -> datetime | None:
    """Return the first of several instants that is one; what is none is left over, as told.

    Raises:
        NotReadable: some are told, and none is an instant.
    """
    wrong = ""
    for name in names:
        if name not in branch:
            continue
        try:
            if instant_of(str(branch.peek(name)), "UTC") is not None:
                return branch.moment(name, zone="UTC")
        except ValueError:
            wrong = wrong or name
    if wrong:
        raise branch.wrong(wrong, "an instant")
    return None


def currency_of(branch: Branch, name: str) -> str:
    """Return the currency of an amount without having read it, "" when there is none."""
    part = branch.peek(name)
    told = [part.get(one) for one in CURRENCIES] if isinstance(part, dict) else []
    return next((one for one in told if isinstance(one, str) and one), "")


def amount(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount in minor units, None when there is none; another currency's is left over."""
    part = branch.branch(name)
    if "amount" not in part or currency_of(branch, name) not in ("", currency):
        return None
    part.text(*CURRENCIES)
    return part.whole("amount")


def units(branch: Branch) -> int:
    """Return how many of an article; parts of a unit are refused.

    Raises:
        NotReadable: it is none, or no whole number.
    """
    found = branch.whole("quantity")
    if found is None:
        raise branch.missing("quantity")
    return found


def pieces(branch: Branch) -> int:
    """Return how many pieces a line is about: what is weighed or measured is one piece of itself.

    How much of it that is stays left over.

    Raises:
        NotReadable: it is none, or no number.
    """
    told = branch.value.get("quantity_unit")
    unit = told.get("measurement_unit") if isinstance(told, dict) else None
    if not (isinstance(unit, dict) and any(unit.get(name) for name in MEASURES)):
        return units(branch)
    try:
        measure = Decimal(str(branch.value.get("quantity")))
    except InvalidOperation:
        measure = Decimal()
    if not measure.is_finite() or measure <= 0:
        raise branch.wrong("quantity", "a measure")
    return 1


def address(branch: Branch, person: Branch | None = None) -> Address | None:
    """Return an address, None when there is none to speak of.

    Args:
        branch: the address.
        person: who lives there, when that is told beside it.
    """
    lines = tuple(line for name in LINES if (line := branch.text(name)))
    city, postcode = branch.text("locality"), branch.text("postal_code")
    if not (lines or city or postcode):
        return None
    who = person or Branch.of({})
    return Address(
        country=branch.text("country"),
        lines=lines,
        city=city,
        postcode=postcode,
        region=branch.text("administrative_district_level_1"),
        name=full_name(who) or full_name(branch, "first_name", "last_name"),
        phone=who.text("phone_number"),
        email=who.text("email_address"),
    )


def full_name(branch: Branch, given: str = "given_name", family: str = "family_name") -> str:
    """Return what a person is called."""
    parts = (branch.text(given), branch.text(family))
    return branch.text("display_name") or " ".join(filter(None, parts))


def notice(branch: Branch, context: Context, topic: str, number: str = "") -> Notice:
    """Return what asks nothing of the hub; without a number its content names it."""
    raw = msgspec.json.encode(branch.value, order="deterministic")
    number = number or sha256(raw).hexdigest()[:DIGEST_CHARACTERS]
    name = f"{topic[:TOPIC_CHARACTERS_MAX]}/{number[:NUMBER_CHARACTERS_MAX]}"
    return Notice(**identity(name, None, None, context), topic=topic[:100])
