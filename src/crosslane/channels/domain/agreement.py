"""What was agreed on with a channel beside its format, without which it is misunderstood."""

from collections.abc import Mapping

import msgspec

from crosslane.channels.domain.packs import Packs


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever reads a channel's messages needs to know of it.

    Args:
        packs: how much stock it orders by the case, box or measure.
        settings: of its connection, for the format that is read.
    """

    packs: Packs
    settings: Mapping[str, str]
