"""A cart on its way to a quote, a hold or an order: loaded with all it names, plural first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, customers, locations, organization
from crosslane.carts import storage
from crosslane.carts.domain import Cart, CartLine, Contents, Operation, Option, fold
from crosslane.carts.errors import CartPlaced, EmptyCart, NotOnSale, StoreMissing
from crosslane.carts.service.reading import require_own
from crosslane.carts.storage import HeldUnits
from crosslane.catalog import Variant
from crosslane.customers import Address, KnownBuyer
from crosslane.kernel import Refusal
from crosslane.locations import Location, Network
from crosslane.orders import INTAKE, Intake
from crosslane.organization import Channel, Method
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.pricing import Destination, PriceLine, PriceRequest, ShippingWish


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a cart whose codes are known.

    Args:
        line: as the cart has it.
        variant: the goods.
        option: how they reach the customer: the line's own way, the cart's, or the channel's.
        store: where the customer gets them, for all methods but shipping.
        parts: single articles behind the line with the units of each: itself, or a bundle's.
    """

    line: CartLine
    variant: Variant
    option: Option
    store: Location | None
    parts: tuple[tuple[Variant, int], ...]


class Checkout:
    """One cart with all it names.

    Attributes:
        actor: who asks.
        cart, contents: the cart and what its operations make of it.
        channel: where it buys.
        intake: how that channel's orders are taken in.
        lines: goods with the way they go.
        buyer_id: who buys, as the cart has it; None while nobody has said.
        buyer: what customers knows of that buyer and of the cart's address.
        address: where shipped goods go, None while nobody has said.
        held: units held for it, run out or not.
        refusal: why nothing can be done with it.
    """

    cart: Cart
    contents: Contents
    channel: Channel
    intake: Intake

    def __init__(self, cart_id: UUID, actor: Actor) -> None:
        self.cart_id = cart_id
        self.actor = actor
        self.lines: list[Wanted] = []
        self.buyer_id: UUID | None = None
        self.buyer = KnownBuyer()
        self.address: Address | None = None
        self.held: list[HeldUnits] = []
        self.refusal: Refusal | None = None

    def enter(self, cart: Cart, operations: Iterable[Operation], held: Iterable[HeldUnits]) -> None:
        """Take in a cart as it is.

        Raises:
            CartPlaced, EmptyCart: there is nothing in it to be bought.
        """
        self.cart = cart
        self.contents = fold(operations)
        self.held = list(held)
        self.buyer_id = cart.owner_id or self.contents.buyer_id
        if cart.order_id is not None:
            raise CartPlaced
        if not self.contents.lines:
            raise EmptyCart

    def at(self, now: datetime) -> datetime:
        """Return the business time it is bought at: as its channel tells, else now."""
        return self.cart.occurred_at or now

    @property
    def ships(self) -> bool:
        """Whether something goes to the customer's address."""
        return any(each.option.method == "ship" for each in self.lines)

    @property
    def service(self) -> str:
        """Delivery service of its parcels; "" when no parcel is sent."""
        if all(each.option.method in ("pickup", "carry_out") for each in self.lines):
            return ""
        return self.contents.service or self.intake.service

    def price_request(
        self, now: datetime, *, service: str = "", home: Destination | None = None
    ) -> PriceRequest:
        """Return the question to pricing, the same that orders ask when the cart is placed.

        Args:
            now: the time it is.
            service: delivery service in place of the one the cart names.
            home: where goods would be shipped, in place of the cart's address.
        """
        customer = self.buyer.customer
        if home is None and self.ships and self.address is not None:
            home = Destination(self.address.country, self.address.region)
        # What the channel has charged is for the service it has sold, not for another one.
        dictated = None if service else self.contents.shipping_minor
        delivery = ShippingWish(
            key="delivery", service=service or self.service, dictated_minor=dictated
        )
        return PriceRequest(
            channel=self.channel.code,
            at=self.at(now),
            actor=self.actor,
            destination=home or Destination(self.channel.country),
            lines=[
                PriceLine(
                    key=str(each.line.id),
                    variant=each.variant,
                    quantity=each.line.quantity,
                    destination=Destination(each.store.country) if each.store else None,
                    dictated_unit_price_milli=each.line.unit_price_milli,
                )
                for each in self.lines
            ],
            shipping=[delivery] if self.ships else [],
            coupons=self.contents.coupons,
            customer_group=(customer.group or None) if customer else None,
            customer_id=customer.id if customer else None,
        )


async def open_checkouts(
    tx: Tx,
    asked: Sequence[tuple[UUID, Actor]],
    *,
    lock: bool = False,
    way: Method | None = None,
) -> list[Checkout]:
    """Load carts with all they name; one that cannot be bought has its refusal set.

    Args:
        tx: open transaction.
        asked: cart and who asks for it.
        lock: keep others from editing or placing them until the transaction ends.
        way: take every line to go this way, whatever the cart says.
    """
    checkouts = [Checkout(*each) for each in asked]
    read = storage.lock_carts if lock else storage.list_carts
    carts = await read(tx, list({each.cart_id for each in checkouts}))
    for each in checkouts:
        try:
            stored = require_own(carts.get(each.cart_id), each.actor)
            each.enter(stored.cart, (known.operation for known in stored.kept), stored.held)
        except Refusal as refusal:
            each.refusal = refusal
    await complete(tx, checkouts, way=way)
    return checkouts


async def complete(
    tx: Tx,
    checkouts: Sequence[Checkout],
    *,
    way: Method | None = None,
    addresses: Mapping[UUID, Address] | None = None,
) -> None:
    """Look up all that entered carts name; one that cannot be bought has its refusal set.

    Args:
        tx: open transaction.
        checkouts: carts that were entered; those refused already are left alone.
        way: take every line to go this way, whatever the cart says.
        addresses: the addresses of all of them by snapshot, when they are known and nobody wants
            to know who buys.
    """
    live = [each for each in checkouts if each.refusal is None]
    await _resolve(tx, live, way)
    if addresses is None:
        await _people(tx, live)
    else:
        for each in live:
            if each.contents.address_id:
                each.address = addresses[each.contents.address_id]


async def _resolve(tx: Tx, live: Sequence[Checkout], way: Method | None) -> None:
    skus = {line.sku for each in live for line in each.contents.lines}
    variants = await catalog.variants_by_sku(tx, sorted(skus))
    components = {part.variant_id for v in variants.values() for part in v.components}
    parts = await catalog.variants_by_id(tx, sorted(components))
    book, network = await organization.book(tx), await locations.network(tx)
    policies = await organization.policies(tx)
    for each in live:
        try:
            channel = each.channel = book.channel(each.cart.channel)
            each.intake, _ = policies.resolve(
                INTAKE, tx.now, channel=channel.code, brand=channel.brand
            )
            each.lines = _wanted(each, network, variants, parts, way)
        except Refusal as refusal:
            each.refusal = refusal


def _wanted(
    checkout: Checkout,
    network: Network,
    variants: Mapping[str, Variant],
    parts: Mapping[UUID, Variant],
    way: Method | None,
) -> list[Wanted]:
    usual = checkout.contents.option or Option(checkout.channel.default_method)
    wanted: list[Wanted] = []
    for place, line in enumerate(checkout.contents.lines):
        variant = variants.get(line.sku)
        if variant is None or not variant.active:
            raise NotOnSale(pointer=f"/lines/{place}/sku", sku=line.sku)
        option = Option(way) if way else line.option or usual
        components = tuple(
            (parts[part.variant_id], part.quantity * line.quantity) for part in variant.components
        )
        wanted.append(
            Wanted(
                line=line,
                variant=variant,
                option=option,
                store=_store(option, line, network, f"/lines/{place}/option/store"),
                parts=components or ((variant, line.quantity),),
            )
        )
    return wanted


def _store(option: Option, line: CartLine, network: Network, pointer: str) -> Location | None:
    if option.method == "ship":
        return None
    if not option.store:
        raise StoreMissing(pointer=pointer, method=option.method, sku=line.sku)
    return network.require(option.store, pointer=pointer)


async def _people(tx: Tx, live: Sequence[Checkout]) -> None:
    whom = [(each.buyer_id, each.contents.address_id) for each in live]
    for each, buyer in zip(live, await customers.buyers_by_id(tx, whom), strict=True):
        each.buyer = buyer
        if buyer.address is not None and not buyer.address.erased:
            each.address = buyer.address.address
