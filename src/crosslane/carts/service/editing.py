"""Beginning and editing carts: a batch of edits is locked, checked, resolved and written as one.

An edit is taken or refused as a whole, with the hold it asks for. Words are turned into identifiers
before they are kept: goods must be on sale, stores must exist, a buyer and an address become rows
of customers, so that a cart holds no personal data.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
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
from crosslane.carts.service.checkout import Checkout, complete
from crosslane.carts.service.holding import cart_held, keep_stock
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
from crosslane.carts.storage import Kept, StoredCart
from crosslane.catalog import Variant
from crosslane.customers import Address, Buyer, CustomerRef, identities_of, require_address
from crosslane.kernel import Refusal, new_id
from crosslane.locations import Network
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.idempotency import Look
from crosslane.platform.lane import Command, CommandKind


async def edit(
    tx: Tx, commands: Sequence[Command[StartCart | EditCart]]
) -> list[CartView | Refusal]:
    """Begin carts and edit others; an operation that has come before changes nothing."""
    # Who holds stock for a cart locks it, whoever else may edit it meanwhile has to come again.
    lock = not tx.optimistic or any(each.body.hold for each in commands)
    ids = _ids(commands)
    carts = await storage.lock_carts(tx, ids) if lock else storage.looked(tx, ids)
    # Two edits of one cart in a batch share what is known, so the second sees the first.
    known = {cart_id: _Known(each) for cart_id, each in carts.items()}
    around = await _surroundings(tx, [each.body.operations for each in commands])
    edits = [_opened(tx, command, carts, known, around) for command in commands]
    written_by = None if lock else {each.cart.id: each.written_by for each in carts.values()}
    return [
        answer
        for some in _rounds(edits)
        for answer in await _apply(tx, some, around, written_by=written_by)
    ]


def _ids(commands: Sequence[Command[StartCart | EditCart]]) -> list[UUID]:
    return list({each.body.cart_id for each in commands if isinstance(each.body, EditCart)})


def _look(commands: Sequence[Command[StartCart | EditCart]]) -> Look | None:
    ids = _ids(commands)
    return storage.look(ids) if ids else None


EDIT = CommandKind("carts.edit", EditCart, CartView, edit, optimistic=True, look=_look)
# One lane for both: a few of many shoppers' calls begin a cart, and would be batches of their own.
START = msgspec.structs.replace(EDIT, name="carts.start", body=StartCart, lane=EDIT.name)


class _Surroundings(msgspec.Struct, frozen=True):
    """What edits are checked against."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    variants: Mapping[str, Variant]


class _Known:
    """What is known of a cart, shared by all edits of it in a batch.

    Attributes:
        digests: of each wish that was taken, by its id.
        operations: what became of them.
        held: units held for the cart.
    """

    def __init__(self, stored: StoredCart | None = None) -> None:
        kept = stored.kept if stored else ()
        self.digests = {each.operation.id: each.digest for each in kept}
        self.operations = [each.operation for each in kept]
        self.held = list(stored.held) if stored else []

    def drop(self, added: Sequence[Kept]) -> None:
        """Forget operations that are not taken after all."""
        ids = {each.operation.id for each in added}
        self.operations = [each for each in self.operations if each.id not in ids]
        for each in ids:
            del self.digests[each]


class _Edit:
    """One command on its way.

    Attributes:
        cart: the cart it edits; a new one is not stored yet.
        known: what is known of the cart.
        fresh: checked wishes that were not sent before, with their digests.
        added: what became of them.
        addresses: those it gives, by snapshot.
        checkout: the cart with all it names, when stock is to be held for it.
        refusal: why nothing of it is taken.
    """

    cart: Cart

    def __init__(self, actor: Actor, body: StartCart | EditCart) -> None:
        self.actor = actor
        self.wishes = body.operations
        self.hold = body.hold
        self.is_new = False
        self.known = _Known()
        self.fresh: list[OperationWish] = []
        self.added: list[Kept] = []
        self.addresses: dict[UUID, Address] = {}
        self.checkout: Checkout | None = None
        self.refusal: Refusal | None = None


def _rounds(edits: Sequence[_Edit]) -> Iterator[list[_Edit]]:
    """Part edits where one has to know first whether stock was held for another of its cart."""
    some: list[_Edit] = []
    for made in edits:
        if any(made.known is each.known and (made.hold or each.hold) for each in some):
            yield some
            some = []
        some.append(made)
    if some:
        yield some


async def _surroundings(tx: Tx, asked: Sequence[Sequence[OperationWish]]) -> _Surroundings:
    changes = [wish.change for wishes in asked for wish in wishes]
    skus = {change.sku for change in changes if isinstance(change, AddLine)}
    return _Surroundings(
        await organization.book(tx),
        await organization.policies(tx),
        await locations.network(tx),
        await catalog.variants_by_sku(tx, sorted(skus)),
    )


def _opened(
    tx: Tx,
    command: Command[StartCart | EditCart],
    carts: Mapping[UUID, StoredCart],
    known: Mapping[UUID, _Known],
    around: _Surroundings,
) -> _Edit:
    body = command.body
    made = _Edit(command.actor, body)
    try:
        if isinstance(body, StartCart):
            made.cart = _begun(tx, body, command.actor, around)
            made.is_new = True
            return made
        made.cart = require_own(carts.get(body.cart_id), command.actor).cart
        made.known = known[body.cart_id]
        if made.cart.order_id is not None:
            raise CartPlaced
    except Refusal as refusal:
        made.refusal = refusal
    return made


def _begun(tx: Tx, body: StartCart, actor: Actor, around: _Surroundings) -> Cart:
    channel = around.book.channel(body.channel, pointer="/channel")
    if not channel.active:
        raise ChannelClosed(pointer="/channel", channel=channel.code)
    intake, _ = around.policies.resolve(
        orders.INTAKE, tx.now, channel=channel.code, brand=channel.brand
    )
    orders.require_placed_at(body.occurred_at, intake, tx.now, pointer="/occurred_at")
    return Cart(
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


async def _apply(
    tx: Tx,
    edits: Sequence[_Edit],
    around: _Surroundings,
    *,
    written_by: Mapping[UUID, str] | None,
) -> list[CartView | Refusal]:
    for made in edits:
        if made.refusal is None:
            try:
                _check(made, around)
            except Refusal as refusal:
                made.refusal = refusal
    live = [made for made in edits if made.refusal is None]
    await _resolve(tx, live, around)
    holding = [made for made in live if made.hold]
    gone = await _hold(tx, holding) if holding else []
    taken = [made for made in live if made.refusal is None]
    for made in taken:
        if made.is_new or made.fresh:
            made.cart = _renewed(tx, made.cart, around)
    written = [*holding, *(made for made in taken if made.fresh)]
    await storage.save(
        tx,
        begun=[made.cart for made in taken if made.is_new],
        changed=list({made.cart.id: made.cart for made in written if not made.is_new}.values()),
        added=[(made.cart.id, kept) for made in taken for kept in made.added],
        held=[held for made in holding for held in made.known.held],
        gone=gone,
        written_by=written_by,
    )
    return [made.refusal or _view(tx, made, around) for made in edits]


async def _hold(tx: Tx, holding: Sequence[_Edit]) -> list[UUID]:
    """Keep stock for carts as their edits leave them, or refuse the edits; return holds let go."""
    checkouts: list[Checkout] = []
    addresses: dict[UUID, Address] = {}
    for made in holding:
        checkout = made.checkout = Checkout(made.cart.id, made.actor)
        try:
            checkout.enter(made.cart, made.known.operations, made.known.held)
        except Refusal as refusal:
            checkout.refusal = refusal
        checkouts.append(checkout)
        addresses |= made.addresses
    wanted = {each.contents.address_id for each in checkouts} - {None}
    await complete(tx, checkouts, addresses=addresses if wanted <= addresses.keys() else None)
    gone = await keep_stock(tx, [each for each in checkouts if each.refusal is None])
    for made, checkout in zip(holding, checkouts, strict=True):
        made.known.held = checkout.held
        made.refusal = checkout.refusal
        if made.refusal is not None:
            made.known.drop(made.added)
    return gone


def _view(tx: Tx, made: _Edit, around: _Surroundings) -> CartView:
    if made.checkout is None:
        return cart_view(made.cart, fold(made.known.operations), tx.now)
    held = cart_held(made.checkout, around.network)
    return cart_view(made.cart, made.checkout.contents, tx.now, held=held)


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
    """Somebody an edit names, as its cart's buyer or with an address.

    Args:
        made: the edit.
        buyer: who it is, as recognized by customers, with the address.
        naming: the wish that names the buyer.
        giving: the wish that gives the address.
        customer_id: who it turned out to be.
    """

    made: _Edit
    buyer: Buyer
    naming: OperationWish | None = None
    giving: OperationWish | None = None
    customer_id: UUID | None = None


async def _resolve(tx: Tx, live: Sequence[_Edit], around: _Surroundings) -> None:
    """Turn checked wishes into operations of their carts."""
    people: list[_Person] = []
    further: list[tuple[_Person, OperationWish]] = []
    for made in live:
        some, more = _people_of(made, around)
        people += some
        further += more
    changes = await _recognized(tx, people)
    changes |= await _recognized(
        tx, [_giver(last.made, giving, last.customer_id) for last, giving in further]
    )
    for made in live:
        for wish in made.fresh:
            change = changes.get((made.cart.id, wish.id), wish.change)
            operation = Operation(wish.id, wish.base_version, str(made.actor), change)
            made.added.append(Kept(operation, made.known.digests[wish.id]))
        made.known.operations += [each.operation for each in made.added]


def _people_of(
    made: _Edit, around: _Surroundings
) -> tuple[list[_Person], list[tuple[_Person, OperationWish]]]:
    """Return whom an edit names, and further addresses of the one it names last.

    An address belongs to the buyer when one is named or known, else to whom it names itself.
    """
    naming = [wish for wish in made.fresh if isinstance(wish.change, NameBuyer)]
    giving = [wish for wish in made.fresh if isinstance(wish.change, GiveAddress)]
    if not naming:
        buyer_id = giving and (made.cart.owner_id or fold(made.known.operations).buyer_id)
        return [
            _giver(made, wish, buyer_id or _receiver(made, wish, around)) for wish in giving
        ], []
    people = [
        _Person(made, Buyer(_ref(wish.change, made.cart, around)), naming=wish) for wish in naming
    ]
    if giving:
        last = people[-1]
        last.giving, last.buyer = giving[0], Buyer(last.buyer.who, giving[0].change.address)
    return people, [(people[-1], wish) for wish in giving[1:]]


def _giver(made: _Edit, giving: OperationWish, who: UUID | CustomerRef) -> _Person:
    return _Person(made, Buyer(who, giving.change.address), giving=giving)


def _receiver(made: _Edit, giving: OperationWish, around: _Surroundings) -> CustomerRef:
    to = giving.change.address
    who = NameBuyer(email=to.email, phone=to.phone, name=to.name or to.organization)
    return _ref(who, made.cart, around)


async def _recognized(tx: Tx, people: Sequence[_Person]) -> dict[tuple[UUID, UUID], AnyChange]:
    """Find or make these people and keep their addresses; return what their wishes come to."""
    changes: dict[tuple[UUID, UUID], AnyChange] = {}
    found = await customers.recognize(tx, [each.buyer for each in people])
    for each, answer in zip(people, found, strict=True):
        if isinstance(answer, Refusal):
            raise answer
        each.customer_id = answer.customer.id
        if each.naming:
            changes[each.made.cart.id, each.naming.id] = SetBuyer(each.customer_id)
        if each.giving and answer.address_id:
            change = SetAddress(answer.address_id, each.customer_id)
            changes[each.made.cart.id, each.giving.id] = change
            each.made.addresses[answer.address_id] = each.giving.change.address
    return changes
