"""What a channel is told of an article's stock: less than could be promised, never more.

A figure is worked out in four steps, and each takes away: what could be promised, less what is kept
back, rounded down, no more than the cap. The steps are kept, so that "why does the marketplace show
3?" has an answer whose terms add up.
"""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Annotated, Literal

import msgspec

from crosslane.kernel import QUANTITY_MAX, matching
from crosslane.organization import PolicyKind

BASIS_POINTS = 10_000
EVERYWHERE = "*"
STEPS_MAX = 50
LOCATIONS_MAX = 1_000

Sold = Literal["named", "all", "none"]
Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
Place = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Step = Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]


class Offering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel may sell of articles, and what it is told of them.

    Args:
        sold: the articles it has named itself, all that are on sale, or none. What it was told of
            and may not sell any more is told as 0.
        locations: codes of the locations that count; empty for all.
        by_location: tell a figure for each location that has a name in the channel, instead of one
            for all together.
        at: code of the location under which the figure for all is told, ``*`` for none of them.
        kept_units: units of each figure that are kept back from the channel.
        kept_share_bp: share of each figure that is kept back, in basis points, rounded up.
        multiple_of: figures are rounded down to multiples of this.
        steps: figures are rounded down to one of these, 0 below the first; empty for any figure.
        cap: most units that are ever told, None for no limit.
        prices: the channel is told what articles cost, too.
        full_at: time of day, in the zone of the channel's market, from which everything is told
            once more each day.
        counts: what the channel says lies somewhere is a fact of ours, as from a till that counts
            its own shelf; else it only shows whether the channel has what it was told.
    """

    sold: Sold = "named"
    locations: Annotated[tuple[Place, ...], msgspec.Meta(max_length=LOCATIONS_MAX)] = ()
    by_location: bool = False
    at: Place = EVERYWHERE
    kept_units: Units = 0
    kept_share_bp: Annotated[int, msgspec.Meta(ge=0, le=BASIS_POINTS)] = 0
    multiple_of: Step = 1
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=STEPS_MAX)] = ()
    cap: Units | None = None
    prices: bool = False
    full_at: Annotated[str, matching("([01][0-9]|2[0-3]):[0-5][0-9]")] = "03:00"
    counts: bool = False

    @property
    def full_time(self) -> time:
        """The time of day of the daily full."""
        return time.fromisoformat(self.full_at)


OFFERING = PolicyKind(
    "channels.offering", Offering, Offering(), scopes=("category", "channel", "brand", "tenant")
)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure a channel is told, and how it came about.

    What could be promised less all that is taken away is what is told; below 0 nothing is.

    Args:
        units: what is told.
        available: what could be promised to the channel; not below 0.
        kept: units kept back; likewise taken away by rounding, and over the cap.
    """

    units: int = 0
    available: int = 0
    kept: int = 0
    rounded: int = 0
    capped: int = 0


def figure_of(offering: Offering, available: int) -> Figure:
    """Return what a channel is told where so many units could be promised to it.

    More that can be promised never makes less that is told.
    """
    available = max(0, available)
    share = -(-available * offering.kept_share_bp // BASIS_POINTS)
    kept = min(available, offering.kept_units + share)
    left = available - kept
    units = _told(offering, left, left)
    told = units if offering.cap is None else _told(offering, left, offering.cap)
    return Figure(
        units=told, available=available, kept=kept, rounded=left - units, capped=units - told
    )


def _told(offering: Offering, units: int, most: int) -> int:
    """Return the largest of the figures there are that so many units make, and that may be told."""
    units -= units % offering.multiple_of
    if offering.steps:
        return max((step for step in offering.steps if step <= min(units, most)), default=0)
    return min(units, most - most % offering.multiple_of)


def figures(
    offering: Offering,
    by_location: Mapping[str, int],
    total: int,
    names: Sequence[str],
    *,
    sells: bool,
) -> dict[str, Figure]:
    """Return the figures of an article by the code of the location they are told for.

    Args:
        offering: what the channel is told.
        by_location: what could be promised to the channel, by code, of the locations that count.
        total: what could be promised from all of them together.
        names: codes of the locations that have a name in the channel.
        sells: it sells the article at all; else all is told as 0.
    """
    if not offering.by_location:
        return {offering.at: figure_of(offering, total if sells else 0)}
    counted = [code for code in names if not offering.locations or code in offering.locations]
    return {code: figure_of(offering, by_location.get(code, 0) if sells else 0) for code in counted}
