"""Signing in and out."""

from urllib.parse import quote

import msgspec
from litestar import Request, Response

from crosslane.apps.sign_in.frame import PAGES, device_of, home_of, own_path, user_agent_of
from crosslane.kernel import Refusal
from crosslane.platform import auth
from crosslane.platform.screens import Form, form, page, read_form, see_other, viewer_of
from crosslane.platform.web import PUBLIC, Caller, TooManyRequests


@page("/", permission=auth.SELF)
async def go_home(caller: Caller) -> Response:
    """Lead somebody to where it works."""
    return see_other(home_of(caller.actor))


@page("/sign-in", permission=PUBLIC)
async def show_sign_in(
    caller: Caller, request: Request, next: str = "", by: str = "", failed: bool = False
) -> Response:
    """Show where to sign in; a shared device of a store asks for a PIN first."""
    # Somebody else may sign in where somebody is: a manager decides what an associate may not.
    if caller.actor.kind == "staff" and by != "password":
        return see_other(own_path(next))
    async with caller.read() as tx:
        device = await device_of(tx, request)
        provider = await auth.provider(tx)
    if device and by != "password":
        return see_other(f"/switch?next={quote(own_path(next))}")
    fields = Form({"next": [next]})
    return _asked(caller, request, fields, provider, shared=device is not None, lost=failed)


@form("/sign-in", permission=PUBLIC, command=auth.SIGN_IN)
async def send_sign_in(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign in, and go on to the page that was wanted."""
    fields = read_form(data)
    email, password = fields.text("email"), fields.secret("password")
    try:
        opened = await auth.sign_in(caller, email, password, user_agent=user_agent_of(request))
    except (auth.SignInFailed, TooManyRequests) as refusal:
        async with caller.read() as tx:
            provider = await auth.provider(tx)
        return _asked(caller, request, fields, provider, refusal)
    wanted = own_path(fields.text("next"))
    if isinstance(opened, auth.HalfWay):
        half = msgspec.structs.replace(opened, next=wanted)
        return _going_on("/sign-in/code", auth.half_way_cookie(half))
    return _going_on(wanted, opened.cookie)


def _going_on(path: str, cookie: str) -> Response:
    answer = see_other(path)
    answer.headers["Set-Cookie"] = cookie
    return answer


def _asked(
    caller: Caller,
    request: Request,
    fields: Form,
    provider: auth.Provider | None,
    refusal: Refusal | None = None,
    *,
    shared: bool = False,
    lost: bool = False,
) -> Response:
    return PAGES.answer(
        viewer_of(caller, request),
        "sign_in.html",
        status=200 if refusal is None else 422,
        busy=isinstance(refusal, TooManyRequests),
        failed=refusal is not None,
        lost=lost,
        email=fields.text("email"),
        next=own_path(fields.text("next")),
        provider=provider,
        shared=shared,
    )


@page("/sign-in/code", permission=PUBLIC)
async def show_sign_in_code(caller: Caller, request: Request) -> Response:
    """Ask for the code of the second factor."""
    if auth.half_way(request.cookies.get(auth.HALF_WAY_COOKIE, "")) is None:
        return see_other("/sign-in")
    return PAGES.answer(viewer_of(caller, request), "code.html", busy=False, failed=False)


@form("/sign-in/code", permission=PUBLIC, command=auth.CONFIRM_SIGN_IN)
async def send_sign_in_code(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign in by the code of the second factor, or by a recovery code."""
    half = auth.half_way(request.cookies.get(auth.HALF_WAY_COOKIE, ""))
    if half is None:
        return see_other("/sign-in")
    code = read_form(data).text("code")
    try:
        opened = await auth.confirm_sign_in(caller, half, code, user_agent=user_agent_of(request))
    except (auth.SignInFailed, TooManyRequests) as refusal:
        busy = isinstance(refusal, TooManyRequests)
        return PAGES.answer(
            viewer_of(caller, request), "code.html", status=422, busy=busy, failed=not busy
        )
    return _going_on(own_path(half.next), opened.cookie)


@form("/sign-out", permission=PUBLIC, command=auth.END_SESSIONS)
async def send_sign_out(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign out; whoever is signed out already is not told otherwise."""
    del data
    await auth.sign_out(caller)
    shared = auth.DEVICE_COOKIE in request.cookies
    return _going_on("/switch" if shared else "/sign-in", auth.SIGNED_OUT)


ROUTES = [
    go_home,
    show_sign_in,
    send_sign_in,
    show_sign_in_code,
    send_sign_in_code,
    send_sign_out,
]
