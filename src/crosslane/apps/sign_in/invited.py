"""Taking an invitation: the link is good once, until its day."""

from litestar import Request, Response

from crosslane import organization
from crosslane.apps.sign_in.frame import PAGES
from crosslane.kernel import NotFound, Refusal
from crosslane.platform import auth
from crosslane.platform.screens import form, page, read_form, see_other, viewer_of
from crosslane.platform.tokens import Link
from crosslane.platform.web import PUBLIC, Caller, NoSuchAddress

NAME_CHARACTERS_MAX = 200


async def _invitation(caller: Caller, link: Link) -> auth.Invitation:
    """Return what a link invites to; a link that is good for something else leads nowhere."""
    if link.purpose != auth.LINK_PURPOSE:
        raise NoSuchAddress
    async with caller.read() as tx:
        return await auth.invitation(tx, link.subject)


@page("/invitations/{link}", permission=PUBLIC)
async def show_invitation(caller: Caller, request: Request, link: Link) -> Response:
    """Show somebody who was invited where to choose a password."""
    try:
        invitation = await _invitation(caller, link)
    except NotFound:
        return PAGES.answer(viewer_of(caller, request), "uninvited.html", status=404)
    return _asked(caller, request, invitation, invitation.name)


def _asked(
    caller: Caller,
    request: Request,
    invitation: auth.Invitation,
    name: str,
    refusal: Refusal | None = None,
) -> Response:
    return PAGES.answer(
        viewer_of(caller, request),
        "invited.html",
        status=200 if refusal is None else 422,
        invitation=invitation,
        name=name,
        refusal=refusal,
        least=auth.PASSWORD_CHARACTERS_MIN,
    )


@form("/invitations/{link}", permission=PUBLIC, command=organization.JOIN)
async def take_invitation(caller: Caller, request: Request, link: Link, data: bytes) -> Response:
    """Make the account of somebody who was invited."""
    fields = read_form(data)
    name, password = fields.text("name")[:NAME_CHARACTERS_MAX], fields.secret("password")
    viewer = viewer_of(caller, request)
    try:
        invitation = await _invitation(caller, link)
    except NotFound:
        return PAGES.answer(viewer, "uninvited.html", status=404)
    try:
        auth.require_password(password, invitation.email)
        hashed = await auth.hash_password(password)
        wish = organization.Join(invitation.id, hashed, name or invitation.name)
        await caller.submit(organization.JOIN, wish)
    except NotFound:
        return PAGES.answer(viewer, "uninvited.html", status=404)
    except Refusal as refusal:
        return _asked(caller, request, invitation, name, refusal)
    words = PAGES.words(viewer)
    said = words("Welcome. Sign in with the password you have just chosen.")
    return see_other("/sign-in?by=password", toast=said)


ROUTES = [show_invitation, take_invitation]
