"""Identities: by what a customer is known, each in one form so that it can be compared."""

import re
from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import msgspec
import phonenumbers

from crosslane.customers.errors import (
    BadAccountNumber,
    BadChannelIdentity,
    BadEmail,
    BadPhone,
    IdentityMissing,
)
from crosslane.kernel import Refusal

EMAIL_CHARACTERS_MAX = 254
EMAIL_LOCAL_CHARACTERS_MAX = 64
CHANNEL_IDENTITY_CHARACTERS_MAX = 100

IdentityKind = Literal["account_number", "channel", "email", "phone"]
# From the strongest to the weakest: a phone may be shared by a household, an account may not.
IDENTITY_KINDS: tuple[IdentityKind, ...] = get_args(IdentityKind)

_EMAIL_LOCAL = re.compile(r"[^\s@,;:<>()\[\]\"\\]+")
_EMAIL_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_ACCOUNT_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9._/-]{0,39}")


class Identity(msgspec.Struct, frozen=True, order=True):
    """One thing a customer is known by.

    Args:
        kind: sort of identity.
        value: in its one form.
        channel: code of the channel that gave it, empty but for channel identities.
    """

    kind: IdentityKind
    value: str
    channel: str = ""


class CustomerRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who somebody is, as an order or a call says it.

    Args:
        account_number: of a trade account.
        channel: code of the channel that knows the customer.
        channel_customer: what that channel calls the customer.
        email: e-mail address.
        phone: telephone number, national in ``country`` or international with ``+``.
        country: ISO 3166-1 code for national telephone numbers, empty when there are none.
        name: of the person or organization; identifies nobody.
        locale: in which to write to a customer who is new.
    """

    account_number: str = ""
    channel: str = ""
    channel_customer: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    name: str = ""
    locale: str = ""


def identities_of(ref: CustomerRef, *, pointer: str = "") -> tuple[Identity, ...]:
    """Return what a reference says, strongest first. The first one decides who it is.

    Raises:
        BadAccountNumber, BadChannelIdentity, BadEmail, BadPhone: one is malformed.
        IdentityMissing: it says nothing at all, not even a name.
    """
    found: list[Identity] = []
    if ref.account_number:
        number = normal_account_number(ref.account_number, pointer=f"{pointer}/account_number")
        found.append(Identity("account_number", number))
    if ref.channel_customer:
        value = normal_channel_identity(ref.channel_customer, pointer=f"{pointer}/channel_customer")
        found.append(Identity("channel", value, ref.channel))
    if ref.email:
        found.append(Identity("email", normal_email(ref.email, pointer=f"{pointer}/email")))
    if ref.phone:
        phone = normal_phone(ref.phone, ref.country, pointer=f"{pointer}/phone")
        found.append(Identity("phone", phone))
    if not found and not ref.name.strip():
        raise IdentityMissing(pointer=pointer)
    return tuple(found)


def normal_email(email: str, *, pointer: str = "") -> str:
    """Return an e-mail address in lower case, its domain in ASCII.

    Nearly every mail server ignores case, so two spellings are one customer. Dots and ``+`` parts
    stay: whether they matter is the provider's business.

    Raises:
        BadEmail: it could not receive messages.
    """
    local, at, domain = email.strip().lower().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadEmail(pointer=pointer) from None
    whole = f"{local}@{ascii_domain}"
    if (
        not at
        or len(whole) > EMAIL_CHARACTERS_MAX
        or len(local) > EMAIL_LOCAL_CHARACTERS_MAX
        or not local.isprintable()
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
        or not _EMAIL_LOCAL.fullmatch(local)
        or not _EMAIL_DOMAIN.fullmatch(ascii_domain)
    ):
        raise BadEmail(pointer=pointer)
    return whole


def normal_phone(phone: str, country: str, *, pointer: str = "") -> str:
    """Return a telephone number in E.164, such as ``+442079460958``.

    Args:
        phone: national in ``country``, or international with ``+``.
        country: ISO 3166-1 code, empty for international numbers only.
        pointer: JSON pointer to it.

    Raises:
        BadPhone: no number of that country has this length. Whether it is in service nobody can
            tell from its digits.
    """
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        raise BadPhone(pointer=pointer) from None
    if not phonenumbers.is_possible_number(number):
        raise BadPhone(pointer=pointer)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_account_number(number: str, *, pointer: str = "") -> str:
    """Return an account number in capitals.

    Raises:
        BadAccountNumber: it is empty, too long or has other characters.
    """
    made = number.strip().upper()
    if not _ACCOUNT_NUMBER.fullmatch(made):
        raise BadAccountNumber(pointer=pointer)
    return made


def normal_channel_identity(identity: str, *, pointer: str = "") -> str:
    """Return what a channel calls a customer, exactly as the channel does.

    Raises:
        BadChannelIdentity: it is empty, too long or not printable.
    """
    if not (0 < len(identity) <= CHANNEL_IDENTITY_CHARACTERS_MAX and identity.isprintable()):
        raise BadChannelIdentity(pointer=pointer)
    return identity


def possible_values(query: str, country: str) -> list[str]:
    """Return every identity a person may have meant by what was typed, each in its one form."""
    found: list[str] = [query]
    readers: list[Callable[[str], str]] = [
        normal_account_number,
        normal_email,
        partial(normal_phone, country=country),
    ]
    for read in readers:
        try:
            found.append(read(query))
        except Refusal:
            continue
    return found
