"""What has happened in pricing."""

from uuid import UUID

from crosslane.platform.log import Event

VARIANTS_PER_EVENT_MAX = 500


class PriceListChanged(Event):
    """A price list was created, or is offered to others or at other times than before."""

    price_list_id: UUID

    @property
    def subject(self) -> str:
        """The price list."""
        return f"price_list:{self.price_list_id}"


class PricesChanged(Event):
    """Prices of a list were added or corrected; what they are now is read from pricing."""

    price_list_id: UUID
    variant_ids: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        """The price list."""
        return f"price_list:{self.price_list_id}"


class TaxesChanged(Event):
    """Tax rates of a country, or rules for sales into it, were added or corrected."""

    country: str

    @property
    def subject(self) -> str:
        """The country."""
        return f"tax:{self.country}"


class ShippingPricesChanged(Event):
    """Prices of a delivery service were added or corrected."""

    service: str

    @property
    def subject(self) -> str:
        """The delivery service."""
        return f"shipping_price:{self.service}"


class PromotionChanged(Event):
    """A promotion was created or changed, or coupons that open it were."""

    promotion_id: UUID

    @property
    def subject(self) -> str:
        """The promotion."""
        return f"promotion:{self.promotion_id}"
