"""What a retailer decides about taking orders, as policy."""

from typing import Literal

import msgspec

from crosslane.organization import PolicyKind


class Intake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How orders of a channel are taken in.

    Args:
        shortage: what happens to units nobody can promise: wait for stock, or the order is refused.
        bad_address: an address that fails its country's rules refuses the order, or stops it for a
            person when the customer is not there to be asked (marketplaces, imports).
        card_terms: cards are charged parcel by parcel, or for everything once authorised.
        payment_minutes: how long stock waits for a payment before the order is cancelled.
        backdating: whether the channel may say when an order was placed.
        service: delivery service of an order that names none.
    """

    shortage: Literal["backorder", "refuse"] = "backorder"
    bad_address: Literal["refuse", "stop"] = "refuse"
    card_terms: Literal["per_parcel", "prepaid"] = "per_parcel"
    payment_minutes: int = 30
    backdating: bool = False
    service: str = "STANDARD48"


INTAKE = PolicyKind("orders.intake", Intake, Intake(), scopes=("channel", "brand", "tenant"))
