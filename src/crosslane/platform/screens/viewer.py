"""Who looks at a page, and how it is to be shown to them."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote

import msgspec
from babel import Locale, negotiate_locale
from litestar import Request

from crosslane.platform.actor import Actor
from crosslane.platform.screens.answers import TOAST_COOKIE
from crosslane.platform.screens.words import LANGUAGES, SOURCE_LANGUAGE
from crosslane.platform.web.caller import Caller
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.pages import FRAGMENT_HEADER

LOOK_COOKIE = "crosslane-look"
THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")


class Look(msgspec.Struct, frozen=True):
    """How somebody wants pages to be shown; the browser keeps it.

    Args:
        language: ISO 639 code of one of LANGUAGES, "" for what the browser prefers.
        theme: one of THEMES.
        density: one of DENSITIES.
    """

    language: str = ""
    theme: str = "auto"
    density: str = "comfortable"

    @classmethod
    def chosen(cls, language: str, theme: str, density: str) -> "Look":
        """Return the look of choices somebody sent; what is none of ours is passed over."""
        return cls(
            language if language in LANGUAGES else "",
            theme if theme in THEMES else THEMES[0],
            density if density in DENSITIES else DENSITIES[0],
        )

    def cookie(self) -> str:
        """Return the value the browser keeps."""
        return f"{self.language}.{self.theme}.{self.density}"


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who looks at pages.

    Args:
        actor: who it is and what it may do.
        name: what the person is called, "" for nobody known.
        place: code and name of the one location it acts for, "" for all.
        locale: how money, numbers and days are written.
        timezone: IANA zone times are shown in.
        look: what was chosen of language, theme and density.
        path: of the page that is looked at.
        query: its query string, without the question mark.
        fragment: only a part of the page is wanted, to replace what is shown.
        toast: what the page tells for a moment, "" for nothing.
        unpacks: its browser reads what is compressed by gzip.
    """

    actor: Actor
    name: str = ""
    place: str = ""
    locale: Locale
    timezone: str = "UTC"
    look: Look = Look()
    path: str = "/"
    query: str = ""
    fragment: bool = False
    toast: str = ""
    unpacks: bool = False

    @property
    def language(self) -> str:
        """ISO 639 code of the words on the page."""
        return self.locale.language

    def may(self, permission: str) -> bool:
        """Tell whether the person holds a permission."""
        return self.actor.may(permission)


def viewer_of(caller: Caller, request: Request, **known: Any) -> Viewer:
    """Return who looks.

    Args:
        caller: who asks.
        request: what was asked.
        known: further fields of :class:`Viewer`, such as name, place and timezone.
    """
    headers = exchange_of(request.scope).headers
    cookies = _cookies_of(headers)
    look = look_of(cookies)
    return Viewer(
        actor=caller.actor,
        locale=Locale.parse(_locale_of(look, headers.get("accept-language", "")), sep="-"),
        look=look,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("latin-1"),
        fragment=FRAGMENT_HEADER in headers and "hx-history-restore-request" not in headers,
        toast=unquote(cookies.get(TOAST_COOKIE, "")),
        unpacks="gzip" in headers.get("accept-encoding", ""),
        **known,
    )


def look_of(cookies: Mapping[str, str]) -> Look:
    """Return how pages are to be shown; what is no choice of ours is passed over."""
    parts = cookies.get(LOOK_COOKIE, "").split(".")
    return Look.chosen(*parts) if len(parts) == 3 else Look()


def _cookies_of(headers: Mapping[str, str]) -> Mapping[str, str]:
    try:
        read = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in read.items()}


# English pages of this system are British unless the browser says otherwise.
_REGIONS = {"en": ["en-GB", "en-US", "en-IE"], "de": ["de-DE", "de-AT", "de-CH"]}


def _locale_of(look: Look, accepted: str) -> str:
    wanted = [part.partition(";")[0].strip() for part in accepted.split(",")]
    if look.language:
        wanted = [one for one in wanted if one.split("-")[0] == look.language] or [look.language]
    shipped = [name for language in LANGUAGES for name in (*_REGIONS[language], language)]
    found = negotiate_locale(wanted, shipped, sep="-") or SOURCE_LANGUAGE
    return found if "-" in found else _REGIONS[found][0]
