"""Entries of money that was taken, given back, received or moved."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import structs

from crosslane import ledger, locations, payments
from crosslane.finance import domain
from crosslane.finance.domain import Cause, MovedMoney
from crosslane.finance.reactions.sellers import seller_of
from crosslane.organization import OrganizationBook
from crosslane.platform.log import Event, Logged

Money = (
    payments.PaymentCaptured
    | payments.PaymentRefunded
    | payments.PaymentSettled
    | payments.PaymentChargedBack
    | payments.ChargebackWon
    | payments.PaidOut
    | payments.StoredValueIssued
    | payments.StoredValueToppedUp
    | payments.StoredValueTransferred
    | payments.StoredValueExpired
)
DEEDS: Mapping[type[Event], str] = {
    payments.PaymentCaptured: "capture",
    payments.PaymentRefunded: "refund",
    payments.PaymentSettled: "settle",
    payments.PaymentChargedBack: "chargeback",
    payments.ChargebackWon: "chargeback_won",
    payments.PaidOut: "refund",
    payments.StoredValueIssued: "issue",
    payments.StoredValueToppedUp: "issue",
}


def of_money(
    entry: Logged[Money], book: OrganizationBook, network: locations.Network
) -> ledger.Entry | None:
    """Return the entry of money that moved."""
    event = entry.event
    seller = seller_of(book, event.channel_id)
    if isinstance(event, payments.StoredValueTransferred):
        giver, taker = (
            structs.replace(seller_of(book, channel_id), entity_id=entity_id)
            for channel_id, entity_id in (
                (event.channel_id, event.entity_id),
                (event.to_channel_id, event.to_entity_id),
            )
        )
        cause = Cause(event.kind(), str(event.entry_id), event.occurred_at)
        return domain.transfer_entry(
            cause, giver, taker, event.account_id, event.currency, event.minor
        )
    return domain.money_entry(_money_cause(event), seller, _money(event, book, network))


def _money(event: Money, book: OrganizationBook, network: locations.Network) -> MovedMoney:
    if isinstance(event, payments.StoredValueExpired):
        method, deed, location_id = "stored_value", event.breakage, None
    else:
        method, deed, location_id = event.method, DEEDS[type(event)], event.location_id
    # A store that nobody knows any more is its channel's.
    till = network.by_id.get(location_id) if location_id else None
    return MovedMoney(
        line_id=_line_of(event),
        method=method,
        deed=deed,
        minor=event.minor,
        currency=event.currency,
        location_id=location_id,
        till_id=book.entity(till.entity).id if till else None,
        issuer_id=event.entity_id,
    )


def _line_of(event: Money) -> UUID:
    if isinstance(event, payments.PaymentEvent):
        return event.payment_id
    return event.payout_id if isinstance(event, payments.PaidOut) else event.account_id


def _money_cause(event: Money) -> Cause:
    """Return what an entry is known by: the operation, payout or line of a journal."""
    if isinstance(event, payments.PaymentEvent):
        found = event.operation_id
    elif isinstance(event, payments.PaidOut):
        found = event.payout_id
    else:
        found = event.entry_id
    return Cause(event.kind(), str(found), event.occurred_at)
