"""Taking turns on a shared device of a store, and marking a device as one."""

from uuid import UUID

from litestar import Request, Response

from crosslane import locations, organization
from crosslane.apps.sign_in.frame import PAGES, device_of, own_path, user_agent_of
from crosslane.apps.viewing import view
from crosslane.kernel import Invalid, Refusal
from crosslane.platform import auth
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other, viewer_of
from crosslane.platform.web import PUBLIC, Caller, TooManyRequests


@page("/switch", permission=PUBLIC)
async def show_switch(caller: Caller, request: Request, who: str = "", next: str = "") -> Response:
    """Show who may take over on this device, then ask for the PIN."""
    return await _asked(caller, request, Form({"who": [who], "next": [next]}))


async def _asked(
    caller: Caller, request: Request, fields: Form, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        device = await device_of(tx, request)
        if device is None:
            return see_other("/sign-in")
        people = await _people(tx, device)
        place = (await locations.network(tx)).by_id.get(device.location_id)
    who = fields.text("who")
    return PAGES.answer(
        viewer_of(caller, request),
        "switch.html",
        status=200 if refusal is None else 422,
        place=place.name if place else device.name,
        people=people,
        chosen=next((one for one in people if str(one[0]) == who), None),
        next=own_path(fields.text("next")),
        busy=isinstance(refusal, TooManyRequests),
        failed=refusal is not None,
    )


async def _people(tx: Tx, device: auth.Device) -> list[tuple[UUID, str]]:
    """Return account and name of everybody who may take over, by name."""
    ids = await auth.turns(tx, device.location_id)
    members = await organization.staff_by_account(tx, ids)
    known = await auth.accounts_by_id(tx, [id for id in ids if id not in members])
    named = [(id, members[id].name if id in members else known[id].email) for id in ids]
    return sorted(named, key=lambda one: one[1].casefold())


@form("/switch", permission=PUBLIC, command=auth.SWITCH)
async def send_switch(caller: Caller, request: Request, data: bytes) -> Response:
    """Take over on this device by PIN."""
    fields = read_form(data)
    async with caller.read() as tx:
        device = await device_of(tx, request)
    if device is None:
        return see_other("/sign-in")
    try:
        who = fields.id("who")
        if who is None:
            return await _asked(caller, request, fields)
        opened = await auth.take_over(
            caller, device, who, fields.text("pin"), user_agent=user_agent_of(request)
        )
    except (auth.SignInFailed, TooManyRequests, Invalid) as refusal:
        return await _asked(caller, request, fields, refusal)
    answer = see_other(own_path(fields.text("next")))
    answer.headers["Set-Cookie"] = opened.cookie
    return answer


@page("/switch/device", permission="auth:device")
async def show_device(caller: Caller, request: Request) -> Response:
    """Show whether this device is shared, and where it may be made so."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        device = await device_of(tx, request)
        network = await locations.network(tx)
    stores = sorted(
        (found.name, str(found.id)) for found in network.by_id.values() if found.kind == "store"
    )
    place = network.by_id.get(device.location_id) if device else None
    return PAGES.answer(
        viewer,
        "device.html",
        device=device,
        place=place.name if place else "",
        stores=[(id, name) for name, id in stores],
    )


@form("/switch/device", permission="auth:device", command=auth.MARK_DEVICE)
async def send_device(caller: Caller, request: Request, data: bytes) -> Response:
    """Make this device a shared one of a store."""
    fields = read_form(data)
    location_id = fields.id("location")
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = (await locations.network(tx)).by_id.get(location_id) if location_id else None
    if location_id is None or found is None:
        return await show_device.handle(caller, request)
    token = auth.new_device(caller)
    name = fields.text("name")[:120] or found.name
    device: auth.Device = await caller.submit(
        auth.MARK_DEVICE, auth.MarkDevice(token.id, token.digest, name, location_id)
    )
    words = PAGES.words(viewer)
    answer = see_other("/switch/device", toast=words("This device is shared now."))
    if device.id == token.id:
        answer.headers["Set-Cookie"] = auth.device_cookie(token)
    return answer


ROUTES = [show_switch, send_switch, show_device, send_device]
