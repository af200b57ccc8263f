"""Customers: found by what they are known by, everything of one, merging, erasing, telling."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import customers, engagement, orders, organization, payments, returns
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order import required
from crosslane.apps.office.order_changes import made
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

READ, WRITE = "customers:read", "customers:write"
MERGE, EXPORT = "customers:merge", "customers:export"
# Not one of customers: whoever works with them need not be able to forget them.
ERASE = "personal:erase"
RESEND = "engagement:send"
SHOWN_MAX = 25
MATCHES_MAX = 10


class _Unsaid(Exception):
    """A form lacks what it cannot do without; the text is for whoever sent it."""


Query = Annotated[str, msgspec.Meta(max_length=254)]


@page("/office/customers", permission=READ)
async def list_office_customers(
    caller: Caller, request: Request, paging: Paging, q: Query = "", group: Query = ""
) -> Response:
    """Show customers, the latest first, or those that fit what was typed."""
    if q:
        caller.require_leisure()
    (after,) = paging.after(UUID) or (None,)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await customers.list_customers(
            tx,
            after=after,
            limit=paging.limit + 1,
            query=q,
            group=group,
            country=await _home(tx),
            owner=caller.actor.customer_id,
            latest=True,
        )
    shown = paging.page(found, key=lambda one: (one.id,))
    return PAGES.answer(viewer, "customers.html", shown=shown, q=q, group=group)


@page("/office/customers/{customer_id}", permission=READ)
async def show_office_customer(caller: Caller, request: Request, customer_id: UUID) -> Response:
    """Show everything of one customer; one that was merged leads to its successor."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await _customer(tx, caller, customer_id)
        if found.id != customer_id:
            return see_other(f"/office/customers/{found.id}")
        return await _customer_page(tx, viewer, found)


async def _customer_page(
    tx: Tx, viewer: Viewer, found: customers.Customer, refusal: Refusal | None = None
) -> Response:
    ids = await customers.merged_ids(tx, found.id)
    told: dict[str, Any] = {"orders": None, "returns": None, "messages": None, "accounts": None}
    if viewer.may("orders:read"):
        order_ids = await orders.list_latest_of_customers(tx, ids, SHOWN_MAX)
        told["orders"] = await orders.list_summaries(tx, order_ids)
    if viewer.may("returns:read"):
        told["returns"] = await returns.returns_of_customers(tx, ids, SHOWN_MAX)
    if viewer.may("engagement:read"):
        told["messages"] = await engagement.messages_of_customers(tx, ids, SHOWN_MAX)
    if viewer.may("payments:read"):
        told["accounts"] = await payments.stored_values_of(tx, ids)
        told["credit"] = await _credit(tx, found.id)
    book = await customers.list_addresses(tx, found.id)
    return PAGES.answer(
        viewer,
        "customer.html",
        status=422 if refusal else 200,
        customer=found,
        merged=len(ids) - 1,
        book=[(saved, customers.label_lines(saved.address)) for saved in book],
        consents=list(reversed(await customers.list_consents(tx, found.id))),
        now=tx.now,
        shown_max=SHOWN_MAX,
        refusal=refusal,
        **{"credit": None, **told},
    )


async def _credit(tx: Tx, customer_id: UUID) -> payments.Credit | None:
    try:
        return await payments.credit_account(tx, customer_id)
    except payments.NoSuchCredit:
        return None


@form(
    "/office/customers/{customer_id}/messages/{message_id}/resend",
    permission=RESEND,
    command=engagement.RESEND,
)
async def resend_to_customer(
    caller: Caller, request: Request, customer_id: UUID, message_id: UUID, data: bytes
) -> Response:
    """Say a message to a customer again, to the address that is known now."""
    del data
    try:
        await caller.submit(engagement.RESEND, engagement.Resend(message_id))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            found = await _customer(tx, caller, customer_id)
            return await _customer_page(tx, viewer, found, refusal)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    toast = words("The message is sent again.")
    return see_other(f"/office/customers/{customer_id}#messages", toast=toast)


@page("/office/customers/{customer_id}/contact", permission=WRITE)
async def ask_contact(caller: Caller, request: Request, customer_id: UUID) -> Response:
    """Ask what a customer is called and reached by."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await _customer(tx, caller, customer_id)
    return _contact_page(viewer, found, {})


def _contact_page(
    viewer: Viewer,
    found: customers.Customer,
    fields: Mapping[str, str],
    refusal: Refusal | None = None,
) -> Response:
    known = {
        kind: "\n".join(one.value for one in found.identities if one.kind == kind)
        for kind in ("email", "phone")
    }
    return PAGES.answer(
        viewer,
        "customer_contact.html",
        status=422 if refusal else 200,
        customer=found,
        known=known,
        fields=fields,
        refusal=refusal,
    )


@form("/office/customers/{customer_id}/contact", permission=WRITE, command=customers.CORRECT)
async def correct_office_customer(
    caller: Caller, request: Request, customer_id: UUID, data: bytes
) -> Response:
    """Correct what a customer is called and reached by."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await _customer(tx, caller, customer_id)
        home = await _home(tx)
    try:
        wish = made(
            customers.CorrectCustomer,
            customer_id=found.id,
            version=fields.number("version", found.version),
            name=fields.text("name"),
            emails=fields.text("emails").split(),
            phones=[line for line in fields.text("phones").splitlines() if line.strip()],
            country=home,
            reason=required(fields, "reason"),
        )
        await caller.submit(customers.CORRECT, wish)
    except Refusal as refusal:
        return _contact_page(viewer, found, fields.plain(), refusal)
    toast = PAGES.words(viewer)("Saved.")
    return see_other(f"/office/customers/{found.id}", toast=toast)


@page("/office/customers/{customer_id}/merge", permission=MERGE)
async def choose_merge(
    caller: Caller,
    request: Request,
    customer_id: UUID,
    q: Query = "",
    other: UUID | None = None,
) -> Response:
    """Find the customer who is the same, and say what merging them does."""
    if q:
        caller.require_leisure()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _merge_page(tx, caller, viewer, customer_id, other, q=q)


async def _merge_page(
    tx: Tx,
    caller: Caller,
    viewer: Viewer,
    customer_id: UUID,
    other_id: UUID | None,
    *,
    q: str = "",
    reason: str = "",
    refusal: str = "",
) -> Response:
    kept = await _customer(tx, caller, customer_id)
    other = await _customer(tx, caller, other_id) if other_id else None
    matches: list[customers.Customer] = []
    if q and not other:
        found = await customers.list_customers(
            tx,
            after=None,
            limit=MATCHES_MAX,
            query=q,
            country=await _home(tx),
            owner=caller.actor.customer_id,
            latest=True,
        )
        matches = [one for one in found if one.id != kept.id]
    counts: Mapping[str, int] = MappingProxyType({})
    if other:
        ids = await customers.merged_ids(tx, other.id)
        counts = {
            "identities": len(other.identities),
            "addresses": len(await customers.list_addresses(tx, other.id)),
            "orders": len(await orders.list_latest_of_customers(tx, ids, SHOWN_MAX + 1)),
        }
    return PAGES.answer(
        viewer,
        "customer_merge.html",
        status=422 if refusal else 200,
        kept=kept,
        other=other,
        matches=matches,
        counts=counts,
        shown_max=SHOWN_MAX,
        q=q,
        reason=reason,
        refusal=refusal,
    )


@form("/office/customers/{customer_id}/merge", permission=MERGE, command=customers.MERGE)
async def merge_office_customers(
    caller: Caller, request: Request, customer_id: UUID, data: bytes
) -> Response:
    """Say that two customers are one."""
    fields = read_form(data)
    other, reason = fields.id("other") or customer_id, fields.text("reason")[:500]
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    words = PAGES.words(viewer)
    try:
        if not reason:
            raise _Unsaid(words("Say why: it is kept in the audit journal."))
        kept = await caller.submit(
            customers.MERGE, customers.MergeCustomers(customer_id, other, reason)
        )
    except (Refusal, _Unsaid) as refusal:
        async with caller.read() as tx:
            why = words.told(refusal) if isinstance(refusal, Refusal) else str(refusal)
            told = {"reason": reason, "refusal": why}
            return await _merge_page(tx, caller, viewer, customer_id, other, **told)
    return see_other(f"/office/customers/{kept.id}", toast=words("They are one customer now."))


@page("/office/customers/{customer_id}/export", permission=EXPORT, produces="application/json")
async def export_office_customer(caller: Caller, customer_id: UUID) -> Response:
    """Send everything that is known of a customer as a file."""
    async with caller.read() as tx:
        found = await customers.export(tx, customer_id, owner=caller.actor.customer_id)
    content = msgspec.json.format(msgspec.json.encode({"sections": found}), indent=2)
    name = quote(f"customer-{customer_id}.json")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/json", headers=headers)


@page("/office/customers/{customer_id}/erasure", permission=ERASE)
async def confirm_erasure(caller: Caller, request: Request, customer_id: UUID) -> Response:
    """Say what forgetting a customer does, before it is done."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await _customer(tx, caller, customer_id)
        merged = await customers.merged_ids(tx, found.id)
    return PAGES.answer(
        viewer,
        "customer_erasure.html",
        customer=found,
        merged=len(merged) - 1,
        report=None,
        refusal=None,
    )


@form("/office/customers/{customer_id}/erasure", permission=ERASE, command=customers.ERASE)
async def erase_office_customer(
    caller: Caller, request: Request, customer_id: UUID, data: bytes
) -> Response:
    """Forget a customer, and tell what was blanked where."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await _customer(tx, caller, customer_id)
        merged = len(await customers.merged_ids(tx, found.id)) - 1
    words = PAGES.words(viewer)
    report, refusal = None, None
    if not fields.text("reason"):
        refusal = words("Say why: it is kept in the audit journal.")
    elif not fields.checked("sure"):
        refusal = words("Confirm that nothing of this can be brought back.")
    else:
        try:
            wish = customers.EraseCustomer(customer_id, fields.text("reason")[:500])
            report = await caller.submit(customers.ERASE, wish)
        except Refusal as refused:
            refusal = words.told(refused)
    return PAGES.answer(
        viewer,
        "customer_erasure.html",
        status=422 if refusal else 200,
        customer=found,
        merged=merged,
        report=report,
        refusal=refusal,
    )


async def _customer(tx: Tx, caller: Caller, customer_id: UUID) -> customers.Customer:
    owner = caller.actor.customer_id
    found = (await customers.customers_by_id(tx, [customer_id], owner=owner)).get(customer_id)
    if found is None:
        raise customers.UnknownCustomer
    return found


async def _home(tx: Tx) -> str:
    """Return the country in which telephone numbers are typed without a country code."""
    markets = (await organization.book(tx)).markets
    return markets[min(markets)].country if markets else ""


ROUTES = [
    list_office_customers,
    show_office_customer,
    resend_to_customer,
    ask_contact,
    correct_office_customer,
    choose_merge,
    merge_office_customers,
    export_office_customer,
    confirm_erasure,
    erase_office_customer,
]
