"""What a retailer decides about returns, as policy with dates."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crosslane.organization import PolicyKind
from crosslane.returns.domain.nouns import ItemState, Reason, Way

SEASONS_MAX = 20
DAYS_MAX = 3_650

Days = Annotated[int, Meta(ge=0, le=DAYS_MAX)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]

NOT_THEIR_FAULT: frozenset[Reason] = frozenset(
    {"faulty", "damaged", "wrong_item", "not_as_described", "arrived_late"}
)


class Season(Struct, frozen=True, forbid_unknown_fields=True):
    """A longer window for what was bought in a span of days, such as before Christmas.

    Args:
        first: first day of the purchases; days are those of the channel's market.
        last: last day of them.
        until: last day on which they may come back.
    """

    first: date
    last: date
    until: date


class ReturnPolicy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may come back, how, until when, and what is given for it.

    The version in force when the goods were bought holds; of a blind return, when it is asked for.

    Args:
        window_days: days after the customer had the goods in which they may come back for money.
        exchange_window_days: likewise for others in exchange; as many when absent.
        seasons: longer windows.
        item_states: in which state goods are taken back; the faulty always are.
        final_sale: sold for good: only for reasons that are not the customer's.
        methods: by post, over a counter.
        fee_minor: kept back of each return, gross; likewise of each unit of this line.
        unit_fee_minor: kept back of each unit, gross.
        fee_waived_for: reasons for which nothing is kept back.
        delivery_refund: whether the delivery charge goes back: never, with the last unit, always.
        instant_refund: money is given as the parcel leaves the customer.
        decides: requests are authorized by rule, or wait for a person.
        settles: graded returns are settled by themselves, or wait for a person.
        expires_days: days after which what never came is given up.
        blind: whether goods come back without an order: never, by a manager, or up to a limit.
        blind_minor_max: that limit for one return; above it a manager decides.
        blind_proof: a blind return needs a proof of purchase, whoever asks.
        lowest_price_days: without a proof, the lowest price of so many days is given.
        other_market: goods of another market's order are refused, or taken in the same currency.
    """

    window_days: Days = 30
    exchange_window_days: Days | None = None
    seasons: Annotated[tuple[Season, ...], Meta(max_length=SEASONS_MAX)] = ()
    item_states: frozenset[ItemState] = frozenset({"new", "opened", "faulty"})
    final_sale: bool = False
    methods: frozenset[Way] = frozenset({"post", "counter"})
    fee_minor: Minor = 0
    unit_fee_minor: Minor = 0
    fee_waived_for: frozenset[Reason] = NOT_THEIR_FAULT
    delivery_refund: Literal["never", "when_all", "always"] = "when_all"
    instant_refund: bool = False
    decides: Literal["auto", "agent"] = "auto"
    settles: Literal["auto", "agent"] = "auto"
    expires_days: Annotated[int, Meta(ge=1, le=DAYS_MAX)] = 30
    blind: Literal["refused", "manager", "allowed"] = "manager"
    blind_minor_max: Minor = 0
    blind_proof: bool = False
    lowest_price_days: Annotated[int, Meta(ge=1, le=DAYS_MAX)] = 90
    other_market: Literal["refused", "same_currency"] = "same_currency"


POLICY = PolicyKind("returns.policy", ReturnPolicy, ReturnPolicy())
