"""What has happened in the catalog."""

from uuid import UUID

from crosslane.platform.log import Event

PRODUCTS_PER_EVENT_MAX = 500


class ProductsChanged(Event):
    """Products were created or changed; what they are now is read from the catalog."""

    change_id: UUID
    product_ids: tuple[UUID, ...]
    variant_ids: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        """Each change stands alone: whoever hears of it reads the present state."""
        return f"catalog_change:{self.change_id}"
