"""The frame of the way in: its templates, and where somebody is led on to."""

import re
from importlib.resources import files

from litestar import Request

from crosslane.platform import auth
from crosslane.platform.actor import Actor
from crosslane.platform.auth import Device
from crosslane.platform.database import Tx
from crosslane.platform.screens import Pages

PAGES = Pages(files("crosslane.apps.sign_in"), title="Crosslane")

OFFICE, STORE = "/office", "/store"
# A path of this host in visible ASCII. Browsers take a backslash for a slash and leave out tabs, so
# either could make it another host's.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_WAYS_IN = re.compile(r"/(sign-in|sign-out|switch)([/?].*)?")


def own_path(text: str) -> str:
    """Return a path of this host to go on to, "/" when the text is none."""
    good = _OWN.fullmatch(text) and not _WAYS_IN.fullmatch(text)
    return text if good else "/"


def home_of(actor: Actor) -> str:
    """Return where somebody works: in its store, or in the office when it acts for all."""
    return OFFICE if actor.location_id is None else STORE


def user_agent_of(request: Request) -> str:
    """Return what the browser says of itself."""
    return request.headers.get("user-agent", "")


async def device_of(tx: Tx, request: Request) -> Device | None:
    """Return the shared device that is used, None when it is none."""
    return await auth.device_shown(tx, request.cookies.get(auth.DEVICE_COOKIE, ""))
