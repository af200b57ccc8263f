"""From people's codes to ids, for a whole batch at once."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from crosslane.catalog import UnknownSku, Variant, variants_by_sku
from crosslane.inventory.domain.position import Cause
from crosslane.inventory.errors import BundleHasNoStock, ForeignLocation
from crosslane.kernel import new_id
from crosslane.locations import Location, Network, network
from crosslane.organization import Channel, OrganizationBook, book
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx

LOOK_UP_SKUS_MAX = 10_000


class Codes:
    """What the codes of a batch stand for; pointers name the field that is wrong."""

    def __init__(
        self,
        variants: Mapping[str, Variant],
        locations: Network,
        organization: OrganizationBook,
    ) -> None:
        self._variants = variants
        self._locations = locations
        self._organization = organization

    def variant(self, sku: str, *, pointer: str) -> Variant:
        """Return the variant with a SKU, or raise UnknownSku."""
        if (found := self._variants.get(sku)) is None:
            raise UnknownSku(pointer=pointer, sku=sku[:64])
        return found

    def stocked(self, sku: str, *, pointer: str) -> UUID:
        """Return the id of a variant that can lie on a shelf.

        Raises:
            UnknownSku: there is none.
            BundleHasNoStock: only its parts do.
        """
        variant = self.variant(sku, pointer=pointer)
        if variant.is_bundle:
            raise BundleHasNoStock(pointer=pointer, sku=sku)
        return variant.id

    def location(self, code: str, *, pointer: str) -> Location:
        """Return the location with a code, or raise LocationUnknown."""
        return self._locations.require(code, pointer=pointer)

    def own_location(self, code: str, actor: Actor, *, pointer: str) -> UUID:
        """Return the id of a location whose stock a caller may change.

        Raises:
            LocationUnknown: there is none with the code.
            ForeignLocation: the caller belongs to another one.
        """
        location = self.location(code, pointer=pointer)
        if actor.location_id not in (None, location.id):
            raise ForeignLocation(pointer=pointer, location=code)
        return location.id

    def owner(self, code: str | None, *, pointer: str) -> UUID | None:
        """Return the id of a legal entity; None stays None."""
        return None if code is None else self._organization.entity(code, pointer=pointer).id

    def channel(self, code: str | None, *, pointer: str) -> Channel | None:
        """Return a channel; None stays None."""
        return None if code is None else self._organization.channel(code, pointer=pointer)


async def codes_of(tx: Tx, skus: Iterable[str]) -> Codes:
    """Look up the SKUs of a batch; locations and organization come from memory."""
    wanted = list(dict.fromkeys(skus))
    variants: dict[str, Variant] = {}
    for start in range(0, len(wanted), LOOK_UP_SKUS_MAX):
        variants |= await variants_by_sku(tx, wanted[start : start + LOOK_UP_SKUS_MAX])
    return Codes(variants, await network(tx), await book(tx))


def document(kind: str) -> Cause:
    """Return a new document that stock moves for; it stands for its only line."""
    made = new_id()
    return Cause(kind, made, made)
