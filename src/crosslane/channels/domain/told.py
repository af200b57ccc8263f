"""What every canonical message says, and the sizes that hold for all of them."""

from typing import Annotated, Any, Literal

import msgspec

from crosslane.kernel import QUANTITY_MAX, Instant

LINES_MAX = 2_000
ORDER_PARTS_MAX = 100_000
SUPPLY_ROWS_MAX = 20_000
SALE_LINES_MAX = 500
SERVICE_CHARACTERS_MAX = 64
VERSION_MAX = 2**62
MINOR_MAX = 10**12
PRICE_MILLI_MAX = 10**15

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
SourceId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Version = Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]
PriceMilli = Annotated[int, msgspec.Meta(ge=0, le=PRICE_MILLI_MAX)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]
Method = Literal["ship", "pickup", "ship_to_store", "carry_out"]
TillMethod = Literal["cash", "card", "on_account", "stored_value"]


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """What every message says.

    Args:
        source_id: the channel's own number of what is spoken of, such as an order.
        event_at: when it happened in the world.
        source_version: grows with each thing the channel says of it.
        schema: version of the message's form.
        channel: code of the channel; empty for the one it is sent to.
        rest: what else the channel said, by JSON pointer into the record: kept, and acted upon by
            nobody.
    """

    source_id: SourceId
    event_at: Instant
    source_version: Version = 1
    schema: Literal[1] = 1
    channel: Annotated[str, msgspec.Meta(max_length=64)] = ""
    rest: dict[str, Any] = {}
