"""Policies that sourcing obeys."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from crosslane.kernel import QUANTITY_MAX
from crosslane.organization import PolicyKind
from crosslane.sourcing.domain.problem import SourcingSettings

SAVINGS_MAX = 500

SETTINGS = PolicyKind(
    "sourcing.settings",
    SourcingSettings,
    SourcingSettings(),
    ("channel", "brand", "tenant"),
)


class Saving(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units that would have to be marked down soon, and what is saved by each that goes before.

    Args:
        sku: only of this SKU; "" for any.
        category: only of this category and those below it; "" for any.
        unit_milli: saved by each unit, in 1/1000 minor unit.
        above_units: only where more than so many can be promised at the location.
    """

    unit_milli: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    sku: Annotated[str, msgspec.Meta(max_length=64)] = ""
    category: Annotated[str, msgspec.Meta(max_length=64)] = ""
    above_units: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)] = 0

    def concerns(self, sku: str, category_path: Sequence[str]) -> bool:
        """Say whether it is about a variant."""
        return self.sku in ("", sku) and (not self.category or self.category in category_path)


class Markdown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What should go before it is marked down; of several that fit the first counts."""

    savings: Annotated[tuple[Saving, ...], msgspec.Meta(max_length=SAVINGS_MAX)] = ()


MARKDOWN = PolicyKind("sourcing.markdown", Markdown, Markdown(), ("location", "tenant"))


class DangerousGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sends dangerous goods; to give them out where they are fetched is not to send them.

    Args:
        sends: whether a location may send them, to customers or to a store.
    """

    sends: bool = True


DANGEROUS_GOODS = PolicyKind(
    "sourcing.dangerous_goods", DangerousGoods, DangerousGoods(), ("location", "tenant")
)

ORDERS_AT_ONCE_MAX = 5_000
REOPTIMISING_SECONDS_MAX = 60
SAVING_MINOR_MAX = 100_000


class Reoptimisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When open orders are decided anew together, by the clock.

    Args:
        every_minutes: from one time to the next; 0 for never.
        orders: how many at once, those held back last first.
        seconds: for how long it is thought about; the best answer until then is taken.
        saving_minor: orders change only where that saves more for each that does, in minor units of
            its currency; a change has a receipt, and locations are told of it.
    """

    every_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 0
    orders: Annotated[int, msgspec.Meta(ge=1, le=ORDERS_AT_ONCE_MAX)] = 2_000
    seconds: Annotated[int, msgspec.Meta(ge=1, le=REOPTIMISING_SECONDS_MAX)] = 20
    saving_minor: Annotated[int, msgspec.Meta(ge=0, le=SAVING_MINOR_MAX)] = 5


REOPTIMISATION = PolicyKind(
    "sourcing.reoptimisation", Reoptimisation, Reoptimisation(), ("tenant",)
)
