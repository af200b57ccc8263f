"""One's own account: password, second factor, PIN, and where one is signed in."""

from base64 import b64encode
from io import BytesIO
from typing import Any

from litestar import Request, Response

from crosslane.apps.sign_in.frame import PAGES, device_of, home_of
from crosslane.apps.viewing import view
from crosslane.kernel import Refusal
from crosslane.platform import auth
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller

PICTURE_SCALE = 5


@page("/me", permission=auth.SELF)
async def show_profile(caller: Caller, request: Request) -> Response:
    """Show somebody its own account."""
    return await _shown(caller, request)


async def _shown(
    caller: Caller, request: Request, failed: str = "", refusal: Refusal | None = None
) -> Response:
    account_id = auth.account_of(caller)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = {
            "account": await auth.account(tx, id=account_id),
            "factor": await auth.standing(tx, account_id),
            "sessions": await auth.sessions(tx, account_id=account_id),
            "has_pin": await auth.has_pin(tx, account_id),
            "device": await device_of(tx, request),
        }
    return PAGES.answer(
        viewer,
        "profile.html",
        status=200 if refusal is None else 422,
        failed=failed,
        refusal=refusal,
        own_session=caller.token_id,
        home=home_of(caller.actor),
        least=auth.PASSWORD_CHARACTERS_MIN,
        pin_least=auth.PIN_DIGITS_MIN,
        pin_most=auth.PIN_DIGITS_MAX,
        **told,
    )


async def _viewer(caller: Caller, request: Request) -> Viewer:
    async with caller.read() as tx:
        return await view(tx, caller, request)


async def _done(caller: Caller, request: Request, said: str) -> Response:
    viewer = await _viewer(caller, request)
    return see_other("/me", toast=PAGES.words(viewer)(said))


@form("/me/password", permission=auth.SELF, command=auth.SET_PASSWORD)
async def send_password(caller: Caller, request: Request, data: bytes) -> Response:
    """Change one's own password; other sessions end."""
    fields = read_form(data)
    try:
        account = await auth.prove(caller, fields.secret("present"))
        auth.require_password(fields.secret("password"), account.email)
        fresh = await auth.hash_password(fields.secret("password"))
        wish = auth.SetPassword(account.id, fresh, caller.token_id, "")
        await caller.submit(auth.SET_PASSWORD, wish)
    except Refusal as refusal:
        return await _shown(caller, request, "password", refusal)
    return await _done(caller, request, "Your password is changed; you are signed out elsewhere.")


@form("/me/second-factor", permission=auth.SELF, command=auth.BEGIN_FACTOR)
async def begin_factor(caller: Caller, request: Request, data: bytes) -> Response:
    """Begin to set up an authenticator app."""
    try:
        account = await auth.prove(caller, read_form(data).secret("present"))
        concealed = auth.conceal_secret(auth.new_secret())
        await caller.submit(auth.BEGIN_FACTOR, auth.BeginFactor(account.id, concealed))
    except Refusal as refusal:
        return await _shown(caller, request, "factor", refusal)
    return see_other("/me/second-factor")


@page("/me/second-factor", permission=auth.SELF)
async def show_factor(caller: Caller, request: Request) -> Response:
    """Show the picture an authenticator app reads, until its first code."""
    return await _picture(caller, request)


async def _picture(caller: Caller, request: Request, refusal: Refusal | None = None) -> Response:
    account_id = auth.account_of(caller)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        account = await auth.account(tx, id=account_id)
        secret = await auth.secret_to_confirm(tx, account_id)
    if secret is None:
        return see_other("/me")
    return PAGES.answer(
        viewer,
        "factor.html",
        status=200 if refusal is None else 422,
        picture=picture_of(auth.address_of(secret, account.email)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        refusal=refusal,
    )


def picture_of(text: str) -> str:
    """Return a QR code as an address of itself; dark on white in every theme, as cameras want."""
    # Few requests draw one, and every process would load it.
    import segno

    drawn = BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=PICTURE_SCALE, light="#fff", border=3)
    return f"data:image/svg+xml;base64,{b64encode(drawn.getvalue()).decode()}"


@form("/me/second-factor/confirmation", permission=auth.SELF, command=auth.CONFIRM_FACTOR)
async def confirm_factor(caller: Caller, request: Request, data: bytes) -> Response:
    """Ask for codes from now on; recovery codes are shown this once."""
    account_id, codes = auth.account_of(caller), auth.new_codes()
    wish = auth.ConfirmFactor(
        account_id, read_form(data).text("code"), auth.digests_of(account_id, codes)
    )
    try:
        await caller.submit(auth.CONFIRM_FACTOR, wish)
    except auth.WrongCode as refusal:
        return await _picture(caller, request, refusal)
    except Refusal as refusal:
        return await _shown(caller, request, "factor", refusal)
    return await _codes(caller, request, codes)


async def _codes(caller: Caller, request: Request, codes: list[str]) -> Response:
    # Codes of a repeated request are not those that were stored, and those were shown already.
    if caller.replayed:
        return see_other("/me")
    return PAGES.answer(await _viewer(caller, request), "codes.html", codes=codes)


@form("/me/recovery-codes", permission=auth.SELF, command=auth.RENEW_CODES)
async def renew_codes(caller: Caller, request: Request, data: bytes) -> Response:
    """Make new recovery codes; those before are good no more."""
    codes = auth.new_codes()
    try:
        account = await auth.prove(caller, read_form(data).secret("present"))
        wish = auth.RenewCodes(account.id, auth.digests_of(account.id, codes))
        await caller.submit(auth.RENEW_CODES, wish)
    except Refusal as refusal:
        return await _shown(caller, request, "factor", refusal)
    return await _codes(caller, request, codes)


@form("/me/second-factor/end", permission=auth.SELF, command=auth.END_FACTOR)
async def end_factor(caller: Caller, request: Request, data: bytes) -> Response:
    """Be asked for no code any more."""
    try:
        account = await auth.prove(caller, read_form(data).secret("present"))
        await caller.submit(auth.END_FACTOR, auth.EndFactor(account.id, ""))
    except Refusal as refusal:
        return await _shown(caller, request, "factor", refusal)
    return await _done(caller, request, "You are asked for no code any more.")


@form("/me/pin", permission=auth.SELF, command=auth.SET_PIN)
async def send_pin(caller: Caller, request: Request, data: bytes) -> Response:
    """Choose the PIN for shared devices of one's own store, or do without."""
    fields = read_form(data)
    pin = "" if fields.checked("remove") else fields.text("pin")
    try:
        account = await auth.prove(caller, fields.secret("present"))
        if not fields.checked("remove"):
            auth.require_pin(pin)
        hashed = await auth.hash_password(pin) if pin else ""
        await caller.submit(auth.SET_PIN, auth.SetPin(account.id, hashed))
    except Refusal as refusal:
        return await _shown(caller, request, "pin", refusal)
    return await _done(caller, request, "Your PIN is changed.")


@form("/me/sessions/end", permission=auth.SELF, command=auth.END_SESSIONS)
async def end_own_sessions(caller: Caller, request: Request, data: bytes) -> Response:
    """Sign out in one place, or everywhere."""
    only = read_form(data).text("session")
    wish: Any = auth.EndSessions(auth.account_of(caller), only, "")
    await caller.submit(auth.END_SESSIONS, wish)
    if only in ("", caller.token_id):
        answer = see_other("/sign-in")
        answer.headers["Set-Cookie"] = auth.SIGNED_OUT
        return answer
    return await _done(caller, request, "Signed out there.")


ROUTES = [
    show_profile,
    send_password,
    begin_factor,
    show_factor,
    confirm_factor,
    renew_codes,
    end_factor,
    send_pin,
    end_own_sessions,
]
