"""What placing asks of the modules below: who buys, and what it costs; pure."""

from crosslane.customers import Buyer, CustomerRef, Recognized
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.drafting import price_lines
from crosslane.orders.service.placing.wishes import BuyerWish, PreparedOrder
from crosslane.pricing import (
    Destination,
    PriceRequest,
    Redemption,
    ShippingWish,
)


def price_request(draft: Draft) -> PriceRequest:
    """Return the question to pricing: goods go to the address, or to the store they are got at."""
    resolved, wish = draft.resolved, draft.wish
    home = _destination(draft)
    return PriceRequest(
        channel=resolved.channel.code,
        at=resolved.placed_at,
        actor=draft.command.actor,
        destination=home,
        lines=price_lines(resolved.lines),
        shipping=[
            ShippingWish(key="delivery", service=draft.service, dictated_minor=wish.shipping_minor)
        ]
        if draft.delivers
        else [],
        coupons=wish.coupons,
        customer_group=(draft.customer.group or None) if draft.customer else None,
        customer_id=draft.customer_id,
        quote=wish.quote,
    )


def _destination(draft: Draft) -> Destination:
    address = draft.resolved.address
    if address is not None and not draft.resolved.address_fault:
        return Destination(address.country, address.region)
    return Destination(draft.resolved.channel.country)


def redemptions(draft: Draft) -> list[Redemption]:
    """Return the coupons an order uses."""
    return [
        Redemption(coupon_id=coupon_id, order_id=draft.id, customer_id=draft.customer_id)
        for coupon_id in draft.priced.coupon_ids
    ]


def known_of(draft: Draft) -> Recognized | None:
    """Return who buys and where it goes, when whoever prepared the order has found both."""
    wish, address = draft.wish, draft.resolved.address
    if not isinstance(wish, PreparedOrder) or wish.known.customer is None:
        return None
    customer, kept = wish.known.customer, wish.known.address
    if address is None:
        return Recognized(customer, None)
    if kept and not kept.erased and (kept.customer_id, kept.address) == (customer.id, address):
        return Recognized(customer, kept.id)
    return None


def buyer_of(draft: Draft) -> Buyer | None:
    """Return who buys and where it goes, None for an unknown guest who gets it at a store.

    The address says who it is when nobody else does.
    """
    wish, channel = draft.wish, draft.resolved.channel
    address = draft.resolved.address
    if isinstance(wish, PreparedOrder) and wish.customer_id:
        return Buyer(wish.customer_id, address)
    if wish.buyer is None and address is None:
        return None
    buyer = wish.buyer
    if buyer is None and wish.ship_to is not None:
        to = wish.ship_to
        buyer = BuyerWish(email=to.email, phone=to.phone, name=to.name or to.organization)
    buyer = buyer or BuyerWish()
    who = CustomerRef(
        account_number=buyer.account_number,
        email=buyer.email,
        phone=buyer.phone,
        country=channel.country,
        name=buyer.name,
        locale=wish.locale or channel.locale,
    )
    return Buyer(who, address)
