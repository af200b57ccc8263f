"""One order, whole: where its units are, its money, what holds it, and all that has happened."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import (
    catalog,
    channels,
    customers,
    documents,
    engagement,
    fulfillment,
    locations,
    orders,
    organization,
    returns,
)
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.next_step import Matter, NextStep, ReturnMatter, next_step
from crosslane.apps.office.story import Names, Told, doers_of, tell
from crosslane.catalog import Variant
from crosslane.customers import Customer
from crosslane.documents import Document
from crosslane.engagement import MessageView
from crosslane.fulfillment import Work
from crosslane.kernel import Refusal
from crosslane.locations import Location, Network
from crosslane.orders import LineView, OrderView
from crosslane.platform import audit, log
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField
from crosslane.returns import Return

STORY_ENTRIES_MAX = 200
MESSAGES_MAX = 100
AUDITED_MAX = 100
# Lines of a location that are shown before the rest is asked for.
ROWS_FIRST = 8
ADDRESS = "/office/orders/"
# How far units are, in the order they go through.
WAY = ("allocated", "released", "picked", "packed", "handed_over", "delivered")
NOWHERE = ("open", "backordered")


class Row(msgspec.Struct, frozen=True):
    """Units of a line in one place, by stage."""

    line: LineView
    stages: Sequence[tuple[str, int]]

    @property
    def units(self) -> int:
        """All of them."""
        return sum(units for _, units in self.stages)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Units that one location supplies, or that none does.

    Args:
        code: of the location; "" for units that wait for one, ``cancelled`` for no place any more.
        name: of the location.
        recallable: somebody there has work that nobody has begun, and is no vendor.
        works: its fulfillment orders, the latest first.
        rows: units by line.
    """

    code: str
    name: str
    recallable: bool = False
    works: Sequence[Work]
    rows: Sequence[Row]

    @property
    def reached(self) -> int:
        """Place in WAY of the units that are least far, -1 where there are none on it."""
        return min(
            (WAY.index(stage) for row in self.rows for stage, _ in row.stages if stage in WAY),
            default=-1,
        )

    @property
    def method(self) -> str:
        """How the customer gets what is supplied here."""
        return self.rows[0].line.method


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page tells."""

    order: OrderView
    goods: Mapping[str, Variant]
    customer: Customer | None
    groups: Sequence[Group]
    returns: Sequence[Return]
    documents: Sequence[Document]
    story: Sequence[Told]
    messages: Sequence[MessageView]
    staff: Mapping[str, str]
    next: NextStep | None
    customer_page: str

    @property
    def returnable(self) -> bool:
        """Whether the customer has goods that may come back."""
        return any(
            sum(b.quantity for b in line.buckets if b.stage in ("handed_over", "delivered"))
            > sum(back.quantity for back in line.returned)
            for line in self.order.lines
        )

    @property
    def on_account_minor(self) -> int:
        """What was bought on account and is not paid yet."""
        return sum(
            tender.captured_minor - tender.refunded_minor - tender.settled_minor
            for tender in self.order.money.tenders
            if tender.method == "on_account"
        )


async def shown_order(tx: Tx, caller: Caller, viewer: Viewer, named: str) -> Shown:
    """Return all about an order, as far as the viewer may see it.

    Raises:
        NoSuchOrder: there is none, or the viewer may not see it.
    """
    order = await orders.order_view(tx, named)
    network = await locations.network(tx)
    works = (await fulfillment.works_by_order(tx, [order.id])).get(order.id, [])
    back: list[Return] = []
    if viewer.may("returns:read"):
        back = await returns.returns_of_orders(tx, [order.id])
    found = {}
    if order.customer_id and viewer.may("customers:read"):
        found = await customers.customers_by_id(tx, [order.customer_id])
    papers: Sequence[Document] = ()
    if viewer.may("documents:read"):
        papers = await documents.documents_of_order(tx, order.id)
    messages: Sequence[MessageView] = ()
    if viewer.may("engagement:read"):
        messages = await engagement.messages_of_order(
            tx, order.number, after=None, limit=MESSAGES_MAX
        )
    story, staff = await _story(tx, viewer, order, works, back, network, messages)
    groups = grouped(order, works, network)
    matter = matter_of(order, works, back)
    link = engagement.link_to_order(caller.key_prefix, order.id, tx.now)
    goods = await catalog.variants_by_sku(tx, [line.sku for line in order.lines])
    return Shown(
        order=order,
        goods=goods,
        customer=next(iter(found.values()), None),
        groups=groups,
        returns=back,
        documents=papers,
        story=story,
        messages=list(reversed(messages)),
        staff=staff,
        next=next_step(matter, viewer.may),
        customer_page=engagement.ORDER_PAGE
        + caller.sign(link.purpose, link.subject, link.expires_at),
    )


def matter_of(order: OrderView, works: Sequence[Work], back: Sequence[Return]) -> Matter:
    """Return what is the matter with an order."""
    waiting = sum(
        bucket.quantity
        for line in order.lines
        for bucket in line.buckets
        if bucket.stage in NOWHERE and not line.is_bundle
    )
    return Matter(
        stops=frozenset(stop.kind for stop in order.stops if stop.resolved_at is None),
        waiting=waiting,
        rejected=any(work.state == "rejected" for work in works),
        money_refused=any(problem.resolved_at is None for problem in order.money.problems),
        returns=[ReturnMatter(one.number, one.state, one.held) for one in back],
    )


def grouped(order: OrderView, works: Sequence[Work], network: Network) -> list[Group]:
    """Return the units of an order by who supplies them: what waits first, what is off last."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for line in order.lines:
        here: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for bucket in line.buckets:
            if bucket.quantity:
                place = "cancelled" if bucket.stage == "cancelled" else bucket.location
                here[place].append((bucket.stage, bucket.quantity))
        for place, stages in here.items():
            rows[place].append(Row(line, stages))
    done: dict[str, list[Work]] = defaultdict(list)
    for work in sorted(works, key=lambda one: one.offered_at, reverse=True):
        done[network.by_id[work.location_id].code].append(work)
    places = sorted(rows, key=lambda code: (code == "cancelled", bool(code), code))
    return [
        _group(code, network.by_code.get(code), done.get(code, []), rows[code]) for code in places
    ]


def _group(code: str, place: Location | None, works: Sequence[Work], rows: Sequence[Row]) -> Group:
    begun = {stage for row in rows for stage, _ in row.stages}
    return Group(
        code=code,
        name=place.name if place else "",
        recallable=place is not None and place.kind != "vendor" and "released" in begun,
        works=works,
        rows=rows,
    )


async def _story(
    tx: Tx,
    viewer: Viewer,
    order: OrderView,
    works: Sequence[Work],
    back: Sequence[Return],
    network: Network,
    messages: Sequence[MessageView],
) -> tuple[list[Told], Mapping[str, str]]:
    """Return what has happened, and the names of the staff that did it."""
    subject = f"order:{order.id}"
    subjects = [subject, *(f"fulfillment:{work.id}" for work in works)]
    subjects += [f"payment:{tender.payment_id}" for tender in order.money.tenders]
    subjects += [f"return:{one.id}" for one in back]
    entries = await log.histories(tx, subjects, limit=STORY_ENTRIES_MAX)
    audited = await audit.list_entries(tx, subject=subject, limit=AUDITED_MAX)
    names = await names_for(tx, viewer, [*entries, *audited], network)
    channel: Sequence[channels.OutgoingView] = ()
    if viewer.may("channels:read"):
        channel = await channels.list_outgoing(tx, order_id=order.id, limit=STORY_ENTRIES_MAX)
    story = tell(entries, names, order=order, messages=messages, audited=audited, channel=channel)
    return story, names.staff


async def names_for(tx: Tx, viewer: Viewer, entries: Sequence[Any], network: Network) -> Names:
    """Return the names of doers and places that entries name by id."""
    members = await organization.staff_by_account(tx, list(doers_of(entries)))
    return Names(
        staff={str(account): member.name for account, member in members.items()},
        locations={at.id: at.name for at in network.by_id.values()},
        words=PAGES.words(viewer),
    )


@page("/office/orders/{number}", permission="orders:read")
async def show_order(caller: Caller, request: Request, number: str) -> Response:
    """Show an order whole."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        shown = await shown_order(tx, caller, viewer, number)
    return order_page(viewer, shown)


def order_page(
    viewer: Viewer, shown: Shown, *, refusal: Refusal | None = None, fields: Any = None
) -> Response:
    """Return the page of an order, with why something on it was refused."""
    block = "whole" if viewer.fragment else ""
    return PAGES.answer(
        viewer,
        "order.html",
        status=422 if refusal else 200,
        block=block,
        shown=shown,
        order=shown.order,
        rows_first=ROWS_FIRST,
        ends_by_itself=orders.ENDS_BY_ITSELF,
        refusal=refusal,
        fields=fields or {},
    )


async def _again(
    caller: Caller, request: Request, number: str, refusal: Refusal, fields: Any
) -> Response:
    """Show the order again with why a form on it was refused."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        shown = await shown_order(tx, caller, viewer, number)
    return order_page(viewer, shown, refusal=refusal, fields=fields.plain())


@form(
    "/office/orders/{number}/stops/{stop_id}/resolution",
    permission="orders:stop",
    command=orders.RESOLVE_STOP,
)
async def resolve_order_stop(
    caller: Caller, request: Request, number: str, stop_id: UUID, data: bytes
) -> Response:
    """Let an order go on, with what was found."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        order = await orders.find_order(tx, number)
    try:
        found = required(fields, "resolution")
        wish = orders.ResolveStop(order.order.id, stop_id, found)
        await caller.submit(orders.RESOLVE_STOP, wish)
    except Refusal as refusal:
        return await _again(caller, request, number, refusal, fields)
    words = PAGES.words(viewer)
    return see_other(ADDRESS + order.order.number, toast=words("The order goes on."))


@form("/office/orders/{number}/stops", permission="orders:stop", command=orders.RAISE_STOP)
async def hold_order_back(caller: Caller, request: Request, number: str, data: bytes) -> Response:
    """Hold an order back until somebody resolves the stop."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        order = await orders.find_order(tx, number)
    try:
        kind = fields.text("kind", "manual")
        if kind not in ("fraud", "address", "manual"):
            raise InvalidField(pointer="/kind", reason="there is no such stop")
        wish = orders.RaiseStop(order.order.id, kind, required(fields, "reason"))
        await caller.submit(orders.RAISE_STOP, wish)
    except Refusal as refusal:
        return await _again(caller, request, number, refusal, fields)
    words = PAGES.words(viewer)
    return see_other(ADDRESS + order.order.number, toast=words("Held back."))


@form(
    "/office/orders/{number}/messages/{message_id}/resend",
    permission="engagement:send",
    command=engagement.RESEND,
)
async def resend_of_order(
    caller: Caller, request: Request, number: str, message_id: UUID, data: bytes
) -> Response:
    """Say a message about an order again, to the address that is known now."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await engagement.messages_of_order(tx, number, after=None, limit=MESSAGES_MAX)
    try:
        if message_id not in {one.id for one in told}:
            raise engagement.NoSuchMessage(message=str(message_id))
        await caller.submit(engagement.RESEND, engagement.Resend(message_id))
    except Refusal as refusal:
        return await _again(caller, request, number, refusal, fields)
    toast = PAGES.words(viewer)("The message is sent again.")
    return see_other(f"{ADDRESS}{number}#messages", toast=toast)


def required(fields: Any, name: str) -> str:
    """Return a text that has to be there.

    Raises:
        InvalidField: it is empty.
    """
    text = fields.text(name)
    if not text:
        raise InvalidField(pointer=f"/{name}", reason=f"{name} is missing")
    return text


ROUTES = [show_order, resolve_order_stop, hold_order_back, resend_of_order]
