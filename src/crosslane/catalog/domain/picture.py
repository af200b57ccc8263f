"""Pictures of products and variants: which may be given, which one is shown, and where it stands.

A variant shows its own first picture, else the first of its product. A picture comes as a file or
as an address to fetch it from; until that has happened it is wanted, and refused when it cannot be.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.catalog.domain.text import NO_LANGUAGE, TITLE_CHARACTERS_MAX
from crosslane.catalog.errors import TextTooLong
from crosslane.organization import require_locale

PICTURES_PER_OWNER_MAX = 12
ALT_LOCALES_MAX = 50

PictureOwner = Literal["product", "variant"]
PictureState = Literal["wanted", "stored", "refused"]


class Shown(msgspec.Struct, frozen=True):
    """The picture a variant is shown by.

    Args:
        address: of the picture, from the root of this host; its content never changes.
        thumb: likewise of the small one, for lists.
        width: of the picture, in pixels.
        height: likewise.
        alt: what it shows, in words, in the locale asked for; "" where nobody said.
    """

    address: str
    thumb: str
    width: int
    height: int
    alt: str = ""


class Rendition(msgspec.Struct, frozen=True):
    """A picture in one size, as WebP.

    Args:
        digest: the beginning of the SHA-256 of its content, by which it is kept and found.
        width: in pixels.
        height: likewise.
        content: the file.
    """

    digest: str
    width: int
    height: int
    content: bytes


class Rendered(msgspec.Struct, frozen=True):
    """A picture as it is kept: to look at, and small for lists."""

    shown: Rendition
    thumb: Rendition


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of a product or variant.

    Args:
        id: identifier.
        owner: sort of owner.
        code: product code or SKU of the owner.
        place: pictures of an owner are shown by it; the first is the one in lists.
        state: wanted (still to be fetched), stored, or refused.
        reason: why it was refused.
        source: address it is fetched from, "" when it was sent.
        address: where it is to be had, "" before it is stored.
        thumb: likewise the small one.
        width: in pixels, 0 before it is stored.
        height: likewise.
        alt: what it shows, in words, by locale.
    """

    id: UUID
    owner: PictureOwner
    code: str
    place: int
    state: PictureState
    reason: str
    source: str
    address: str
    thumb: str
    width: int
    height: int
    alt: Mapping[str, str]


def picture_address(tenant: str, digest: str) -> str:
    """Return where a file of a picture is to be had; another content has another address."""
    return f"/pictures/{tenant}/{digest}"


def checked_alt(alt: Mapping[str, str], *, pointer: str = "") -> dict[str, str]:
    """Return what a picture shows, by locale in canonical form; empty words are left out.

    Raises:
        BadLocale, TextTooLong: what the names say.
    """
    found: dict[str, str] = {}
    for locale, text in list(alt.items())[:ALT_LOCALES_MAX]:
        at = f"{pointer}/{locale[:40]}"
        if len(text) > TITLE_CHARACTERS_MAX:
            raise TextTooLong(pointer=at, field="alt", most=TITLE_CHARACTERS_MAX)
        kept = locale if locale == NO_LANGUAGE else require_locale(locale, pointer=at)
        if text.strip():
            found[kept] = text.strip()
    return found
