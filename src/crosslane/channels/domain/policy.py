"""What a retailer lets a channel decide, and what it is told."""

from typing import Annotated, Literal

import msgspec

from crosslane.organization import PolicyKind


class Mastery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of what a channel is the master: what it says of it holds here too.

    Args:
        articles: what articles are called, weigh, are told apart by, and whether they are sold.
        category: code of the category of articles nobody knew; without one they are not taken.
        price_list: code of the list its prices go into, "" for none.
    """

    articles: bool = False
    category: Annotated[str, msgspec.Meta(max_length=64)] = ""
    price_list: Annotated[str, msgspec.Meta(max_length=64)] = ""


MASTERY = PolicyKind("channels.mastery", Mastery, Mastery(), scopes=("channel", "brand", "tenant"))

ToldKind = Literal[
    "order_reply",
    "cancellation",
    "amendment",
    "fulfillment",
    "money",
    "return",
    "invoice",
    "acknowledgment",
    "supply_snapshot",
    "price",
]


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel is told, of all that its format can be told.

    Args:
        withheld: kinds of messages it is not told.
    """

    withheld: frozenset[ToldKind] = frozenset()


TELLING = PolicyKind("channels.telling", Telling, Telling(), scopes=("channel", "brand", "tenant"))
