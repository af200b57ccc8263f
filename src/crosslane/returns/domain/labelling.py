"""Labels for what comes back by post: who carries it, and where to; pure."""

from typing import Annotated

from msgspec import Meta, Struct

from crosslane.locations import Location, Network, Point
from crosslane.organization import PolicyKind

ABILITY = "receive_returns"


class Labels(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether customers get a label for what they send back, and where it goes.

    Args:
        service: code of the carrier service that brings it, "" when customers send it themselves.
        location: code of the location that takes it; the nearest that may when "".
    """

    service: Annotated[str, Meta(max_length=64)] = ""
    location: Annotated[str, Meta(max_length=64)] = ""


LABELS = PolicyKind("returns.labels", Labels, Labels(), scopes=("channel", "brand", "tenant"))


def destination(
    network: Network, wanted: str, *, entity: str, country: str, point: Point | None
) -> Location | None:
    """Return where goods go that come back by post, None when nobody takes them.

    Args:
        network: all locations.
        wanted: code of the location that policy names, "" for none.
        entity: code of the entity that had sold them: its own locations come first.
        country: where the parcel comes from: locations there come first.
        point: likewise, None when unknown.
    """
    named = network.by_code.get(wanted)
    if named is not None and named.can(ABILITY):
        return named
    able = network.able(ABILITY)
    fits = [at for at in able if at.country == country] or list(able)
    fits = [at for at in fits if at.entity == entity] or fits
    # A place without customers has time for what comes by post.
    fits = [at for at in fits if at.kind == "warehouse"] or fits
    if not fits or point is None:
        return fits[0] if fits else None
    codes = {at.code for at in fits}
    return network.nearest(point, 1, ABILITY, lambda at: at.code in codes)[0].location
