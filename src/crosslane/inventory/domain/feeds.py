"""Supply messages: what a source says of one location, cut into parts of bearable size.

A snapshot says how much lies there at an instant; a complete one also says that nothing else does.
A delta says how much came or went. The rows work as counts and adjustments do, whose algebra makes
order and repetition of messages harmless (see `supply`). A part is what one transaction applies;
parts of one message touch different variants, so their order does not matter either.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Condition
from crosslane.inventory.errors import RowRepeated
from crosslane.kernel import QUANTITY_MAX

PART_ROWS_MAX = 5_000
MESSAGE_ROWS_MAX = 100_000

SupplyKind = Literal["snapshot", "delta"]


class SupplyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a message as the source writes it.

    Args:
        sku: the variant.
        quantity: units on hand in a snapshot, units gained or lost in a delta.
    """

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class SupplyHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a message speaks of.

    Args:
        id: our id of it.
        source: who sends, such as a warehouse system; its message ids are its own.
        message: the source's id of the message.
        kind: snapshot or delta.
        complete: a snapshot that names everything there is.
        as_of: instant at which it was true.
    """

    id: UUID
    source: str
    message: str
    kind: SupplyKind
    complete: bool
    location_id: UUID
    condition: Condition
    owner_id: UUID
    as_of: datetime

    @property
    def order_key(self) -> str:
        """Decides between two reports of one instant, the same way for everybody."""
        return f"{self.source}/{self.message}"

    @property
    def cause(self) -> Cause:
        """What its movements are due to."""
        return Cause("supply", self.id, self.id)


class SupplyPart(msgspec.Struct, frozen=True):
    """A run of a message's rows, by variant.

    Args:
        part_no: from 1.
        from_variant: a complete snapshot speaks for every variant from this one on; None is open.
        to_variant: up to, without, this one; None is open.
        variant_ids: the variants named.
        quantities: one for each of them.
    """

    part_no: int
    from_variant: UUID | None
    to_variant: UUID | None
    variant_ids: list[UUID]
    quantities: list[int]


def rows_by_variant(
    rows: Sequence[SupplyRow], variants: Mapping[str, UUID], kind: SupplyKind
) -> tuple[dict[UUID, int], list[str]]:
    """Add up a message's rows by variant.

    Returns:
        Quantities by variant, and the SKUs nobody knows.

    Raises:
        RowRepeated: a snapshot names a variant twice.
    """
    quantities: dict[UUID, int] = {}
    unknown: list[str] = []
    for place, row in enumerate(rows):
        variant_id = variants.get(row.sku)
        if variant_id is None:
            unknown.append(row.sku)
            continue
        if kind == "snapshot" and variant_id in quantities:
            raise RowRepeated(pointer=f"/rows/{place}/sku", sku=row.sku)
        quantities[variant_id] = quantities.get(variant_id, 0) + row.quantity
    return quantities, unknown


def parts_of(
    quantities: Mapping[UUID, int], stocked: Iterable[UUID], *, rows_max: int = PART_ROWS_MAX
) -> list[SupplyPart]:
    """Cut a message into parts by variant.

    Args:
        quantities: what the message says.
        stocked: variants that have a position there and are spoken for by not being named; only a
            complete snapshot has such. They count towards the size of a part.
        rows_max: most variants of one part.

    Returns:
        Parts whose ranges cover all variants there are; at least one.
    """
    ordered = sorted({*quantities, *stocked}, key=attrgetter("bytes"))  # as the database does
    starts = list(range(0, len(ordered), rows_max)) or [0]
    parts: list[SupplyPart] = []
    for number, start in enumerate(starts, 1):
        named = [v for v in ordered[start : start + rows_max] if v in quantities]
        after = start + rows_max
        parts.append(
            SupplyPart(
                part_no=number,
                from_variant=ordered[start] if start else None,
                to_variant=ordered[after] if after < len(ordered) else None,
                variant_ids=named,
                quantities=[quantities[variant_id] for variant_id in named],
            )
        )
    return parts


def digest_of(header: SupplyHeader, rows: Sequence[SupplyRow]) -> bytes:
    """Return a digest of what a message says, whatever the order of its rows."""
    said = (
        header.kind,
        header.complete,
        header.location_id,
        header.condition,
        header.owner_id,
        header.as_of,
        sorted((row.sku, row.quantity) for row in rows),
    )
    return hashlib.sha256(msgspec.json.encode(said)).digest()
