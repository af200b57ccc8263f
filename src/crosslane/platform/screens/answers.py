"""Declaring pages and forms, and sending a browser on after a form."""

from typing import Any
from urllib.parse import quote

from litestar import Response

from crosslane.platform.lane import CommandKind
from crosslane.platform.web.form import FORM, FORM_BYTES_MAX, UPLOAD
from crosslane.platform.web.pages import HTML
from crosslane.platform.web.routes import Declare, get, post

TOAST_COOKIE = "crosslane-toast"
TOAST_SECONDS_MAX = 30
TOAST_CHARACTERS_MAX = 300


def page(path: str, *, permission: str, **told: Any) -> Declare:
    """Declare a page, or a part of one.

    Args:
        path: whole path with ``{parameters}``.
        permission: ``module:verb``, or PUBLIC.
        told: other fields of :class:`~crosslane.platform.web.Route`.
    """
    return get(path, permission=permission, **{"produces": HTML, "listed": False, **told})


def form(path: str, *, permission: str, command: CommandKind | None, **told: Any) -> Declare:
    """Declare where a form is sent to; it is done once, however often it is sent.

    Args:
        path: whole path with ``{parameters}``.
        permission: ``module:verb``, or PUBLIC.
        command: the kind it submits; None for a form that changes nothing, such as a preview.
        told: other fields of :class:`~crosslane.platform.web.Route`.
    """
    usual = {
        "consumes": FORM,
        "produces": HTML,
        "listed": False,
        "key_required": False,
        "body_bytes_max": FORM_BYTES_MAX,
    }
    return post(path, permission=permission, command=command, **{**usual, **told})


def upload(
    path: str, *, permission: str, command: CommandKind | None, bytes_max: int, **told: Any
) -> Declare:
    """Declare where a form with files is sent to; its handler takes ``data: Form``, or Arriving.

    The template's form says ``enctype="multipart/form-data"``.

    Args:
        path: whole path with ``{parameters}``.
        permission: ``module:verb``, or PUBLIC.
        command: as of :func:`form`.
        bytes_max: of the files it may hold together.
        told: other fields of :class:`~crosslane.platform.web.Route`.
    """
    usual = {"consumes": UPLOAD, "body_bytes_max": bytes_max + FORM_BYTES_MAX}
    return form(path, permission=permission, command=command, **{**usual, **told})


def see_other(path: str, *, toast: str = "") -> Response[bytes]:
    """Send the browser on to another page of ours, by GET.

    Args:
        path: address of the page, from the root of this host.
        toast: what the next page tells for a moment, such as "Saved.".
    """
    # Two slashes would lead to another host.
    path = "/" + path.lstrip("/\\")
    headers = {"Location": path}
    if toast:
        text = quote(toast[:TOAST_CHARACTERS_MAX])
        kept = f"Max-Age={TOAST_SECONDS_MAX}; Path=/; HttpOnly; SameSite=Lax"
        headers["Set-Cookie"] = f"{TOAST_COOKIE}={text}; {kept}"
    return Response(b"", status_code=303, media_type=HTML, headers=headers)
