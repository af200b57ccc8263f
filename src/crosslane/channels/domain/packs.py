"""How many units of our stock those are that a channel orders in; pure.

Partners order by the case, the box or the kilogram, and often only their contract says how much
that is. What a message itself says of its lines goes before what is agreed on here.
"""

from functools import cached_property
from typing import Annotated

import msgspec

from crosslane.organization import PolicyKind

# A form of the office has three fields for each.
PACKS_MAX = 900
UNITS_MAX = 1_000_000


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a channel orders in.

    Args:
        unit: code by which its messages name it, such as CA or KGM.
        article: of which article: our SKU, the channel's own number, or that of GS1; "" for all
            that no other row names.
        pieces: how many units of stock it is.
    """

    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    article: Annotated[str, msgspec.Meta(max_length=100)] = ""
    pieces: Annotated[int, msgspec.Meta(ge=1, le=UNITS_MAX)]


class Packs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """How much stock a channel orders by the case, box or measure.

    Args:
        packs: each unit, for all articles or for one; of two rows alike the later one counts.
    """

    packs: Annotated[tuple[Pack, ...], msgspec.Meta(max_length=PACKS_MAX)] = ()

    @cached_property
    def units(self) -> frozenset[str]:
        """The units of which something is agreed on, in capitals."""
        return frozenset(one.unit.upper() for one in self.packs)

    @cached_property
    def _known(self) -> dict[tuple[str, str], int]:
        return {(one.unit.upper(), one.article): one.pieces for one in self.packs}

    def pieces(self, unit: str, *articles: str) -> int | None:
        """Return how many units of stock a unit of an article is, None when nobody has agreed.

        Args:
            unit: code of it, whatever its case.
            articles: numbers of the article, the best one first; "" for one that is not told.
        """
        code = unit.upper()
        if code not in self.units:
            return None
        found = (self._known.get((code, article)) for article in articles if article)
        return next((one for one in found if one is not None), self._known.get((code, "")))


PACKS = PolicyKind("channels.packs", Packs, Packs(), scopes=("channel", "brand", "tenant"))
