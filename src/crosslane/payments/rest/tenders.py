"""An order's money over HTTP, what people do to it, providers and their messages."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request

from crosslane.kernel import Page, matching
from crosslane.payments import errors, service
from crosslane.payments.domain import Credit, Deed
from crosslane.payments.service import (
    CreditsImported,
    ImportCredits,
    OrderMoney,
    ProviderView,
    PutCredit,
    PutProvider,
    Receipt,
)
from crosslane.payments.service.commands import (
    DO,
    IMPORT_CREDITS,
    PUT_CREDIT,
    PUT_PROVIDER,
    RECEIVE,
    DoToPayment,
    OperationView,
    operation_view,
)
from crosslane.payments.service.messages import Received
from crosslane.platform.outbound import PrivateTarget
from crosslane.platform.web import PUBLIC, Caller, Paging, get, post

READ, CONFIGURE = "payments:read", "payments:configure"
MESSAGE_BYTES_MAX = 64 * 1024
IMPORT_BYTES_MAX = 2 << 20
SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
DEED_RAISES = (
    errors.PaymentNotFound,
    errors.PaymentUndecided,
    errors.WrongCurrency,
)


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much, and why.

    Args:
        minor: minor units.
        currency: the payment's currency, said again so that a mistake is noticed.
        reason: why, for the audit journal.
    """

    minor: Annotated[int, msgspec.Meta(ge=1)]
    currency: Annotated[str, matching("[A-Z]{3}")]
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PaymentView(msgspec.Struct, frozen=True):
    """The money of the order a payment belongs to, and everything asked of this payment."""

    order: OrderMoney
    operations: list[OperationView]


EXAMPLE_AMOUNT = Amount(1250, "GBP", "damaged on arrival")
EXAMPLE_CREDIT = PutCredit(UUID("0192f5a0-0000-7000-8000-000000000001"), "GBP", 500_000, 30)


@get("/api/v1/orders/{order_id}/payments", permission=READ)
async def show_order_money(caller: Caller, order_id: UUID) -> OrderMoney:
    """Show how an order is paid, per tender and in all; zero for an order without tenders."""
    async with caller.read() as tx:
        return (await service.money_by_order(tx, [order_id]))[order_id]


@get("/api/v1/payments/{payment_id}", permission=READ, raises=(errors.PaymentNotFound,))
async def show_payment(caller: Caller, payment_id: UUID) -> PaymentView:
    """Show a payment: the money of its order, and what was asked of it, oldest first."""
    async with caller.read() as tx:
        order, operations = await service.payment_history(tx, payment_id)
    return PaymentView(order, [operation_view(operation) for operation in operations])


@get("/api/v1/payment-problems", permission=READ)
async def list_payment_problems(caller: Caller, paging: Paging) -> Page[OperationView]:
    """List operations that a person should look at, newest first.

    A capture, refund or release that was refused can be asked for again on its payment. One that is
    ``unresolved`` keeps its amount set aside: replay its dead letter once the provider answers.
    """
    after = paging.after(UUID)
    async with caller.read() as tx:
        found = await service.list_problems(
            tx, before=after[0] if after else None, limit=paging.limit + 1
        )
    shown = [operation_view(operation) for operation in found]
    return paging.page(shown, key=lambda operation: (operation.id,))


@post(
    "/api/v1/payments/{payment_id}/captures",
    permission="payments:capture",
    command=DO,
    raises=(*DEED_RAISES, errors.CaptureAboveAuthorized),
    example=EXAMPLE_AMOUNT,
)
async def capture(caller: Caller, payment_id: UUID, data: Amount) -> OperationView:
    """Take authorized money; ``requested`` until the provider has answered."""
    return await _do(caller, payment_id, Deed.CAPTURE, data)


@post(
    "/api/v1/payments/{payment_id}/refunds",
    permission="payments:refund",
    command=DO,
    raises=(*DEED_RAISES, errors.RefundAboveCaptured),
    example=EXAMPLE_AMOUNT,
)
async def refund(caller: Caller, payment_id: UUID, data: Amount) -> OperationView:
    """Give captured money back; ``requested`` until the provider has answered."""
    return await _do(caller, payment_id, Deed.REFUND, data)


@post(
    "/api/v1/payments/{payment_id}/voids",
    permission="payments:void",
    command=DO,
    raises=(*DEED_RAISES, errors.VoidAboveAuthorized),
    example=EXAMPLE_AMOUNT,
)
async def void(caller: Caller, payment_id: UUID, data: Amount) -> OperationView:
    """Release authorized money that will not be captured."""
    return await _do(caller, payment_id, Deed.VOID, data)


@post(
    "/api/v1/payments/{payment_id}/settlements",
    permission="payments:settle",
    command=DO,
    raises=(*DEED_RAISES, errors.SettlementAboveDue, errors.NotOnAccount),
    example=Amount(1250, "GBP", "bank statement 17"),
)
async def settle(caller: Caller, payment_id: UUID, data: Amount) -> OperationView:
    """Note that money on account has been received."""
    return await _do(caller, payment_id, Deed.SETTLE, data)


@get("/api/v1/payment-providers", permission=CONFIGURE)
async def list_providers(caller: Caller) -> list[ProviderView]:
    """List the payment providers, without their secrets."""
    async with caller.read() as tx:
        return await service.list_providers(tx)


@post(
    "/api/v1/payment-providers",
    permission=CONFIGURE,
    command=PUT_PROVIDER,
    raises=(errors.BadProviderSettings, PrivateTarget),
    example=PutProvider(
        "house", "house", "https://pay.example.com", "key_…", "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
    ),
)
async def put_provider(caller: Caller, data: PutProvider) -> ProviderView:
    """Connect a payment provider, or replace the settings of the one with this code.

    Its messages are to be sent to ``/api/v1/payment-providers/{code}/messages``.
    """
    return await caller.submit(PUT_PROVIDER, data)


@post(
    "/api/v1/payment-providers/{code}/messages",
    permission=PUBLIC,
    command=RECEIVE,
    key_required=False,
    status=200,
    raises=(errors.UnknownProvider, errors.BadSignature, errors.BadProviderMessage),
    body_bytes_max=MESSAGE_BYTES_MAX,
)
async def receive_message(caller: Caller, request: Request, code: str, data: bytes) -> Receipt:
    """Take in a provider's message, signed as Standard Webhooks says.

    The same message again changes nothing and is answered with success, so a provider may repeat
    and reorder as it likes.
    """
    headers = {name: request.headers.get(name, "") for name in SIGNATURE_HEADERS}
    return await caller.submit(RECEIVE, Received(code, headers, data))


@get(
    "/api/v1/credit-accounts/{customer_id}",
    permission=READ,
    raises=(errors.NoSuchCredit,),
)
async def show_credit(caller: Caller, customer_id: UUID) -> Credit:
    """Show what a customer may buy on account, and what is open."""
    async with caller.read() as tx:
        return await service.credit_account(tx, customer_id)


@post(
    "/api/v1/credit-accounts",
    permission="payments:credit",
    command=PUT_CREDIT,
    raises=(errors.CreditInUse,),
    example=EXAMPLE_CREDIT,
)
async def put_credit(caller: Caller, data: PutCredit) -> Credit:
    """Let a customer buy on account, or change limit, terms and block."""
    return await caller.submit(PUT_CREDIT, data)


@post(
    "/api/v1/credit-account-imports",
    permission="payments:credit",
    command=IMPORT_CREDITS,
    body_bytes_max=IMPORT_BYTES_MAX,
    example=ImportCredits([EXAMPLE_CREDIT]),
)
async def import_credits(caller: Caller, data: ImportCredits) -> CreditsImported:
    """Let customers buy on account, or change their terms, in bulk, up to 5,000 rows.

    Rows that cannot be saved are told one by one, the others are.
    """
    return await caller.submit(IMPORT_CREDITS, data)


async def _do(caller: Caller, payment_id: UUID, deed: Deed, amount: Amount) -> OperationView:
    return await caller.submit(
        DO, DoToPayment(payment_id, deed, amount.minor, amount.currency, amount.reason)
    )


ROUTES = [
    show_order_money,
    show_payment,
    list_payment_problems,
    capture,
    refund,
    void,
    settle,
    list_providers,
    put_provider,
    receive_message,
    show_credit,
    put_credit,
    import_credits,
]
