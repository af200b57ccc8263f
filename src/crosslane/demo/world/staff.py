"""The people who work the orders, with log-ins: a few, because each password costs a hash."""

from collections.abc import Mapping

from msgspec import Struct

from crosslane.demo.world.nouns import Place, Role
from crosslane.demo.world.people import draw_name

AGENTS, MANAGERS, AREAS = 4, 1, 4
STORES_STAFFED = 6


class Post(Struct, frozen=True):
    """A post that is filled.

    Args:
        code: number of the member of staff.
        role: what the person may do.
        location: code of the only location, "" for all.
    """

    code: str
    role: Role
    location: str = ""

    @property
    def name(self) -> str:
        """An invented name."""
        return draw_name("staff", self.code)

    @property
    def email(self) -> str:
        """What the person signs in with."""
        return f"{self.code.lower()}@marlow-finch.example"


def posts(places: Mapping[str, Place]) -> list[Post]:
    """Return every post.

    An administrator; agents of the call center; a manager, who clears fraud; managers of areas,
    who work the stores of their area; an associate at each warehouse and at some stores.
    """
    warehouses = sorted(code for code, place in places.items() if place.kind == "warehouse")
    stores = sorted(code for code, place in places.items() if place.format == "FULL")
    found = [Post("ADMIN", "admin")]
    found += [Post(f"AGENT{n}", "agent") for n in range(1, AGENTS + 1)]
    found += [Post(f"MANAGER{n}", "manager") for n in range(1, MANAGERS + 1)]
    found += [Post(f"AREA{n}", "manager") for n in range(1, AREAS + 1)]
    found += [
        Post(f"A-{code}", "associate", code) for code in [*warehouses, *stores[:STORES_STAFFED]]
    ]
    return found
