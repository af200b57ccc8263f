"""What retailers keep back by policy: safety stock, ring-fences for a channel, stock of vendors.

A ring-fence is a level, not a pot: as long as no more than its units are left, only its channel may
promise them. It needs no bookkeeping of its own, because ATP falls as its channel uses them up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import KeptBack, Reserves
from crosslane.kernel import QUANTITY_MAX
from crosslane.organization import OrganizationBook, PolicyBook, PolicyKind, Scope

FENCES_MAX = 50

Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]


class SafetyStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of each variant, per location, that are never promised."""

    units: Units


class Fence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last units of each variant at a location, left to one channel."""

    channel: str
    units: Units


class RingFences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every ring-fence that holds in a scope."""

    fences: Annotated[tuple[Fence, ...], msgspec.Meta(max_length=FENCES_MAX)]


class VendorSupply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a channel promises what vendors have."""

    promised: bool


SAFETY_STOCK = PolicyKind("inventory.safety_stock", SafetyStock, SafetyStock(0))
RING_FENCE = PolicyKind(
    "inventory.ring_fence", RingFences, RingFences(()), ("location", "category", "tenant")
)

VENDOR_SUPPLY = PolicyKind("inventory.vendor_supply", VendorSupply, VendorSupply(True))


class PolicyReserves(Reserves):
    """Reserves by policy, each resolved once for all variants and locations it is the same for.

    Args:
        policies: what the retailer has decided.
        organization: the channels and their brands.
        at: instant whose policies hold.
        locations: location codes by id.
        categories: category codes from root to leaf, by variant; needed when `by_category`.
        vendors: locations whose stock is a vendor's.
    """

    def __init__(
        self,
        policies: PolicyBook,
        organization: OrganizationBook,
        at: datetime,
        locations: Mapping[UUID, str],
        categories: Mapping[UUID, Sequence[str]],
        vendors: frozenset[UUID] = frozenset(),
    ) -> None:
        super().__init__(self._kept_back)
        self._policies, self._organization, self._at = policies, organization, at
        self._locations, self._categories = locations, categories
        self._vendors = vendors
        self._named = named_scopes(policies)
        self._places: dict[UUID, str | None] = {}
        self._paths: dict[UUID, tuple[str, ...]] = {}
        self._resolved: dict[tuple[str | None, tuple[str, ...], UUID | None, bool], KeptBack] = {}

    def _kept_back(self, variant_id: UUID, location_id: UUID, channel_id: UUID | None) -> KeptBack:
        if location_id not in self._places:
            code = self._locations.get(location_id, "")
            self._places[location_id] = code if Scope("location", code) in self._named else None
        if variant_id not in self._paths:
            path = self._categories.get(variant_id, ())
            named = tuple(code for code in path if Scope("category", code) in self._named)
            self._paths[variant_id] = named
        place, path = self._places[location_id], self._paths[variant_id]
        key = (place, path, channel_id, location_id in self._vendors)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(*key)
        return self._resolved[key]

    def _resolve(
        self,
        location: str | None,
        category: tuple[str, ...],
        channel_id: UUID | None,
        vendor: bool,
    ) -> KeptBack:
        channel = None if channel_id is None else self._organization.channel_by_id(channel_id)
        supply, supply_id = self._policies.resolve(
            VENDOR_SUPPLY,
            self._at,
            location=location,
            category=category,
            channel=channel and channel.code,
            brand=channel and channel.brand,
        )
        safety, safety_id = self._policies.resolve(
            SAFETY_STOCK,
            self._at,
            location=location,
            category=category,
            channel=channel and channel.code,
            brand=channel and channel.brand,
        )
        rings, rings_id = self._policies.resolve(
            RING_FENCE, self._at, location=location, category=category
        )
        code = channel and channel.code
        return KeptBack(
            safety.units,
            sum(fence.units for fence in rings.fences if fence.channel != code),
            tuple(
                found
                for found in (safety_id, rings_id, supply_id if vendor else None)
                if found is not None
            ),
            withheld=vendor and not supply.promised,
        )


def named_scopes(policies: PolicyBook) -> frozenset[Scope]:
    """Return the scopes in which anybody ever decided to keep stock back."""
    kept = policies.scopes(SAFETY_STOCK) | policies.scopes(RING_FENCE)
    return kept | policies.scopes(VENDOR_SUPPLY)


def by_category(scopes: frozenset[Scope]) -> bool:
    """Return whether a variant's category decides what is kept back of it."""
    return any(scope.type == "category" for scope in scopes)
