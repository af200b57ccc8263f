"""Signing in and out."""

from litestar import Request, Response

from crosslane.apps.sign_in.frame import PAGES, home_of, own_path
from crosslane.kernel import Refusal
from crosslane.platform import auth
from crosslane.platform.screens import Form, form, page, read_form, see_other, viewer_of
from crosslane.platform.web import PUBLIC, Caller, TooManyRequests


@page("/", permission=auth.SELF)
async def go_home(caller: Caller) -> Response:
    """Lead somebody to where it works."""
    return see_other(home_of(caller.actor))


@page("/sign-in", permission=PUBLIC)
async def show_sign_in(caller: Caller, request: Request, next: str = "") -> Response:
    """Show where to sign in."""
    if caller.actor.kind == "staff":
        return see_other(own_path(next))
    return _asked(caller, request, Form({"next": [next]}))


@form("/sign-in", permission=PUBLIC, command=auth.SIGN_IN)
async def send_sign_in(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign in, and go on to the page that was wanted."""
    fields = read_form(data)
    try:
        opened = await auth.sign_in(caller, fields.text("email"), fields.secret("password"))
    except (auth.SignInFailed, TooManyRequests) as refusal:
        return _asked(caller, request, fields, refusal)
    answer = see_other(own_path(fields.text("next")))
    answer.headers["Set-Cookie"] = opened.cookie
    return answer


def _asked(
    caller: Caller, request: Request, fields: Form, refusal: Refusal | None = None
) -> Response:
    return PAGES.answer(
        viewer_of(caller, request),
        "sign_in.html",
        status=200 if refusal is None else 422,
        busy=isinstance(refusal, TooManyRequests),
        failed=refusal is not None,
        email=fields.text("email"),
        next=own_path(fields.text("next")),
    )


@form("/sign-out", permission=PUBLIC, command=auth.END_SESSIONS)
async def send_sign_out(caller: Caller, data: bytes) -> Response:
    """Sign out; whoever is signed out already is not told otherwise."""
    del data
    await auth.sign_out(caller)
    answer = see_other("/sign-in")
    answer.headers["Set-Cookie"] = auth.SIGNED_OUT
    return answer


ROUTES = [go_home, show_sign_in, send_sign_in, send_sign_out]
