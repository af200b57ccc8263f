"""Which places goods of an order go to: those a line splits its pieces by, or one it names."""

from collections.abc import Iterable, Sequence

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.parties import Party, parties
from crosslane.channels.adapters.x12.segments import Segment
from crosslane.channels.adapters.x12.units import PIECES
from crosslane.customers import Address


def require_one_place(head: Sequence[Segment], splits: Iterable[dict[str, int]]) -> None:
    """Refuse an order for several places that does not say what goes where.

    Args:
        head: segments before the lines.
        splits: how many pieces of each line go where, as far as it says so.
    """
    told = [one for one in head if one.tag == "N1" and one.peek(1) == "ST"]
    if len({one.peek(4) or one.peek(2) for one in told}) > 1 and not all(splits):
        detail = "Several places are named, and not what goes to which"
        raise NotReadable(Fault("store-count", detail, told[1].at(4)))


def sent_to(places: Sequence[Segment], quantity: int) -> dict[str, int]:
    """Return where a line goes that names its own place.

    Args:
        places: segments N1 that name it.
        quantity: pieces of the line.

    Raises:
        NotReadable: they name several places.
    """
    told = {one.peek(4) or one.peek(2) for one in places}
    if len(told) > 1:
        detail = "Several places are named, and not how many go to which"
        raise NotReadable(Fault("store-count", detail, places[1].at(4)))
    return dict.fromkeys(told, quantity)


def split_by(one: Segment, split: dict[str, int], unit: str, each: int) -> None:
    """Add how many pieces stores get: pairs of store and quantity from the third element on.

    Args:
        one: the segment.
        split: pieces by store.
        unit: in which the line is ordered.
        each: pieces that unit is.
    """
    if one.peek(1) != unit and one.peek(1) in PIECES:
        each = 1
    for n in range(3, 22, 2):
        if not one.peek(n):
            break
        units = one.units(n + 1, each)
        store = one.take(n)
        split[store] = split.get(store, 0) + units
    if one.peek(1) in PIECES:
        one.take(1)


def where_is(
    segments: Sequence[Segment], known: dict[str, Party], store: str, otherwise: Address | None
) -> Address:
    """Return where goods of a store go: its address when the set names it, else its number.

    Args:
        segments: of the set.
        known: parties that are read already.
        store: its number or name.
        otherwise: where goods go that name no store.
    """
    party = next((one for one in known.values() if one.is_called(store)), None)
    for n, one in enumerate(segments):
        if party is None and one.tag == "N1" and store in (one.peek(4), one.peek(2)):
            (party,) = parties(segments[n:], (one.peek(1),)).values()
    if party is not None and party.address is not None:
        return party.address
    return Address(country=otherwise.country if otherwise else "", lines=(), city="", name=store)
