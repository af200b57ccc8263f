"""People: who may come in and as what, invitations, shared devices of stores."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import locations, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.viewing import origin_of
from crosslane.kernel import Refusal
from crosslane.platform import auth
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

PEOPLE = "/office/people"
PROVIDER_ANSWER = "/sign-in/provider/answer"
NAME_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 500


class Person(msgspec.Struct, frozen=True):
    """Somebody with an account.

    Args:
        account: the way in.
        name: what the person is called, "" when nobody has said.
        place: where it works, "" for everywhere.
        guarded: a second factor is asked for.
    """

    account: auth.Account
    name: str
    place: str
    guarded: bool


async def _people(tx: Tx, accounts: Sequence[auth.Account]) -> list[Person]:
    ids = [account.id for account in accounts]
    members = await organization.staff_by_account(tx, ids)
    guarded = await auth.holders(tx, ids)
    places = await _places(tx)
    return [
        Person(
            account,
            members[account.id].name if account.id in members else "",
            places.get(account.location_id, ""),
            account.id in guarded,
        )
        for account in accounts
    ]


async def _places(tx: Tx) -> dict[UUID | None, str]:
    return {found.id: found.name for found in (await locations.network(tx)).by_id.values()}


async def _stores(tx: Tx) -> list[tuple[str, str]]:
    """Return where somebody may work, as choices by name."""
    named = {id: name for id, name in (await _places(tx)).items() if id is not None}
    return [(str(id), named[id]) for id in sorted(named, key=lambda id: named[id].casefold())]


def _name(fields: Form) -> str:
    """Return what an invited person is called; until it says so itself, by its address."""
    return fields.text("name")[:NAME_CHARACTERS_MAX] or fields.text("email").partition("@")[0]


def _reason(fields: Form) -> str:
    return fields.text("reason")[:REASON_CHARACTERS_MAX]


@page(PEOPLE, permission="auth:read")
async def list_people(caller: Caller, request: Request, paging: Paging) -> Response:
    """Show everybody with an account, by e-mail address."""
    after = paging.after(str) or ("",)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await auth.accounts(tx, after=after[0], limit=paging.limit + 1)
        shown = paging.page(found, key=lambda account: (account.email,))
        people = await _people(tx, shown.items)
    return PAGES.answer(viewer, "people.html", people=people, next=shown.next_cursor)


@page(PEOPLE + "/invitations", permission="auth:read")
async def list_invitations(caller: Caller, request: Request) -> Response:
    """Show open invitations, and where to invite somebody."""
    return await _invitations(caller, request)


async def _invitations(
    caller: Caller,
    request: Request,
    fields: Form | None = None,
    refusal: Refusal | None = None,
    link: str = "",
    invited: str = "",
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        invitations = await auth.open_invitations(tx)
        places, stores = await _places(tx), await _stores(tx)
    return PAGES.answer(
        viewer,
        "invitations.html",
        status=200 if refusal is None else 422,
        invitations=invitations,
        places=places,
        stores=stores,
        roles=auth.STAFF_ROLES,
        fields=(fields or Form({})).plain(),
        refusal=refusal,
        link=link,
        invited=invited,
    )


@form(PEOPLE + "/invitations", permission="auth:invite", command=auth.INVITE)
async def send_invitation(caller: Caller, request: Request, data: bytes) -> Response:
    """Invite somebody; the link is shown once to who invites, and sent by e-mail."""
    fields = read_form(data)
    try:
        wish = auth.Invite(
            fields.text("email"), _name(fields), fields.text("role"), fields.id("location")
        )
        made: auth.Invitation = await caller.submit(auth.INVITE, wish)
    except Refusal as refusal:
        return await _invitations(caller, request, fields, refusal)
    link = caller.sign(auth.LINK_PURPOSE, made.id, made.expires_at)
    address = f"{origin_of(request)}/invitations/{link}"
    return await _invitations(caller, request, link=address, invited=made.email)


@form(
    PEOPLE + "/invitations/{invitation_id}/withdrawal",
    permission="auth:invite",
    command=auth.WITHDRAW_INVITATION,
)
async def withdraw_invitation(
    caller: Caller, request: Request, invitation_id: UUID, data: bytes
) -> Response:
    """Take an invitation back."""
    wish = auth.Withdraw(invitation_id, _reason(read_form(data)))
    try:
        await caller.submit(auth.WITHDRAW_INVITATION, wish)
    except Refusal as refusal:
        return await _invitations(caller, request, refusal=refusal)
    return await _done(caller, request, PEOPLE + "/invitations", "The link works no more.")


@page(PEOPLE + "/devices", permission="auth:read")
async def list_devices(caller: Caller, request: Request) -> Response:
    """Show the shared devices of stores."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        devices, places = await auth.devices(tx), await _places(tx)
    return PAGES.answer(viewer, "devices.html", devices=devices, places=places)


@form(PEOPLE + "/devices/{device_id}/end", permission="auth:device", command=auth.END_DEVICE)
async def end_device(caller: Caller, request: Request, device_id: str, data: bytes) -> Response:
    """Let a device be shared no more."""
    wish = auth.EndDevice(device_id, _reason(read_form(data)))
    await caller.submit(auth.END_DEVICE, wish)
    return await _done(caller, request, PEOPLE + "/devices", "The device is shared no more.")


@page(PEOPLE + "/provider", permission="auth:write")
async def show_provider(caller: Caller, request: Request) -> Response:
    """Show where people sign in besides."""
    return await _provider(caller, request)


async def _provider(
    caller: Caller, request: Request, fields: Form | None = None, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        provider = await auth.provider_settings(tx)
    return PAGES.answer(
        viewer,
        "provider.html",
        status=200 if refusal is None else 422,
        provider=provider,
        fields=fields.plain() if fields else {},
        refusal=refusal,
        redirect_uri=origin_of(request) + PROVIDER_ANSWER,
    )


@form(PEOPLE + "/provider", permission="auth:write", command=auth.PUT_PROVIDER)
async def send_provider(caller: Caller, request: Request, data: bytes) -> Response:
    """Set where people sign in besides."""
    fields = read_form(data)
    wish = auth.PutProvider(
        fields.text("name")[:NAME_CHARACTERS_MAX] or "SSO",
        fields.text("issuer")[:REASON_CHARACTERS_MAX],
        fields.text("client_id")[:REASON_CHARACTERS_MAX],
        auth.conceal_client_secret(fields.secret("secret")[:REASON_CHARACTERS_MAX]),
        fields.checked("active"),
    )
    try:
        await caller.submit(auth.PUT_PROVIDER, wish)
    except Refusal as refusal:
        return await _provider(caller, request, fields, refusal)
    return await _done(caller, request, PEOPLE + "/provider", "Saved.")


@page(PEOPLE + "/{account_id}", permission="auth:read", raises=(auth.NoSuchAccount,))
async def show_person(caller: Caller, request: Request, account_id: UUID) -> Response:
    """Show somebody with an account, and what may be done about it."""
    return await _shown(caller, request, account_id)


async def _shown(
    caller: Caller, request: Request, account_id: UUID, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        [person] = await _people(tx, [await auth.account(tx, id=account_id)])
        sessions = await auth.sessions(tx, account_id=account_id)
        stores = await _stores(tx)
    return PAGES.answer(
        viewer,
        "account.html",
        status=200 if refusal is None else 422,
        person=person,
        sessions=sessions,
        stores=stores,
        roles=auth.STAFF_ROLES,
        refusal=refusal,
    )


async def _done(caller: Caller, request: Request, path: str, said: str) -> Response:
    async with caller.read() as tx:
        viewer: Viewer = await view(tx, caller, request)
    return see_other(path, toast=PAGES.words(viewer)(said))


@form(PEOPLE + "/{account_id}", permission="auth:write", command=auth.CHANGE_ACCOUNT)
async def change_person(
    caller: Caller, request: Request, account_id: UUID, data: bytes
) -> Response:
    """Change role, place or activity of an account."""
    fields = read_form(data)
    try:
        wish = auth.ChangeAccount(
            account_id,
            fields.number("version") or 0,
            _reason(fields),
            fields.text("role"),
            fields.id("location"),
            fields.checked("active"),
        )
        await caller.submit(auth.CHANGE_ACCOUNT, wish)
    except Refusal as refusal:
        return await _shown(caller, request, account_id, refusal)
    return await _done(caller, request, f"{PEOPLE}/{account_id}", "Saved.")


@form(PEOPLE + "/{account_id}/password", permission="auth:write", command=auth.SET_PASSWORD)
async def set_password_of(
    caller: Caller, request: Request, account_id: UUID, data: bytes
) -> Response:
    """Give somebody a new password; its sessions end."""
    fields = read_form(data)
    try:
        auth.require_password(fields.secret("password"), "")
        hashed = await auth.hash_password(fields.secret("password"))
        wish = auth.SetPassword(account_id, hashed, "", _reason(fields))
        await caller.submit(auth.SET_PASSWORD, wish)
    except Refusal as refusal:
        return await _shown(caller, request, account_id, refusal)
    return await _done(caller, request, f"{PEOPLE}/{account_id}", "The new password holds.")


@form(PEOPLE + "/{account_id}/unlocking", permission="auth:write", command=auth.UNLOCK)
async def unlock_person(
    caller: Caller, request: Request, account_id: UUID, data: bytes
) -> Response:
    """Let somebody try again who has typed too much that was wrong."""
    try:
        wish = auth.Unlock(account_id, _reason(read_form(data)))
        await caller.submit(auth.UNLOCK, wish)
    except Refusal as refusal:
        return await _shown(caller, request, account_id, refusal)
    return await _done(caller, request, f"{PEOPLE}/{account_id}", "Unlocked.")


@form(PEOPLE + "/{account_id}/second-factor", permission="auth:write", command=auth.END_FACTOR)
async def end_factor_of(
    caller: Caller, request: Request, account_id: UUID, data: bytes
) -> Response:
    """Ask somebody for no code any more, whose telephone is lost."""
    try:
        wish = auth.EndFactor(account_id, _reason(read_form(data)))
        await caller.submit(auth.END_FACTOR, wish)
    except Refusal as refusal:
        return await _shown(caller, request, account_id, refusal)
    return await _done(caller, request, f"{PEOPLE}/{account_id}", "No code is asked for any more.")


@form(PEOPLE + "/{account_id}/sessions", permission="auth:write", command=auth.END_SESSIONS)
async def end_sessions_of(
    caller: Caller, request: Request, account_id: UUID, data: bytes
) -> Response:
    """Sign somebody out everywhere."""
    try:
        wish = auth.EndSessions(account_id, "", _reason(read_form(data)))
        await caller.submit(auth.END_SESSIONS, wish)
    except Refusal as refusal:
        return await _shown(caller, request, account_id, refusal)
    return await _done(caller, request, f"{PEOPLE}/{account_id}", "Signed out everywhere.")


ROUTES = [
    list_people,
    list_invitations,
    send_invitation,
    withdraw_invitation,
    list_devices,
    end_device,
    show_provider,
    send_provider,
    show_person,
    change_person,
    set_password_of,
    unlock_person,
    end_factor_of,
    end_sessions_of,
]
