"""The world the demo plays in: "Marlow & Finch", built through the REST API with real keys.

``build_world`` founds the retailer or finds it as it was left: whatever it does is done by codes,
references and keys, so doing it twice is doing it once. ``World`` is what a replay needs to know.

- ``organization``: entities, brands, markets, channels, policies, carriers, payment provider;
- ``places``: 815 real sites and 6 warehouses, hours and abilities by format and nation;
- ``goods``: 3,492 real products, the tax change, price lists with the recorded history;
- ``people``: invented names and addresses, drawn so that replay and world agree;
- ``pictures``: signs drawn for the articles that are wanted most; ``shelves``: where goods lie;
- ``stock``: opening stock and replenishment by a stated generator;
- ``staff``: who works the orders.
"""

from crosslane.demo.world.build import Refused, Size, build_world
from crosslane.demo.world.nouns import (
    EXPORT_SERVICE,
    FRANCHISE_TILLS,
    FREIGHT_SERVICE,
    HOME_SERVICE,
    MARKETPLACE,
    OUTAGE_CARRIER,
    OUTAGE_SERVICE,
    PHONE,
    PROVIDER,
    TILLS,
    TRADE_IE,
    TRADE_WEB,
    WEB,
    Access,
    Account,
    Login,
    Place,
    Planned,
    World,
)
from crosslane.demo.world.people import Person, country_code, draw_address, firm, shopper
from crosslane.demo.world.stock import till_of

__all__ = [
    "EXPORT_SERVICE",
    "FRANCHISE_TILLS",
    "FREIGHT_SERVICE",
    "HOME_SERVICE",
    "MARKETPLACE",
    "OUTAGE_CARRIER",
    "OUTAGE_SERVICE",
    "PHONE",
    "PROVIDER",
    "TILLS",
    "TRADE_IE",
    "TRADE_WEB",
    "WEB",
    "Access",
    "Account",
    "Login",
    "Person",
    "Place",
    "Planned",
    "Refused",
    "Size",
    "World",
    "build_world",
    "country_code",
    "draw_address",
    "firm",
    "shopper",
    "till_of",
]
