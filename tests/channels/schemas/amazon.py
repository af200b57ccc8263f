"""What Amazon's own models say of the bodies that its API takes and gives.

The models are those of ``amzn-sp-api``, Amazon's package for Python (Apache-2.0), which it makes of
the models it publishes.
"""

from typing import Any

from tests.channels.schemas import generated

API = {
    "orders": "orders_v0",
    "sales": "orders_v2026_01_01",
    "listings": "listings_items_v2021_08_01",
    "inventory": "external_fulfillment_inventory_v2024_09_11",
}


def fitting(api: str, name: str, body: Any) -> Any:
    """Return a body as a model of one of Amazon's APIs; see ``generated.py``."""
    return generated.fitting(f"spapi.models.{API[api]}", name, body)
