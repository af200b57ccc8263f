"""Texts by locale and channel, and which one is shown.

A text is looked for in the asked locale, then in the wider ones (``de-AT`` → ``de``), then in
``und`` (text in no particular language), then in whatever locale comes first in the alphabet.
Within a locale the channel's own text comes before the general one, and within that the variant's
before its product's. Where there is no text at all, the SKU is shown.
"""

import re
from typing import Literal

import msgspec

from crosslane.catalog.errors import BadTextField, TextTooLong
from crosslane.organization import require_locale

OwnerKind = Literal["product", "variant", "category"]

NO_LANGUAGE = "und"
EVERY_CHANNEL = ""
TITLE = "title"
TITLE_CHARACTERS_MAX = 300
TEXT_CHARACTERS_MAX = 20_000

_FIELD = re.compile(r"[a-z][a-z_]{0,39}")


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text of an owner.

    Args:
        field: what the text is, such as ``title`` or ``description``.
        text: the text itself; empty to remove it.
        locale: BCP 47 locale, ``und`` for every language.
        channel: code of the only channel it is for, empty for every channel.
    """

    field: str
    text: str
    locale: str = NO_LANGUAGE
    channel: str = EVERY_CHANNEL


def locale_chain(locale: str) -> list[str]:
    """Return the locales in which a text is looked for, the asked one first."""
    parts = locale.split("-")
    chain = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return [*chain, NO_LANGUAGE] if NO_LANGUAGE not in chain else chain


def checked_text(text: Text, *, pointer: str = "") -> Text:
    """Return a text with its locale in canonical form, or refuse it.

    Raises:
        BadTextField, BadLocale, TextTooLong: what the names say.
    """
    if not _FIELD.fullmatch(text.field):
        raise BadTextField(pointer=f"{pointer}/field", field=text.field[:40])
    most = TITLE_CHARACTERS_MAX if text.field == TITLE else TEXT_CHARACTERS_MAX
    if len(text.text) > most:
        raise TextTooLong(pointer=f"{pointer}/text", field=text.field, most=most)
    if text.locale == NO_LANGUAGE:
        return text
    locale = require_locale(text.locale, pointer=f"{pointer}/locale")
    return msgspec.structs.replace(text, locale=locale)
