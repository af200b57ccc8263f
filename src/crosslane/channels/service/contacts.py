"""What channels say of people: who they are, what they allow, and what they ask about their data.

Somebody is found by the channel's own identifier, else by e-mail, else made. Each field keeps what
the highest version said; an e-mail address or telephone somebody else has stays with its owner.
A request about data waits in quarantine for a person, who answers it and then tries it again;
nobody is forgotten because a channel says so.
"""

from collections.abc import Sequence
from uuid import UUID

from crosslane import customers
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.registers import FieldsStanding, news
from crosslane.channels.domain.reports import ContactEvent
from crosslane.channels.service.following import follow_each
from crosslane.channels.service.orders import OVERTAKEN
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage import told as storage
from crosslane.channels.storage.messages import Outcome
from crosslane.channels.storage.told import Source
from crosslane.customers import (
    Address,
    CustomerRef,
    PutAddress,
    RecordConsent,
    RemoveAddress,
)
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx

KIND = "contact"
MARKETING = "newsletter"
ADDRESSES_MAX = 10
DATA_REQUESTED = Fault("data-requested", "Somebody wants to see what is known of them")
ERASURE_REQUESTED = Fault("erasure-requested", "Somebody is to be forgotten")
ANSWERED = Fault("answered", "Somebody has answered the request")
FORGOTTEN = Fault("forgotten", "Nothing is known of them here")
WRITTEN = Fault("not-answered-here", "Letters of customers are answered in the channel")


async def follow(tx: Tx, todo: Sequence[Todo]) -> list[Outcome]:
    """Take in what channels say of people, in the order of versions."""
    return await follow_each(tx, todo, KIND, FieldsStanding, _follow)


async def _follow(tx: Tx, one: Todo, known: dict[Source, FieldsStanding]) -> Outcome:
    message = one.message
    if not isinstance(message, ContactEvent):
        raise TypeError(f"{one.pending.kind} says nothing of a person")
    if message.topic == "message":
        return outcome_of(one, "kept", WRITTEN)
    if message.topic == "data_request" or message.gone:
        return await _request(tx, one, message)
    return await _tell(tx, one, message, known)


async def _request(tx: Tx, one: Todo, message: ContactEvent) -> Outcome:
    """Show a request to a person; one that was tried again has been answered."""
    person = await customers.find_contact(tx, _ref(one, message))
    if not one.pending.tries or (message.gone and person is not None):
        fault = ERASURE_REQUESTED if message.gone else DATA_REQUESTED
        return outcome_of(one, "quarantined", fault, customer_id=person)
    return outcome_of(one, "kept", FORGOTTEN if message.gone else ANSWERED, customer_id=person)


async def _tell(
    tx: Tx, one: Todo, message: ContactEvent, known: dict[Source, FieldsStanding]
) -> Outcome:
    said = {name: getattr(message, name) for name in ("name", "locale", "marketing", "addresses")}
    standing = known.get(one.source, FieldsStanding())
    fresh, after = news(standing, message.source_version, said | {"seen": True})
    person = await customers.note_contact(
        tx,
        _ref(
            one,
            message,
            name=str(fresh.get("name", "")),
            locale=str(fresh.get("locale", "")),
        ),
    )
    if "addresses" in fresh:
        await _keep_addresses(tx, person.id, one.pending.channel, message.addresses)
    if "marketing" in fresh:
        await _consent(tx, one, message, person.id)
    known[one.source] = after
    await storage.save_told(tx, KIND, {one.source: after})
    if not fresh:
        return outcome_of(one, "outdated", OVERTAKEN, customer_id=person.id)
    return outcome_of(one, "applied", customer_id=person.id)


def _ref(one: Todo, message: ContactEvent, *, name: str = "", locale: str = "") -> CustomerRef:
    return CustomerRef(
        channel=one.pending.channel,
        # A request about data is called after whom it is about.
        channel_customer=message.source_id.rpartition("/")[2],
        email=message.email,
        phone=message.phone,
        country=message.addresses[0].country if message.addresses else "",
        name=name,
        locale=locale,
    )


async def _keep_addresses(
    tx: Tx, customer_id: UUID, channel: str, addresses: Sequence[Address]
) -> None:
    """Keep addresses under the channel's name; one no country writes so is left out."""
    labels = [channel, *(f"{channel} {place}" for place in range(2, ADDRESSES_MAX + 1))]
    kept: set[str] = set()
    for label, address in zip(labels, addresses, strict=False):
        try:
            async with tx.savepoint():
                await customers.put_address(tx, PutAddress(customer_id, label, address))
        except Refusal:
            continue
        kept.add(label)
    for saved in await customers.list_addresses(tx, customer_id):
        if saved.label in labels and saved.label not in kept:
            await customers.remove_address(tx, RemoveAddress(customer_id, saved.label))


async def _consent(tx: Tx, one: Todo, message: ContactEvent, customer_id: UUID) -> None:
    """Record what somebody said of being written to, unless it was the last word already."""
    channel = one.pending.channel
    given = [
        consent
        for consent in await customers.list_consents(tx, customer_id)
        if (consent.purpose, consent.channel, consent.brand) == (MARKETING, channel, "")
    ]
    last = max(reversed(given), key=lambda consent: consent.at, default=None)
    if last is not None and last.granted == message.marketing:
        return
    at = min(message.event_at, tx.now)
    wish = RecordConsent(
        customer_id=customer_id,
        purpose=MARKETING,
        granted=bool(message.marketing),
        proof=f"version {message.source_version} of {message.source_id}",
        channel=channel,
        at=max(at, last.at) if last is not None else at,
    )
    await customers.record_consent(tx, wish)
