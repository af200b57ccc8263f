"""From what people call orders to orders, for many at once."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from crosslane.kernel import BadOrderNumber, parse_order_number
from crosslane.orders.storage import states
from crosslane.platform.database import Tx


class OfOrder(msgspec.Struct, frozen=True):
    """What is asked of one order, by its id."""

    order_id: UUID

    @property
    def subject(self) -> str:
        """What the audit journal names it by."""
        return f"order:{self.order_id}"


async def find_ids(tx: Tx, names: Iterable[str]) -> dict[str, UUID]:
    """Return the ids of orders by their number, as typed, or by their id; nobody is asked for.

    A name that can be an id stands for itself, whether there is such an order or not; numbers
    nobody has are left out.
    """
    found: dict[str, UUID] = {}
    numbers: dict[str, str] = {}
    for name in names:
        try:
            found[name] = UUID(name)
        except ValueError:
            try:
                numbers[name] = parse_order_number(name)
            except BadOrderNumber:
                continue
    if numbers:
        known = await states.find_by_number(tx, list(set(numbers.values())))
        found |= {name: known[number] for name, number in numbers.items() if number in known}
    return found
