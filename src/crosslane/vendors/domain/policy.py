"""How patient and how exact a retailer is with its vendors."""

from typing import Annotated, Literal

import msgspec

from crosslane.organization import PolicyKind


class Ordering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for purchase orders.

    Args:
        answer_hours: hours from the order until the vendor must have said anything about it.
        on_silence: ``tell`` shows a silent order to people, ``resource`` also looks for other
            stock.
        price_difference_bp_max: an invoice that differs from what was agreed by more than these
            hundredths of a percent is kept for a person to decide on.
    """

    answer_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 60)] = 24
    on_silence: Literal["tell", "resource"] = "tell"
    price_difference_bp_max: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 100


ORDERING = PolicyKind("vendors.ordering", Ordering, Ordering(), scopes=("location", "tenant"))
