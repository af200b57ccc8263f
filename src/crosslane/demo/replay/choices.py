"""What the order lines do not tell and the replay invents, drawn by hash and marked as synthetic.

Who took the call, which address was mistyped, which card is declined: the same seed and the same
number of an order always give the same.
"""

from collections.abc import Sequence

from msgspec import Struct

from crosslane.demo.draws import draw
from crosslane.demo.replay.timeline import AT_HOME, PER_MILLE, Sale
from crosslane.demo.streams import Stream

BAD_ADDRESSES_PER_MILLE = 20
FRAUD_STOPS_PER_MILLE = 10
DECLINES_PER_MILLE = 30
SHORT_PICKS_PER_MILLE = 30
BY_PHONE_PER_MILLE = 350
EXPRESS_PER_MILLE = 40
NEVER_COLLECTED_PER_MILLE = 50
LATE_PARCELS_PER_MILLE = 20
# One in so many orders stopped for fraud is one.
FRAUDS_ONE_IN = 5


# Of a hundred returns so many come back for this reason or one before it.
RETURN_REASONS = (
    ("changed_mind", 40),
    ("damaged", 60),
    ("not_as_described", 75),
    ("faulty", 85),
    ("wrong_item", 95),
    ("arrived_late", 100),
)
# What becomes of goods that are not as they should be; all others can be sold again.
BROKEN = frozenset({"damaged", "faulty"})
DISPOSITIONS_OF_BROKEN = ("refurbish", "vendor", "destroy")
OVER_THE_COUNTER_PER_MILLE = 100
# Of the others, so many are announced before they are sent.
BY_POST_PER_MILLE = 300


class Coming(Struct, frozen=True):
    """The invented part of goods that come back.

    Args:
        reason: why.
        item_state: in which state they are.
        disposition: what becomes of them.
    """

    reason: str
    item_state: str
    disposition: str


class Choice(Struct, frozen=True):
    """The invented part of an order.

    Args:
        by_phone: a trade order was taken by telephone.
        agent: number of the member of staff who took the call, "" for none.
        bad_address: the address was mistyped at first.
        suspicious: the order is stopped until a manager has looked at it.
        fraud: and the manager finds that it is one.
        declined: the card is refused.
        express: the fast service was chosen.
    """

    by_phone: bool
    agent: str
    bad_address: bool
    suspicious: bool
    fraud: bool
    declined: bool
    express: bool


def happens(per_mille: int, *words: object) -> bool:
    """Whether something happens that befalls so many of a thousand."""
    return draw(PER_MILLE, *words) < per_mille


def choose(sale: Sale, agents: Sequence[str], seed: int) -> Choice:
    """Draw the invented part of an order.

    Args:
        sale: the recorded part.
        agents: numbers of the staff of the call centre.
        seed: another seed draws otherwise.
    """
    words = (seed, sale.number)
    by_phone = sale.stream is Stream.ACCOUNT and happens(BY_PHONE_PER_MILLE, "phone", *words)
    ships = sale.way == "ship" and sale.country == AT_HOME
    suspicious = sale.stream in (Stream.ACCOUNT, Stream.WEB) and happens(
        FRAUD_STOPS_PER_MILLE, "suspicious", *words
    )
    return Choice(
        by_phone=by_phone,
        agent=agents[draw(len(agents), "agent", *words)] if by_phone and agents else "",
        bad_address=ships and happens(BAD_ADDRESSES_PER_MILLE, "address", *words),
        suspicious=suspicious,
        fraud=suspicious and draw(FRAUDS_ONE_IN, "fraud", *words) == 0,
        declined=sale.stream is Stream.WEB and happens(DECLINES_PER_MILLE, "decline", *words),
        express=ships
        and sale.stream is Stream.WEB
        and happens(EXPRESS_PER_MILLE, "express", *words),
    )


def choose_coming(seed: int, *words: object) -> Coming:
    """Draw why goods come back, and what becomes of them."""
    drawn = draw(100, "reason", seed, *words)
    reason = next(reason for reason, below in RETURN_REASONS if drawn < below)
    if reason not in BROKEN:
        return Coming(reason, "new", "sellable")
    place = draw(len(DISPOSITIONS_OF_BROKEN), "disposition", seed, *words)
    return Coming(reason, "faulty", DISPOSITIONS_OF_BROKEN[place])
