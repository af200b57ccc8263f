"""A cart on its way to a quote, a hold or an order: loaded with all it names, plural first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, customers, locations, organization
from crosslane.carts import storage
from crosslane.carts.domain import Cart, CartLine, Contents, Option, fold
from crosslane.carts.errors import CartPlaced, EmptyCart, NotOnSale, StoreMissing
from crosslane.carts.service.reading import require_own
from crosslane.carts.storage import HeldUnits
from crosslane.catalog import Variant
from crosslane.customers import Address, Customer
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
        customer: the same with the group whose prices it pays, when prices are asked for.
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
        self.customer: Customer | None = None
        self.address: Address | None = None
        self.held: list[HeldUnits] = []
        self.refusal: Refusal | None = None

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
            customer_group=(self.customer.group or None) if self.customer else None,
            customer_id=self.customer.id if self.customer else None,
        )


async def open_checkouts(
    tx: Tx,
    asked: Sequence[tuple[UUID, Actor]],
    *,
    lock: bool = False,
    way: Method | None = None,
    priced: bool = True,
) -> list[Checkout]:
    """Load carts with all they name; one that cannot be bought has its refusal set.

    Args:
        tx: open transaction.
        asked: cart and who asks for it.
        lock: keep others from editing or placing them until the transaction ends.
        way: take every line to go this way, whatever the cart says.
        priced: prices will be asked for, which depend on the customer.
    """
    checkouts = [Checkout(*each) for each in asked]
    ids = list({each.cart_id for each in checkouts})
    carts = await (storage.lock_carts if lock else storage.find_carts)(tx, ids)
    kept, held = await storage.list_contents(tx, list(carts))
    for each in checkouts:
        try:
            each.cart = require_own(carts.get(each.cart_id), each.actor)
            each.contents = fold(known.operation for known in kept[each.cart_id])
            each.held = held[each.cart_id]
            each.buyer_id = each.cart.owner_id or each.contents.buyer_id
            if each.cart.order_id is not None:
                raise CartPlaced
            if not each.contents.lines:
                raise EmptyCart
        except Refusal as refusal:
            each.refusal = refusal
    live = [each for each in checkouts if each.refusal is None]
    await _resolve(tx, live, way)
    await _people(tx, live, priced)
    return checkouts


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


async def _people(tx: Tx, live: Sequence[Checkout], priced: bool) -> None:
    buyers = {each.buyer_id for each in live if each.buyer_id} if priced else set()
    known = await customers.customers_by_id(tx, sorted(buyers))
    addresses = await customers.addresses_by_id(
        tx, [each.contents.address_id for each in live if each.contents.address_id]
    )
    for each in live:
        each.customer = known.get(each.buyer_id) if each.buyer_id else None
        address_id = each.contents.address_id
        snapshot = addresses.get(address_id) if address_id else None
        if snapshot is not None and not snapshot.erased:
            each.address = snapshot.address
