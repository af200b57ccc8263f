"""The world the demo plays in: "Marlow & Finch", built through the REST API with real keys.

``build_world`` founds the retailer or finds it as it was left: whatever it does is done by codes,
references and keys, so doing it twice is doing it once. ``World`` is what a replay needs to know.
"""

from crosslane.demo.world.nouns import (
    Access,
    Account,
    Delivery,
    Login,
    Place,
    World,
)

__all__ = ["Access", "Account", "Delivery", "Login", "Place", "World"]
