"""How a new order is paid: its tenders, and the stop that waits for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from crosslane import payments
from crosslane.kernel import Refusal, new_id
from crosslane.orders.domain import OrderLine, Stop
from crosslane.orders.errors import PaidAtTheTill, TendersDiffer
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.wishes import PreparedOrder, TenderWish
from crosslane.platform.database import Tx

PAYMENT_REASON = "waiting for the payment to be authorised"


async def open_tenders(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Open the tenders of orders; those a provider has to authorise hold their order back."""
    planned = [(draft, _plan(draft)) for draft in drafts]
    wanted = [tender for _, plan in planned if not isinstance(plan, Refusal) for tender in plan]
    sheet = await payments.tender_sheet(tx, wanted)
    for draft, plan in planned:
        taken = plan if isinstance(plan, Refusal) else sheet.take(plan, by=draft.command)
        if isinstance(taken, Refusal):
            draft.refusal = taken
        elif any(opened.state is payments.State.PENDING for opened in taken):
            draft.stops.append(_payment_stop(draft, tx.now))
    await sheet.write(tx)


def _plan(draft: Draft) -> list[payments.NewTender] | Refusal:
    happened = isinstance(draft.wish, PreparedOrder) and draft.wish.happened
    here = draft.command.actor.location_id
    methods = {line.method for line in draft.resolved.lines}
    # Who takes anything along has paid at the till; nobody can be asked once they have left.
    taken = "carry_out" in methods
    for place, wish in enumerate(draft.wish.tenders):
        if taken and wish.provider and not happened:
            return PaidAtTheTill(pointer=f"/tenders/{place}/provider", provider=wish.provider)
    return split_tenders(
        draft.wish.tenders,
        draft.priced.gross_minor,
        order_id=draft.id,
        channel_id=draft.order.channel_id,
        location_id=here or _till(draft.stock_lines),
        currency=draft.priced.currency,
        at=draft.resolved.placed_at,
        card_terms=payments.Terms(draft.resolved.intake.card_terms),
        customer_id=draft.customer_id,
        taken=taken,
        # What is only fetched later can be paid when it is fetched.
        at_till=here is not None and "ship" in methods,
        happened=happened,
    )


def split_tenders(
    wishes: Sequence[TenderWish],
    owed_minor: int,
    *,
    order_id: UUID,
    channel_id: UUID,
    location_id: UUID | None,
    currency: str,
    at: datetime,
    card_terms: payments.Terms,
    customer_id: UUID | None,
    taken: bool,
    at_till: bool = False,
    happened: bool = False,
) -> list[payments.NewTender] | TendersDiffer:
    """Return the tenders that pay an amount; one wish without an amount pays the rest.

    Args:
        wishes: how the customer wants to pay.
        owed_minor: what has to be paid, in minor units.
        order_id: the order.
        channel_id: its channel.
        location_id: store whose till takes cash, None when no till does.
        currency: ISO 4217, the order's.
        at: business time.
        card_terms: when cards are charged.
        customer_id: whose account is used on account.
        taken: the till has the money already.
        at_till: likewise cash and cards that no provider is asked for; a provider's are not in it.
        happened: so it has been sold, also on account.
    """
    unsaid = [wish for wish in wishes if wish.minor is None]
    said = sum(wish.minor or 0 for wish in wishes)
    if len(unsaid) > 1 or said > owed_minor or (not unsaid and said != owed_minor):
        return TendersDiffer(pointer="/tenders", tendered=said, currency=currency, total=owed_minor)
    found = []
    for wish in wishes:
        minor = owed_minor - said if wish.minor is None else wish.minor
        method = payments.Method(wish.method)
        on_account = method is payments.Method.ON_ACCOUNT
        tender = payments.NewTender(
            order_id=order_id,
            channel_id=channel_id,
            location_id=None if on_account else location_id,
            method=method,
            terms=_terms(method, card_terms, taken or (at_till and not wish.provider), happened),
            currency=currency,
            minor=minor,
            at=at,
            provider=wish.provider,
            token=wish.token,
            credit_account=customer_id if on_account else None,
            stored_account=wish.account,
            owner=customer_id,
        )
        if minor:
            found.append(tender)
    return found


def _till(lines: Sequence[OrderLine]) -> UUID | None:
    """Return the store at which the customer pays: where goods are carried out, else collected."""
    stores = [line for line in lines if line.store_id is not None]
    stores.sort(key=lambda line: line.method != "carry_out")
    return stores[0].store_id if stores else None


def _terms(
    method: payments.Method, card_terms: payments.Terms, taken: bool, happened: bool
) -> payments.Terms:
    if method is payments.Method.MARKETPLACE or happened:
        return payments.Terms.TAKEN
    if method is payments.Method.ON_ACCOUNT:
        return payments.Terms.PER_PARCEL
    if method is payments.Method.STORED_VALUE:
        # Its balance is known here, so that even at a till it may be refused.
        return payments.Terms.PREPAID if taken else card_terms
    if taken:
        return payments.Terms.TAKEN
    return payments.Terms.AT_COLLECTION if method is payments.Method.CASH else card_terms


def _payment_stop(draft: Draft, now: datetime) -> Stop:
    return Stop(
        id=new_id(),
        order_id=draft.id,
        kind="payment",
        reason=PAYMENT_REASON,
        raised_at=now,
        raised_by="system:crosslane",
        expires_at=now + timedelta(minutes=draft.resolved.intake.payment_minutes),
    )
