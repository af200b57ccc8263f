"""The list of orders: filters in its address, views as tabs, search, columns, a table to take."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import customers, fulfillment, insights, locations, orders, organization
from crosslane.apps.office import order_filters
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order_deeds import DEEDS
from crosslane.apps.office.order_filters import PATH, Query, address, parameters_of
from crosslane.apps.office.order_table import Row, as_csv
from crosslane.insights import DELETE_VIEW, SAVE_VIEW, DeleteView, Found, SaveView
from crosslane.kernel import Refusal, encode_cursor
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

SUGGESTED_MAX = 60
"""So many locations are suggested; to write more into each page takes longer than to find them."""
TABLE_ROWS_MAX = 5_000
TABLE_ROWS_AT_ONCE = 250
# Of filters that few orders fit a page may be nearly empty: so many are read, then the table ends.
TABLE_READS_MAX = 40

Text = Annotated[str, msgspec.Meta(max_length=200)]


@page("/office/orders", permission="orders:read")
async def list_orders(
    caller: Caller,
    request: Request,
    paging: Paging,
    q: Text = "",
    state: Text = "",
    stop: Text = "",
    channel: Text = "",
    method: Text = "",
    location: Text = "",
    promise: Text = "",
    money: Text = "",
    is_: Text = "",
    placed_from: Text = "",
    placed_to: Text = "",
    columns: Text = "",
    column: list[Text] | None = None,
    table: bool = False,
) -> Response:
    """List orders of all channels, newest first, by what the address asks for.

    An associate sees those of the own location. With ``table`` the answer is a file.
    """
    query = Query(
        q=q.strip(), state=state, stop=stop, channel=channel, method=method, location=location,
        promise=promise, money=money, is_=is_, placed_from=placed_from, placed_to=placed_to,
        columns=",".join(column) if column else columns,
    )  # fmt: skip
    if query.q or table:
        caller.require_leisure()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        names = {one.code: one.name for one in (await organization.book(tx)).channels.values()}
        if table:
            rows = await _all_rows(tx, query, viewer)
            return _as_file(as_csv(rows, query.shown, names, viewer.timezone, PAGES.words(viewer)))
        found = await _find(tx, query, viewer, paging.after(datetime, UUID), paging.limit)
        rows = await rows_of(tx, found.order_ids)
        saved = await insights.list_views(tx)
        network = (await locations.network(tx)).all
    if query.q and len(rows) == 1 and not viewer.fragment and _is_number_of(query.q, rows[0]):
        return see_other(f"{PATH}/{rows[0].order.number}")
    words = PAGES.words(viewer)
    cursor = {"cursor": encode_cursor(*found.next)} if found.next else {}
    limit = {"limit": str(paging.limit)} if paging.limit != Paging().limit else {}
    return PAGES.answer(
        viewer,
        "orders.html",
        block="list" if viewer.fragment else "",
        query=query,
        rows=rows,
        found=found,
        next=address(query.given | cursor | limit) if cursor else "",
        first=address(query.given | limit) if paging.cursor else "",
        tabs=order_filters.tabs(query, [(str(one.id), one.title, one.query) for one in saved]),
        channels=names,
        places=[(at.code, at.name) for at in network] if len(network) <= SUGGESTED_MAX else [],
        may_change=any(viewer.may(deed.permission) for deed in DEEDS.values()),
        known=order_filters,
        titles={name: words(title) for name, title in order_filters.COLUMNS.items()},
        states={name: words(title) for name, title in order_filters.STATES.items()},
        to=lambda **changes: address(
            query.with_({name.rstrip("_"): value for name, value in changes.items()})
        ),
        table=address(query.given | {"table": "true"}),
        table_rows_max=TABLE_ROWS_MAX,
    )


def _is_number_of(typed: str, row: Row) -> bool:
    """Tell whether somebody typed a whole order number: then the order itself is wanted."""
    return typed.upper().replace(" ", "") in (row.order.number, row.order.number.replace("-", ""))


async def _find(
    tx: Tx, query: Query, viewer: Viewer, after: tuple[datetime, UUID] | None, limit: int
) -> Found:
    wanted = query.filter(viewer.timezone)
    if not query.q:
        return await insights.find(tx, wanted, after=after, limit=limit)
    page = await search(tx, query.q, after=after, limit=limit)
    fit = set(page.order_ids)
    if query.narrowed:
        fit = await insights.fitting(tx, page.order_ids, wanted)
    return Found([one for one in page.order_ids if one in fit], page.next, page.cut_short)


async def search(
    tx: Tx, words: str, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> orders.SearchPage:
    """Return the newest orders that fit what somebody typed: also a carrier's number.

    Orders of parcels that are called so stand on the first page, before all others.
    """
    page = await orders.search(tx, words, after=after, limit=limit)
    if tx.actor.customer_id is not None:
        return page
    tracked = await fulfillment.list_orders_of_tracking(tx, words, limit)
    # The search shows an associate the own orders only; of those of parcels it is asked here.
    mine = await insights.fitting(tx, tracked, insights.Filter()) if tracked else set[UUID]()
    others = [one for one in page.order_ids if one not in mine]
    ids = others if after else [*mine, *others]
    return orders.SearchPage(ids, page.next, page.cut_short)


async def rows_of(tx: Tx, order_ids: Sequence[UUID]) -> list[Row]:
    """Return what the list shows of some orders, newest first."""
    summaries = await orders.list_summaries(tx, order_ids)
    heads = await orders.list_heads(tx, order_ids)
    buyers = {head.id: head.customer_id for head in heads.values() if head.customer_id}
    known = await customers.customers_by_id(tx, list(set(buyers.values())))
    shown = await insights.shown(tx, order_ids)
    return [
        Row(
            one,
            buyers.get(one.id),
            known[buyers[one.id]].name if buyers.get(one.id) in known else "",
            shown.get(one.id, insights.Shown()),
        )
        for one in summaries
    ]


async def _all_rows(tx: Tx, query: Query, viewer: Viewer) -> list[Row]:
    rows: list[Row] = []
    after: tuple[datetime, UUID] | None = None
    for _ in range(TABLE_READS_MAX):
        found = await _find(tx, query, viewer, after, TABLE_ROWS_AT_ONCE)
        rows += await rows_of(tx, found.order_ids)
        after = found.next
        if after is None or len(rows) >= TABLE_ROWS_MAX:
            break
    return rows[:TABLE_ROWS_MAX]


def _as_file(content: bytes) -> Response[bytes]:
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="orders.csv"'},
    )


@form("/office/order-views", permission="orders:read", command=SAVE_VIEW)
async def save_order_view(caller: Caller, request: Request, data: bytes) -> Response:
    """Keep filters and columns of the list under a title."""
    fields = read_form(data)
    parameters = parameters_of(fields.text("query"))
    title = fields.text("title") or "…"
    # What was searched for may be somebody's name, which is not to be kept here.
    kept = {name: text for name, text in parameters.items() if name != "q"}
    try:
        await caller.submit(SAVE_VIEW, SaveView(title, address(kept, "").lstrip("?")))
    except Refusal as refusal:
        return see_other(address(parameters), toast=await _told(caller, request, refusal))
    return see_other(address(kept))


@form("/office/order-views/{view_id}/removal", permission="orders:read", command=DELETE_VIEW)
async def delete_order_view(
    caller: Caller, request: Request, view_id: UUID, data: bytes
) -> Response:
    """Forget a saved view."""
    del data  # its wish was read already
    try:
        await caller.submit(DELETE_VIEW, DeleteView(view_id))
    except Refusal as refusal:
        return see_other(PATH, toast=await _told(caller, request, refusal))
    return see_other(PATH)


async def _told(caller: Caller, request: Request, refusal: Refusal) -> str:
    async with caller.read() as tx:
        return PAGES.words(await view(tx, caller, request)).told(refusal)


ROUTES = [list_orders, save_order_view, delete_order_view]
