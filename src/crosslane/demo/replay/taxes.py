"""The tax that the world's goods bear, for channels that are told prices with tax."""

from collections.abc import Mapping
from datetime import datetime

from crosslane.demo.world.goods import STANDARD_BP, STANDARD_BP_BEFORE, TAX_CHANGE, Article

# The Isle of Man is taxed as Britain is; everything beyond is an export.
TAXED = frozenset({"GB", "IM"})


class Taxes:
    """Rates by article, country and time.

    Args:
        articles: the goods of the world.
    """

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self._zero = {sku for sku, one in articles.items() if one.row["tax_class"] == "zero"}
        self._change = datetime.fromisoformat(TAX_CHANGE)

    def rate_bp(self, sku: str, country: str, at: datetime) -> int:
        """Return the rate in basis points; of delivery when there is no SKU."""
        if country not in TAXED or sku in self._zero:
            return 0
        return STANDARD_BP_BEFORE if at < self._change else STANDARD_BP
