"""Asking for messages: what happened becomes what a customer is told, once per cause.

Everything a message tells is gathered here, for many occasions at once, and kept with it; only
names and addresses are looked up when it is sent.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane import carriers, customers, fulfillment, locations, orders, organization, returns
from crosslane.customers import Address
from crosslane.engagement import storage
from crosslane.engagement.domain import (
    CHANGED_ELSEWHERE,
    MESSAGES,
    NO_ADDRESS,
    Occasion,
    Store,
    Story,
    charges_of,
    is_cancelled,
    is_sent_in_exchange,
    is_told,
    lines_of,
    promise_of,
    refund_to,
    return_lines_of,
    total_of,
    waits_for_stock,
)
from crosslane.engagement.storage import Message
from crosslane.kernel import new_id
from crosslane.locations import Network
from crosslane.orders import Order, OrderState
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect
from crosslane.returns import Return

EFFECT_KIND = "engagement.send"


class Send(msgspec.Struct, frozen=True):
    """Body of the effect that sends a message."""

    message_id: UUID


class Recipient(msgspec.Struct, frozen=True):
    """Who a message is for, as known at this moment.

    Args:
        email: "" when none is known.
        name: "" when none is known.
        locale: the customer's own, "" when it named none.
        address: where goods go.
    """

    email: str = ""
    name: str = ""
    locale: str = ""
    address: Address | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """What stories draw on besides the order."""

    book: OrganizationBook
    network: Network
    tracking_urls: Mapping[UUID, str]
    works: Mapping[UUID, fulfillment.Work]
    returns: Mapping[UUID, Return]


async def tell(tx: Tx, occasions: Sequence[Occasion]) -> None:
    """Ask for the messages that occasions call for; one told of before is not told again."""
    states = await orders.list_states(tx, [occasion.order_id for occasion in occasions])
    back = [occasion.return_id for occasion in occasions if occasion.return_id]
    known = await returns.list_returns(tx, back) if back else {}
    told = await _wanted(tx, occasions, states, known)
    if not told:
        return
    involved = [states[occasion.order_id].order for occasion in told]
    recipients = await recipients_of(tx, [(o.customer_id, o.ship_address_id) for o in involved])
    around = await _surroundings(tx, told, known)
    messages = [
        _message(tx, occasion, states[occasion.order_id], recipient, around)
        for occasion, recipient in zip(told, recipients, strict=True)
    ]
    fresh = await storage.insert_messages(tx, messages)
    await request_sending(
        tx,
        [
            (message, occasion.trace)
            for message, occasion in zip(messages, told, strict=True)
            if message.id in fresh and message.state == "due"
        ],
    )


async def request_sending(tx: Tx, messages: Sequence[tuple[Message, str]]) -> None:
    """Have messages sent once this transaction has committed; each comes with its trace."""
    await effects.request(
        tx,
        [
            Effect(f"engagement:{message.cause}", EFFECT_KIND, Send(message.id), trace=trace)
            for message, trace in messages
        ],
    )


async def recipients_of(tx: Tx, whom: Sequence[tuple[UUID | None, UUID | None]]) -> list[Recipient]:
    """Return who messages are for: the buyer's e-mail, else the one given with the address.

    Args:
        tx: open transaction.
        whom: customer and delivery address of each.
    """
    once = list(dict.fromkeys(whom))
    buyers = dict(zip(once, await customers.buyers_by_id(tx, once), strict=True))
    found = []
    for one in whom:
        person, snapshot = buyers[one].customer, buyers[one].address
        address = snapshot.address if snapshot else None
        known = person.identities if person else ()
        emails = [identity.value for identity in known if identity.kind == "email"]
        if address and address.email:
            emails.append(address.email)
        name = person.name if person else address.name if address else ""
        locale = person.locale if person else ""
        found.append(Recipient(emails[0] if emails else "", name, locale, address))
    return found


async def _wanted(
    tx: Tx,
    occasions: Sequence[Occasion],
    states: Mapping[UUID, OrderState],
    known: Mapping[UUID, Return],
) -> list[Occasion]:
    policies = await organization.policies(tx)
    wanted = []
    for occasion in occasions:
        state = states.get(occasion.order_id)
        back = known.get(occasion.return_id) if occasion.return_id else None
        if state is None or not is_told(occasion, state, back):
            continue
        if occasion.topic == "shipped" and is_sent_in_exchange(occasion, state):
            occasion = msgspec.structs.replace(occasion, topic="exchange_sent")
        if occasion.topic in _topics(policies, state.order):
            wanted.append(occasion)
    return wanted


def _topics(policies: PolicyBook, order: Order) -> frozenset[str]:
    value, _ = policies.resolve(MESSAGES, order.placed_at, channel=order.channel, brand=order.brand)
    return value.topics


async def _surroundings(
    tx: Tx, told: Sequence[Occasion], known: Mapping[UUID, Return]
) -> Surroundings:
    parcels = [occasion.parcel_id for occasion in told if occasion.parcel_id]
    labels = await carriers.labels_of_parcels(tx, parcels) if parcels else {}
    ready = [occasion.order_id for occasion in told if occasion.work_id]
    works = await fulfillment.works_by_order(tx, ready) if ready else {}
    return Surroundings(
        book=await organization.book(tx),
        network=await locations.network(tx),
        tracking_urls={parcel: theirs[-1].tracking_url for parcel, theirs in labels.items()},
        works={work.id: work for theirs in works.values() for work in theirs},
        returns=known,
    )


def _message(
    tx: Tx,
    occasion: Occasion,
    state: OrderState,
    recipient: Recipient,
    around: Surroundings,
) -> Message:
    order = state.order
    sendable = bool(recipient.email)
    return Message(
        id=new_id(),
        order_id=order.id,
        customer_id=order.customer_id,
        ship_address_id=order.ship_address_id,
        topic=occasion.topic,
        cause=occasion.cause,
        repeats=None,
        state="due" if sendable else "not_sendable",
        reason="" if sendable else NO_ADDRESS,
        locale=recipient.locale or order.locale,
        story=_story(occasion, state, around),
        recipient="",
        requested_at=tx.now,
        ended_at=None if sendable else tx.now,
    )


def _story(occasion: Occasion, state: OrderState, around: Surroundings) -> Story:
    order = state.order
    channel = around.book.channel(order.channel)
    with_money = occasion.topic in ("confirmed", "cancelled")
    gross, tax = total_of(state) if with_money else (None, None)
    work = around.works.get(occasion.work_id) if occasion.work_id else None
    if work is not None:
        units = {line.line_id: line.packed for line in work.lines if line.packed}
        occasion = msgspec.structs.replace(occasion, units=units)
    common = Story(
        number=order.number,
        brand=around.book.brand(order.brand).name,
        currency=order.currency,
        timezone=channel.timezone,
        lines=[],
        reason=occasion.reason,
    )
    if occasion.return_id:
        back = around.returns[occasion.return_id]
        return msgspec.structs.replace(
            common,
            lines=return_lines_of(occasion, state, back),
            charges=list(occasion.charges),
            gross_minor=occasion.refund_minor,
            return_number=back.number,
            return_method=back.method,
            is_claim=back.kind == "claim",
            return_until=back.expires_at if occasion.topic == "return_authorized" else None,
            refund_to=refund_to(back) if occasion.refund_minor is not None else "",
        )
    return msgspec.structs.replace(
        common,
        lines=lines_of(occasion, state),
        charges=charges_of(state.charges) if occasion.topic == "confirmed" else [],
        gross_minor=gross,
        tax_minor=tax,
        promised_at=promise_of(state),
        waits_for_stock=waits_for_stock(state),
        changeable_until=state.grace_until if channel.type not in CHANGED_ELSEWHERE else None,
        tracking_number=occasion.tracking_number,
        tracking_url=around.tracking_urls.get(occasion.parcel_id, occasion.tracking_url)
        if occasion.parcel_id
        else "",
        store=_store(around.network, work) if work else None,
        pickup_code=(work.pickup_code or "") if work else "",
        whole=is_cancelled(state),
    )


def _store(network: Network, work: fulfillment.Work) -> Store:
    store = network.by_id[work.store_id or work.location_id]
    lines = [*store.lines, " ".join(filter(None, (store.city, store.postcode)))]
    return Store(store.name, [line for line in lines if line], store.phone)
