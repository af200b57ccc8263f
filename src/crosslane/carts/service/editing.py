"""Beginning and editing carts: a batch of edits is locked, checked, resolved and written as one.

An edit is taken or refused as a whole. Words are turned into identifiers before they are kept:
goods must be on sale, stores must exist, a buyer and an address become rows of customers, so that a
cart holds no personal data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from crosslane import catalog, customers, locations, orders, organization
from crosslane.carts import storage
from crosslane.carts.domain import (
    OPERATIONS_MAX,
    AddLine,
    AnyChange,
    Cart,
    Operation,
    SetAddress,
    SetBuyer,
    SetCoupon,
    SetOption,
    fold,
)
from crosslane.carts.errors import (
    BuyerKnown,
    CartPlaced,
    ChannelClosed,
    NotOnSale,
    OperationReused,
    TooManyOperations,
)
from crosslane.carts.service.reading import require_own
from crosslane.carts.service.wishes import (
    KEEPING,
    AnyWish,
    CartView,
    EditCart,
    GiveAddress,
    NameBuyer,
    OperationWish,
    StartCart,
    cart_view,
)
from crosslane.carts.storage import Kept
from crosslane.catalog import Variant
from crosslane.customers import CustomerRef, identities_of, require_address
from crosslane.kernel import Refusal, new_id
from crosslane.locations import Network
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


async def start(tx: Tx, commands: Sequence[Command[StartCart]]) -> list[CartView | Refusal]:
    """Begin carts, with their first operations when some are given."""
    around = await _surroundings(tx, [each.body.operations for each in commands])
    edits = [_begin(tx, command, around) for command in commands]
    return await _apply(tx, edits, around)


async def edit(tx: Tx, commands: Sequence[Command[EditCart]]) -> list[CartView | Refusal]:
    """Edit carts; an operation that has come before changes nothing."""
    ids = list({each.body.cart_id for each in commands})
    carts = await storage.lock_carts(tx, ids)
    # Two edits of one cart in a batch share what is known, so the second sees the first.
    kept = await storage.list_operations(tx, list(carts))
    known = {cart_id: _Known(each) for cart_id, each in kept.items()}
    around = await _surroundings(tx, [each.body.operations for each in commands])
    edits: list[_Edit] = []
    for command in commands:
        body = command.body
        made = _Edit(command.actor, body.operations)
        try:
            made.cart = require_own(carts.get(body.cart_id), command.actor)
            made.known = known[body.cart_id]
            if made.cart.order_id is not None:
                raise CartPlaced
        except Refusal as refusal:
            made.refusal = refusal
        edits.append(made)
    return await _apply(tx, edits, around)


START = CommandKind("carts.start", StartCart, CartView, start)
EDIT = CommandKind("carts.edit", EditCart, CartView, edit)


class _Surroundings(msgspec.Struct, frozen=True):
    """What edits are checked against."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    variants: Mapping[str, Variant]


class _Known:
    """The operations of a cart, shared by all edits of it in a batch.

    Attributes:
        digests: of each wish that was taken, by its id.
        operations: what became of them.
    """

    def __init__(self, kept: Sequence[Kept] = ()) -> None:
        self.digests = {each.operation.id: each.digest for each in kept}
        self.operations = [each.operation for each in kept]


class _Edit:
    """One command on its way.

    Attributes:
        cart: the cart it edits; a new one is not stored yet.
        known: the cart's operations.
        fresh: checked wishes that were not sent before.
        refusal: why nothing of it is taken.
    """

    cart: Cart

    def __init__(self, actor: Actor, wishes: Sequence[OperationWish]) -> None:
        self.actor = actor
        self.wishes = wishes
        self.is_new = False
        self.known = _Known()
        self.fresh: list[OperationWish] = []
        self.refusal: Refusal | None = None


async def _surroundings(tx: Tx, asked: Sequence[Sequence[OperationWish]]) -> _Surroundings:
    changes = [wish.change for wishes in asked for wish in wishes]
    skus = {change.sku for change in changes if isinstance(change, AddLine)}
    return _Surroundings(
        await organization.book(tx),
        await organization.policies(tx),
        await locations.network(tx),
        await catalog.variants_by_sku(tx, sorted(skus)),
    )


def _begin(tx: Tx, command: Command[StartCart], around: _Surroundings) -> _Edit:
    body, actor = command.body, command.actor
    made = _Edit(actor, body.operations)
    try:
        channel = around.book.channel(body.channel, pointer="/channel")
        if not channel.active:
            raise ChannelClosed(pointer="/channel", channel=channel.code)
        intake, _ = around.policies.resolve(
            orders.INTAKE, tx.now, channel=channel.code, brand=channel.brand
        )
        orders.require_placed_at(body.occurred_at, intake, tx.now, pointer="/occurred_at")
    except Refusal as refusal:
        made.refusal = refusal
        return made
    made.is_new = True
    made.cart = Cart(
        id=new_id(),
        channel=channel.code,
        locale=body.locale or channel.locale,
        owner_id=actor.customer_id,
        location_id=actor.location_id,
        begun_by=str(actor),
        created_at=tx.now,
        updated_at=tx.now,
        expires_at=tx.now,
        source_id=body.source_id,
        occurred_at=body.occurred_at,
    )
    return made


async def _apply(tx: Tx, edits: Sequence[_Edit], around: _Surroundings) -> list[CartView | Refusal]:
    for made in edits:
        if made.refusal is None:
            try:
                _check(made, around)
            except Refusal as refusal:
                made.refusal = refusal
    live = [made for made in edits if made.refusal is None]
    added = await _resolve(tx, live, around)
    for made in live:
        if made.is_new or made.fresh:
            made.cart = _renewed(tx, made.cart, around)
    if new := [made.cart for made in live if made.is_new]:
        await storage.insert_carts(tx, new)
    if edited := {made.cart.id: made.cart for made in live if made.fresh and not made.is_new}:
        await storage.update_carts(tx, list(edited.values()))
    if added:
        await storage.insert_operations(tx, added, tx.now)
    return [
        made.refusal or cart_view(made.cart, fold(made.known.operations), tx.now) for made in edits
    ]


def _renewed(tx: Tx, cart: Cart, around: _Surroundings) -> Cart:
    channel = around.book.channel(cart.channel)
    keeping, _ = around.policies.resolve(KEEPING, tx.now, channel=channel.code, brand=channel.brand)
    expires_at = tx.now + timedelta(minutes=keeping.minutes)
    return msgspec.structs.replace(cart, updated_at=tx.now, expires_at=expires_at)


def _check(made: _Edit, around: _Surroundings) -> None:
    """Check the wishes that were not sent before, and claim their ids for this edit."""
    claimed: dict[UUID, bytes] = {}
    for place, wish in enumerate(made.wishes):
        pointer = f"/operations/{place}"
        digest = _digest(wish)
        earlier = made.known.digests.get(wish.id, claimed.get(wish.id))
        if earlier == digest:
            continue
        if earlier is not None:
            raise OperationReused(pointer=f"{pointer}/id", operation=str(wish.id))
        claimed[wish.id] = digest
        change = _checked(wish.change, f"{pointer}/change", made.cart, around)
        made.fresh.append(msgspec.structs.replace(wish, change=change))
    if len(made.known.digests) + len(claimed) > OPERATIONS_MAX:
        raise TooManyOperations(pointer="/operations", most=OPERATIONS_MAX)
    made.known.digests.update(claimed)


def _digest(wish: OperationWish) -> bytes:
    # Its random id makes the digest of a wish worth nothing to whoever guesses at its words.
    return hashlib.sha256(msgspec.json.encode(wish)).digest()


def _checked(change: AnyWish, pointer: str, cart: Cart, around: _Surroundings) -> AnyWish:
    match change:
        case AddLine(sku=sku):
            variant = around.variants.get(sku)
            if variant is None or not variant.active:
                raise NotOnSale(pointer=f"{pointer}/sku", sku=sku)
            return msgspec.structs.replace(change, sku=variant.sku)
        case SetOption(store=store) if store:
            around.network.require(store, pointer=f"{pointer}/store")
        case SetCoupon(code=code):
            return msgspec.structs.replace(change, code=code.strip().upper())
        case NameBuyer():
            if cart.owner_id is not None:
                raise BuyerKnown(pointer=pointer)
            identities_of(_ref(change, cart, around), pointer=pointer)
        case GiveAddress(address=address):
            address = require_address(address, pointer=f"{pointer}/address")
            return GiveAddress(address)
        case _:
            pass
    return change


def _ref(buyer: NameBuyer, cart: Cart, around: _Surroundings) -> CustomerRef:
    return CustomerRef(
        account_number=buyer.account_number,
        email=buyer.email,
        phone=buyer.phone,
        country=around.book.channel(cart.channel).country,
        name=buyer.name,
        locale=cart.locale,
    )


class _Person(msgspec.Struct, eq=False):
    """Somebody an edit names: the buyer, or whose address is given."""

    made: _Edit
    wish: OperationWish
    customer_id: UUID | None = None


async def _resolve(tx: Tx, live: Sequence[_Edit], around: _Surroundings) -> list[tuple[UUID, Kept]]:
    """Turn checked wishes into operations of their carts and return those to be stored."""
    people = await _name_people(tx, live, around)
    givers = [each for each in people if isinstance(each.wish.change, GiveAddress)]
    snapshots = await customers.snapshot_addresses(
        tx,
        [each.wish.change.address for each in givers if isinstance(each.wish.change, GiveAddress)],
        owners=[each.customer_id for each in givers if each.customer_id],
    )
    changes: dict[tuple[UUID, UUID], AnyChange] = {
        (each.made.cart.id, each.wish.id): SetBuyer(each.customer_id)
        for each in people
        if each.customer_id
    }
    for each, address_id in zip(givers, snapshots, strict=True):
        if each.customer_id:
            changes[each.made.cart.id, each.wish.id] = SetAddress(address_id, each.customer_id)
    added: list[tuple[UUID, Kept]] = []
    for made in live:
        for wish in made.fresh:
            change = changes.get((made.cart.id, wish.id), wish.change)
            operation = Operation(wish.id, wish.base_version, str(made.actor), change)
            made.known.operations.append(operation)
            added.append((made.cart.id, Kept(operation, made.known.digests[wish.id])))
    return added


async def _name_people(tx: Tx, live: Sequence[_Edit], around: _Surroundings) -> list[_Person]:
    """Find or make whoever these edits name; an address belongs to the buyer if one is known."""
    people = [
        _Person(made, wish)
        for made in live
        for wish in made.fresh
        if isinstance(wish.change, NameBuyer | GiveAddress)
    ]
    buyers = {id(made): made.cart.owner_id or fold(made.known.operations).buyer_id for made in live}
    named = {id(each.made) for each in people if isinstance(each.wish.change, NameBuyer)}
    asked: list[_Person] = []
    refs: list[CustomerRef] = []
    for each in people:
        change, cart = each.wish.change, each.made.cart
        if isinstance(change, NameBuyer):
            refs.append(_ref(change, cart, around))
            asked.append(each)
        elif isinstance(change, GiveAddress) and not (
            buyers[id(each.made)] or id(each.made) in named
        ):
            to = change.address
            who = NameBuyer(email=to.email, phone=to.phone, name=to.name or to.organization)
            refs.append(_ref(who, cart, around))
            asked.append(each)
    for each, found in zip(asked, await customers.identify(tx, refs), strict=True):
        if isinstance(found, Refusal):
            raise found
        each.customer_id = found.id
        if isinstance(each.wish.change, NameBuyer):
            buyers[id(each.made)] = found.id
    for each in people:
        each.customer_id = each.customer_id or buyers[id(each.made)]
    return people
