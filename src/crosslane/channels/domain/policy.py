"""What a retailer lets a channel decide."""

from typing import Annotated

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
