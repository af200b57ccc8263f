"""What inventory asks of the modules below it: whose a location is, and what policies keep back."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from crosslane.catalog import variants_by_id
from crosslane.inventory.domain.position import Reserves
from crosslane.inventory.domain.reserves import PolicyReserves, by_category, named_scopes
from crosslane.locations import Location, LocationUnknown, Network, network
from crosslane.organization import OrganizationBook, book, policies
from crosslane.platform.database import Tx

VENDOR = "vendor"


class Owners(Mapping[UUID, UUID]):
    """The owner of the stock at a location, by the location's id.

    A store's or warehouse's stock is its legal entity's; a vendor's is its own until it ships, so
    the vendor stands for itself by the id of its location.
    """

    def __init__(self, network: Network, organization: OrganizationBook) -> None:
        self._network, self._organization = network, organization
        self._asked: dict[UUID, UUID] = {}

    def __getitem__(self, location_id: UUID) -> UUID:
        if location_id not in self._asked:
            location = self._network.by_id.get(location_id)
            if location is None:
                raise LocationUnknown(code=str(location_id))
            self._asked[location_id] = self.of(location)
        return self._asked[location_id]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._network.by_id)

    def __len__(self) -> int:
        return len(self._network.by_id)

    def of(self, location: Location) -> UUID:
        """Return whose stock lies at a location."""
        if location.kind == VENDOR:
            return location.id
        return self._organization.entity(location.entity).id


async def owners_of(tx: Tx) -> Owners:
    """Return whose stock lies where, from memory."""
    return Owners(await network(tx), await book(tx))


async def reserves_of(tx: Tx, variant_ids: Iterable[UUID]) -> Reserves:
    """Return what policies keep back of some variants now."""
    decided = await policies(tx)
    scopes = named_scopes(decided)
    if not scopes:
        return Reserves()
    places = (await network(tx)).all
    codes = {location.id: location.code for location in places}
    vendors = frozenset(location.id for location in places if location.kind == VENDOR)
    categories = {}
    if by_category(scopes):
        variants = await variants_by_id(tx, list(variant_ids))
        categories = {variant.id: variant.category_path for variant in variants.values()}
    return PolicyReserves(decided, await book(tx), tx.now, codes, categories, vendors)
