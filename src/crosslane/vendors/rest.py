"""Vendors over HTTP: settings and terms, purchase orders, messages, invoices."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request

from crosslane.catalog import UnknownSku
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown
from crosslane.platform.outbound import PrivateTarget
from crosslane.platform.web import PUBLIC, Caller, Paging, decode_json, get, post
from crosslane.vendors import errors
from crosslane.vendors.domain import Acknowledge, InvoiceState, VendorMessage
from crosslane.vendors.service import reading, settings
from crosslane.vendors.service.commands import (
    DISMISS,
    GIVE_UP,
    JUDGE,
    PUT_TERMS,
    PUT_VENDOR,
    REPLAY,
    SETTLE,
    TELL,
    Dismiss,
    GiveUp,
    JudgeInvoice,
    Reason,
    Replay,
    SettleProblem,
    TermsSaved,
    Told,
)
from crosslane.vendors.service.reading import (
    InvoiceView,
    PurchaseOrderView,
    VendorMessageView,
)
from crosslane.vendors.service.receiving import MessageState, Receipt, require_signed
from crosslane.vendors.service.settings import PutTerms, PutVendor, TermRow, TermView, VendorView

READ, CONFIGURE, DECIDE = "vendors:read", "vendors:configure", "vendors:decide"
MESSAGE_BYTES_MAX = 1 << 20
TERMS_BYTES_MAX = 4 << 20
SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
EXAMPLE = UUID("018f0000-0000-7000-8000-000000000001")
EXAMPLE_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="  # noqa: S105
NOBODY = (LocationUnknown, errors.NotAVendor)


class Judgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a person decided so."""

    reason: Reason


@get("/api/v1/vendors", permission=READ)
async def list_vendors(caller: Caller) -> list[VendorView]:
    """List how vendors are spoken to, without their secrets."""
    async with caller.read() as tx:
        return await settings.list_vendors(tx)


@post(
    "/api/v1/vendors",
    permission=CONFIGURE,
    command=PUT_VENDOR,
    raises=(
        *NOBODY,
        errors.BadVendorSettings,
        errors.VendorCurrencyFixed,
        PrivateTarget,
    ),
    example=PutVendor(
        location="V01",
        currency="GBP",
        port="http",
        endpoint="https://orders.vendor.example/crosslane",
        order_secret=EXAMPLE_SECRET,
        message_secret=EXAMPLE_SECRET,
    ),
)
async def put_vendor(caller: Caller, data: PutVendor) -> VendorView:
    """Say how a vendor is spoken to, or replace what was said."""
    return await caller.submit(PUT_VENDOR, data)


@get("/api/v1/vendors/{location}/terms", permission=READ, raises=NOBODY)
async def list_vendor_terms(caller: Caller, location: str, paging: Paging) -> Page[TermView]:
    """List what a vendor agreed to, by article and day."""
    async with caller.read() as tx:
        caller.require_location((await settings.vendor_location(tx, location)).id)
        found = await settings.list_terms(
            tx, location, after=paging.after(UUID, date), limit=paging.limit + 1
        )
    return paging.page(found, key=lambda term: (term.variant_id, term.valid_from))


@post(
    "/api/v1/vendor-terms",
    permission=CONFIGURE,
    command=PUT_TERMS,
    body_bytes_max=TERMS_BYTES_MAX,
    raises=(*NOBODY, UnknownSku),
    example=PutTerms("V01", (TermRow("MUG", 350_000, date(2026, 1, 1), "V-4711"),)),
)
async def put_vendor_terms(caller: Caller, data: PutTerms) -> TermsSaved:
    """Save what a vendor agreed to; orders keep the cost they were made at."""
    return await caller.submit(PUT_TERMS, data)


@get("/api/v1/purchase-orders", permission=READ)
async def list_purchase_orders(
    caller: Caller,
    paging: Paging,
    location_id: UUID | None = None,
    order_id: UUID | None = None,
    has_problem: bool | None = None,
) -> Page[PurchaseOrderView]:
    """List purchase orders, newest first; with ``has_problem`` those a person should look at."""
    return await _newest_first(
        caller,
        paging,
        reading.list_orders,
        location_id=location_id,
        order_id=order_id,
        has_problem=has_problem,
    )


@get(
    "/api/v1/purchase-orders/{purchase_order_id}",
    permission=READ,
    raises=(errors.NoSuchPurchaseOrder,),
)
async def show_purchase_order(caller: Caller, purchase_order_id: UUID) -> PurchaseOrderView:
    """Show a purchase order; it has the id of the fulfillment order it stands for."""
    async with caller.read() as tx:
        return await reading.order_view(tx, purchase_order_id)


@post(
    "/api/v1/purchase-order-withdrawals",
    permission=DECIDE,
    command=GIVE_UP,
    raises=(errors.NoSuchPurchaseOrder, errors.NothingLeft),
    example=GiveUp(EXAMPLE, "the vendor does not answer"),
)
async def give_up_purchase_order(caller: Caller, data: GiveUp) -> PurchaseOrderView:
    """Expect nothing more of the vendor: what is left is withdrawn, other stock is looked for."""
    return await caller.submit(GIVE_UP, data)


@post(
    "/api/v1/purchase-order-settlements",
    permission=DECIDE,
    command=SETTLE,
    raises=(errors.NoSuchPurchaseOrder, errors.NoSuchProblem),
    example=SettleProblem(EXAMPLE, "surplus", "the customer keeps the second one"),
)
async def settle_purchase_order(caller: Caller, data: SettleProblem) -> PurchaseOrderView:
    """Say that a problem of a purchase order has been dealt with."""
    return await caller.submit(SETTLE, data)


@post(
    "/api/v1/vendors/{location}/messages",
    permission="vendors:message",
    command=TELL,
    key_required=False,
    status=200,
    body_bytes_max=MESSAGE_BYTES_MAX,
    raises=(*NOBODY, errors.MessageIdReused),
    example=Acknowledge(
        id="m-1",
        purchase_order=EXAMPLE,
        occurred_at=datetime(2026, 1, 2, 9, 30, tzinfo=UTC),
        expected_on=date(2026, 1, 3),
    ),
)
async def tell_vendor_message(caller: Caller, location: str, data: VendorMessage) -> Receipt:
    """Take in what a vendor says, by a key that is bound to it or by somebody who speaks for it.

    The same message again changes nothing, and messages may come in any order. One that makes no
    sense is kept in quarantine and answered so.
    """
    async with caller.read() as tx:
        location_id = (await settings.vendor_location(tx, location)).id
    caller.require_location(location_id)
    return await caller.submit(TELL, Told(location_id, data))


@post(
    "/api/v1/vendors/{location}/signed-messages",
    permission=PUBLIC,
    command=TELL,
    key_required=False,
    status=200,
    body_bytes_max=MESSAGE_BYTES_MAX,
    raises=(
        *NOBODY,
        errors.NoSuchVendor,
        errors.BadVendorSignature,
        errors.MessageIdReused,
    ),
)
async def tell_signed_vendor_message(
    caller: Caller, request: Request, location: str, data: bytes
) -> Receipt:
    """Take in what a vendor says, signed by it as Standard Webhooks says, without a key."""
    headers = {name: request.headers.get(name, "") for name in SIGNATURE_HEADERS}
    async with caller.read() as tx:
        vendor = await settings.vendor_of(tx, location)
    require_signed(vendor, headers, data)
    message = decode_json(data, VendorMessage)
    return await caller.submit(TELL, Told(vendor.location_id, message))


@get("/api/v1/vendor-messages", permission=READ)
async def list_vendor_messages(
    caller: Caller,
    paging: Paging,
    location_id: UUID | None = None,
    state: MessageState | None = None,
    purchase_order_id: UUID | None = None,
) -> Page[VendorMessageView]:
    """List messages of vendors, newest first, such as those in quarantine."""
    return await _newest_first(
        caller,
        paging,
        reading.list_messages,
        location_id=location_id,
        state=state,
        purchase_order_id=purchase_order_id,
    )


@post(
    "/api/v1/vendor-messages/{message_id}/replays",
    permission=DECIDE,
    command=REPLAY,
    raises=(errors.NoSuchVendorMessage,),
)
async def replay_vendor_message(caller: Caller, message_id: UUID) -> Receipt:
    """Try a message in quarantine once more."""
    return await caller.submit(REPLAY, Replay(message_id))


@post(
    "/api/v1/vendor-messages/{message_id}/dismissals",
    permission=DECIDE,
    command=DISMISS,
    raises=(errors.NoSuchVendorMessage,),
    example=Judgement("the vendor has sent a better one"),
)
async def dismiss_vendor_message(caller: Caller, message_id: UUID, data: Judgement) -> Receipt:
    """Put a message in quarantine aside for good."""
    return await caller.submit(DISMISS, Dismiss(message_id, data.reason))


@get("/api/v1/vendor-invoices", permission=READ)
async def list_vendor_invoices(
    caller: Caller,
    paging: Paging,
    location_id: UUID | None = None,
    state: InvoiceState | None = None,
) -> Page[InvoiceView]:
    """List invoices of vendors, newest first, such as the disputed ones."""
    return await _newest_first(
        caller, paging, reading.list_invoices, location_id=location_id, state=state
    )


@post(
    "/api/v1/vendor-invoices/{invoice_id}/acceptances",
    permission=DECIDE,
    command=JUDGE,
    raises=(errors.NoSuchInvoice, errors.InvoiceNotOpen),
    example=Judgement("agreed by phone"),
)
async def accept_vendor_invoice(caller: Caller, invoice_id: UUID, data: Judgement) -> InvoiceView:
    """Accept a disputed invoice at its price; the difference has an account of its own."""
    return await caller.submit(JUDGE, JudgeInvoice(invoice_id, "accept", data.reason))


@post(
    "/api/v1/vendor-invoices/{invoice_id}/rejections",
    permission=DECIDE,
    command=JUDGE,
    raises=(errors.NoSuchInvoice, errors.InvoiceNotOpen),
    example=Judgement("invoiced twice"),
)
async def reject_vendor_invoice(caller: Caller, invoice_id: UUID, data: Judgement) -> InvoiceView:
    """Reject an open invoice; the vendor has to send another one."""
    return await caller.submit(JUDGE, JudgeInvoice(invoice_id, "reject", data.reason))


async def _newest_first(
    caller: Caller, paging: Paging, read: Callable[..., Awaitable[list[Any]]], **wanted: Any
) -> Page[Any]:
    after = paging.after(UUID)
    async with caller.read() as tx:
        found = await read(tx, **wanted, before=after[0] if after else None, limit=paging.limit + 1)
    return paging.page(found, key=lambda row: (row.id,))


ROUTES = [
    list_vendors,
    put_vendor,
    list_vendor_terms,
    put_vendor_terms,
    list_purchase_orders,
    show_purchase_order,
    give_up_purchase_order,
    settle_purchase_order,
    tell_vendor_message,
    tell_signed_vendor_message,
    list_vendor_messages,
    replay_vendor_message,
    dismiss_vendor_message,
    list_vendor_invoices,
    accept_vendor_invoice,
    reject_vendor_invoice,
]
