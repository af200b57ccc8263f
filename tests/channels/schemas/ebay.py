"""What eBay's published descriptions say of the bodies that its Sell APIs take and give.

The models are those of ``ebay-rest`` (MIT), which are generated from eBay's OpenAPI descriptions.
"""

from typing import Any

from tests.channels.schemas import generated


def fitting(api: str, name: str, body: Any) -> Any:
    """Return a body as a model of one of eBay's Sell APIs; see ``generated.py``."""
    return generated.fitting(f"ebay_rest.api.sell_{api}.models", name, body)
