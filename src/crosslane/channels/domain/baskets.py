"""Baskets of tills, taken apart: what was sold, what came back of which sale, who paid how; pure.

A till settles a basket net: it takes or gives the difference alone. The books know two things, a
sale and returns, and each has its own money. What the till set off is booked on both sides by the
same means, as if it had been taken and given; by means and in sum it is nothing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import IssuedCard, Sale, SaleLine, TakenTender
from crosslane.channels.domain.told import TillMethod

WAYS_TRIED_MAX = 4_096


class Means(NamedTuple):
    """How money moved: the method, and the account of stored value."""

    method: TillMethod
    account: UUID | None = None


class Origin(NamedTuple):
    """Which earlier sale goods belong to: a till's receipt, an order's number, or a proof."""

    receipt: str = ""
    order: str = ""
    proof: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the sale should be one of ours."""
        return bool(self.receipt or self.order)


class Settlement(msgspec.Struct, frozen=True):
    """How the parts of a basket were paid.

    Args:
        sale: what paid for the goods sold, by means.
        backs: what the money of each group of goods that came back was given as.
    """

    sale: dict[Means, int]
    backs: list[Means]


def sold_lines(sale: Sale) -> list[SaleLine]:
    """Return the goods that went out."""
    return [line for line in sale.lines if line.quantity > 0]


def returned_lines(sale: Sale) -> dict[Origin, list[SaleLine]]:
    """Return the goods that came back, by the sale they belong to."""
    found: dict[Origin, list[SaleLine]] = {}
    for line in sale.lines:
        if line.quantity < 0:
            found.setdefault(Origin(line.receipt, line.order, line.proof), []).append(line)
    return found


def pay_cards(
    cards: Sequence[IssuedCard], tenders: Sequence[TakenTender]
) -> tuple[list[list[TakenTender]], list[TakenTender]] | None:
    """Say which money of a basket paid for gift cards, and what is left for its goods.

    A card is paid by one means where one is enough, the one with most left: else by several. Only
    cash and cards of banks pay for them; what is set off against goods that came back does not.

    Args:
        cards: that were sold.
        tenders: what the till has taken, negative what it gave.

    Returns:
        What paid for each of them, and all other money. None when the money does not reach.
    """
    left = Counter[TillMethod]()
    for tender in tenders:
        if tender.method in ("cash", "card"):
            left[tender.method] += tender.minor
    paid: list[list[TakenTender]] = []
    used = Counter[TillMethod]()
    for card in cards:
        missing, parts = card.minor, list[TakenTender]()
        for method, most in left.most_common():
            taken = min(missing, most)
            if taken > 0:
                parts.append(TakenTender(method=method, minor=taken))
                left[method] -= taken
                used[method] += taken
                missing -= taken
        if missing:
            return None
        paid.append(parts)
    return paid, [*tenders, *(TakenTender(method=m, minor=-minor) for m, minor in used.items())]


def settle_net(
    sold_minor: int, backs_minor: Sequence[int], tenders: Sequence[TakenTender]
) -> Settlement | None:
    """Share the net money of a basket over its sale and its returns.

    Args:
        sold_minor: what the goods sold are worth, in minor units.
        backs_minor: likewise each group of goods that came back, positive.
        tenders: what the till has taken, negative what it gave.

    Returns:
        None when a group would need more than one means: then nobody knows which money is whose.
    """
    net: Counter[Means] = Counter()
    for tender in tenders:
        net[Means(tender.method, tender.account)] += tender.minor
    given = sorted((means for means in net if net[means] < 0), key=lambda means: net[means])
    usual = _usual(net)
    ways = list(dict.fromkeys((*given, usual)))
    if len(ways) ** len(backs_minor) > WAYS_TRIED_MAX:
        ways = ways[:1]
    for backs in product(ways, repeat=len(backs_minor)):
        sale = Counter(net)
        for means, minor in zip(backs, backs_minor, strict=True):
            sale[means] += minor
        if min(sale.values(), default=0) >= 0 and sale.total() == sold_minor:
            return Settlement({m: minor for m, minor in sale.items() if minor}, list(backs))
    return None


def _usual(net: Counter[Means]) -> Means:
    """Return the means by which is set off: the one most was paid by, where a till gives by it."""
    tills = [means for means in net if means.method in ("cash", "card") and net[means] > 0]
    return max(tills, key=lambda means: (net[means], means.method), default=Means("cash"))


def inverse(sale: Sale, source_id: str, at: datetime, version: int) -> Sale:
    """Return the basket that takes another one back: out for in, taken for given.

    Args:
        sale: the basket that is taken back.
        source_id: the till's own number of the taking back; likewise when, and the version.
        at: when it was taken back.
        version: of the message that says so.
    """
    lines = tuple(
        msgspec.structs.replace(
            line,
            quantity=-line.quantity,
            receipt=sale.source_id if line.quantity > 0 else "",
            order="",
            proof="",
            reason="other",
        )
        for line in sale.lines
    )
    tenders = tuple(msgspec.structs.replace(t, minor=-t.minor) for t in sale.tenders)
    return msgspec.structs.replace(
        sale,
        source_id=source_id,
        source_version=version,
        event_at=at,
        lines=lines,
        tenders=tenders,
    )
