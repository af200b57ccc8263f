"""The place command: a batch of orders is resolved, priced, sourced, allocated and written.

Every step takes the whole batch and a fixed number of statements. An order that is refused on the
way drops out and leaves nothing behind.
"""

from collections.abc import Sequence
from uuid import UUID

from crosslane import catalog, customers, locations, organization, pricing
from crosslane.catalog import Variant
from crosslane.kernel import Refusal, new_id, order_number
from crosslane.orders.domain import Order, Stop
from crosslane.orders.errors import SourceIdTaken
from crosslane.orders.service.placing import asking, drafting, paying, sourcing
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.offered import read_offers, take_offers
from crosslane.orders.service.placing.pausing import let_wait
from crosslane.orders.service.placing.resolving import Surroundings, resolve
from crosslane.orders.service.placing.wishes import Placed, PlaceOrder
from crosslane.orders.service.placing.writing import answer, write
from crosslane.orders.storage import states
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


async def place(tx: Tx, commands: Sequence[Command[PlaceOrder]]) -> list[Placed | Refusal]:
    """Place orders of any mix of ways, each as a whole or not at all.

    Stock is allocated at once; what nobody has now is backordered or refused by policy. A card is
    asked for after the commit, meanwhile a payment stop holds the order back. An order placed with
    an offer has everything by the date that was shown, or is refused.
    """
    drafts = [Draft(command) for command in commands]
    around = Surroundings(
        await organization.book(tx),
        await organization.policies(tx),
        await locations.network(tx),
        tx.now,
    )
    await _resolve(tx, drafts, around)
    read_offers(_live(drafts))
    await _enter(tx, drafts)
    await _identify(tx, drafts)
    await _price(tx, drafts)
    coupons = await _redeem(tx, drafts)
    _draft(tx, drafts)
    take_offers(tx, _live(drafts), around)
    await sourcing.source(tx, _live(drafts), around)
    await paying.open_tenders(tx, _live(drafts))
    let_wait(_live(drafts), around)
    refused = [draft for draft in drafts if draft.refusal is not None]
    await sourcing.give_back(tx, refused)
    for draft in refused:
        coupons.undo(draft.id)
    await write(tx, _live(drafts))
    await pricing.write_coupons(tx, coupons)
    await sourcing.confirm(tx, _live(drafts))
    return [answer(draft) for draft in drafts]


def _live(drafts: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.refusal is None]


async def _resolve(tx: Tx, drafts: Sequence[Draft], around: Surroundings) -> None:
    skus = {line.sku for draft in drafts for line in draft.wish.lines}
    variants = await catalog.variants_by_sku(tx, sorted(skus))
    parts = {part.variant_id for v in variants.values() for part in v.components}
    by_id: dict[UUID, Variant] = {v.id: v for v in variants.values()}
    by_id |= await catalog.variants_by_id(tx, sorted(parts - by_id.keys()))
    for draft in drafts:
        draft.variants = by_id
        try:
            draft.resolved = resolve(draft.wish, draft.command.actor, variants, around)
        except Refusal as refusal:
            draft.refusal = refusal


async def _enter(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Give each order its number; one that its channel has sent before is refused."""
    live = _live(drafts)
    if not live:
        return
    entered = await states.enter_orders(
        tx, [d.resolved.channel.id for d in live], [d.wish.source_id for d in live]
    )
    here: set[tuple[UUID, str]] = set()
    for draft, entry in zip(live, entered, strict=True):
        draft.number = order_number(entry.sequence)
        source = (draft.resolved.channel.id, draft.wish.source_id)
        if entry.known_as or source in here:
            draft.refusal = SourceIdTaken(
                pointer="/source_id",
                channel=draft.wish.channel,
                source_id=draft.wish.source_id,
                order=entry.known_as or "in the same moment",
            )
        elif draft.wish.source_id:
            here.add(source)


async def _identify(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Find or make the customers and keep snapshots of the addresses."""
    asked: list[tuple[Draft, customers.Buyer]] = []
    for draft in _live(drafts):
        if known := asking.known_of(draft):
            draft.customer, draft.address_id = known.customer, known.address_id
        elif buyer := asking.buyer_of(draft):
            asked.append((draft, buyer))
    found = await customers.recognize(tx, [buyer for _, buyer in asked])
    for (draft, _), who in zip(asked, found, strict=True):
        if isinstance(who, Refusal):
            draft.refusal = who
        else:
            draft.customer, draft.address_id = who.customer, who.address_id


async def _price(tx: Tx, drafts: Sequence[Draft]) -> None:
    live = _live(drafts)
    priced = await pricing.price(tx, [asking.price_request(draft) for draft in live])
    for draft, cart in zip(live, priced, strict=True):
        if isinstance(cart, Refusal):
            draft.refusal = cart
        else:
            draft.priced = cart


async def _redeem(tx: Tx, drafts: Sequence[Draft]) -> pricing.CouponSheet:
    """Use the coupons that took effect; whoever comes too late for a limited one is refused."""
    uses = [(draft, use) for draft in _live(drafts) for use in asking.redemptions(draft)]
    sheet = await pricing.open_coupons(tx, [use for _, use in uses])
    for draft, use in uses:
        draft.refusal = draft.refusal or sheet.take(use)
    return sheet


def _draft(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Give each order its head, lines and charges."""
    for draft in _live(drafts):
        resolved, channel = draft.resolved, draft.resolved.channel
        draft.order = Order(
            id=draft.id,
            number=draft.number,
            channel_id=channel.id,
            channel=channel.code,
            source_id=draft.wish.source_id or str(draft.id),
            entity=channel.entity,
            brand=channel.brand,
            market=channel.market,
            currency=draft.priced.currency,
            locale=draft.wish.locale or channel.locale,
            customer_id=draft.customer_id,
            ship_address_id=draft.address_id,
            placed_at=resolved.placed_at,
            recorded_at=tx.now,
            service=draft.service,
        )
        draft.lines = drafting.draft_lines(
            draft.id, resolved.lines, draft.priced.lines, draft.variants, new_id
        )
        draft.charges = drafting.draft_charges(draft.id, draft.priced, new_id, tx.now)
        draft.stops = _stops(draft, tx)


def _stops(draft: Draft, tx: Tx) -> list[Stop]:
    wanted = [(stop.kind, stop.reason) for stop in draft.wish.stops]
    if draft.resolved.address_fault:
        wanted.append(("address", draft.resolved.address_fault))
    return [
        Stop(
            id=new_id(),
            order_id=draft.id,
            kind=kind,
            reason=reason,
            raised_at=draft.resolved.placed_at,
            raised_by=str(draft.command.actor),
        )
        for kind, reason in wanted
    ]


PLACE = CommandKind("orders.place", PlaceOrder, Placed, place, batch_max=64)
