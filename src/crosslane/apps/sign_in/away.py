"""Signing in by the retailer's identity provider: away to it, and back."""

from litestar import Request, Response

from crosslane.apps.sign_in.frame import PAGES, own_path, user_agent_of
from crosslane.apps.viewing import origin_of
from crosslane.platform import auth
from crosslane.platform.screens import form, page, read_form, see_other, viewer_of
from crosslane.platform.web import PUBLIC, Caller, TooManyRequests

ANSWER = "/sign-in/provider/answer"
FAILED = "/sign-in?by=password&failed=true"


@page("/sign-in/provider", permission=PUBLIC)
async def go_away(caller: Caller, request: Request, next: str = "") -> Response:
    """Send somebody to the identity provider."""
    try:
        address, cookie = await auth.leave(caller, origin_of(request) + ANSWER, own_path(next))
    except (auth.ProviderFailed, TooManyRequests):
        return see_other(FAILED)
    answer = see_other("/")
    answer.headers |= {"Location": address, "Set-Cookie": cookie}
    return answer


@page(ANSWER, permission=PUBLIC)
async def show_answer(
    caller: Caller,
    request: Request,
    state: str = "",
    code: str = "",
    iss: str = "",
    error: str = "",
    error_description: str = "",
    scope: str = "",
    session_state: str = "",
    authuser: str = "",
    hd: str = "",
    prompt: str = "",
) -> Response:
    """Hand on by a form what the provider sent: a page that is shown signs nobody in."""
    del error_description, scope, session_state, authuser, hd, prompt  # what some send besides
    if error or not (state and code):
        return see_other(FAILED)
    viewer = viewer_of(caller, request)
    return PAGES.answer(viewer, "answer.html", state=state, code=code, issuer=iss)


@form(ANSWER, permission=PUBLIC, command=auth.SIGN_IN_BY)
async def send_answer(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign in whom the provider has named."""
    fields = read_form(data)
    try:
        opened, wanted = await auth.come_back(
            caller,
            request.cookies.get(auth.AWAY_COOKIE, ""),
            state=fields.text("state"),
            code=fields.text("code"),
            issuer=fields.text("iss"),
            redirect_uri=origin_of(request) + ANSWER,
            user_agent=user_agent_of(request),
        )
    except (auth.ProviderFailed, auth.SignInFailed, TooManyRequests):
        return see_other(FAILED)
    answer = see_other(own_path(wanted))
    answer.headers["Set-Cookie"] = opened.cookie
    return answer


ROUTES = [go_away, show_answer, send_answer]
