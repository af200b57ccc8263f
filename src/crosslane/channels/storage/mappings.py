"""What the tables of channels mean."""

from collections.abc import Sequence

import msgspec

from crosslane.channels.domain.mapping import TableMapping
from crosslane.platform.database import Tx

MAPPINGS_MAX = 1_000
Key = tuple[str, str]

LIST_MAPPINGS = """
select channel, name, mapping, columns_in_order
from channels_mapping order by channel, name limit $1
"""


async def list_mappings(tx: Tx) -> dict[Key, TableMapping]:
    """Return every mapping by the code of its channel and its name."""
    rows = await tx.fetch(LIST_MAPPINGS, MAPPINGS_MAX)
    return {
        (row["channel"], row["name"]): _in_order(
            msgspec.json.decode(row["mapping"], type=TableMapping), row["columns_in_order"]
        )
        for row in rows
    }


def _in_order(mapping: TableMapping, names: Sequence[str]) -> TableMapping:
    """Return a mapping with its columns as they were declared, which the database forgets."""
    places = {name: place for place, name in enumerate(names)}
    columns = sorted(mapping.columns.items(), key=lambda one: places.get(one[0], len(places)))
    return msgspec.structs.replace(mapping, columns=dict(columns))


SAVE_MAPPING = """
insert into channels_mapping (channel, name, mapping, columns_in_order) values ($1, $2, $3, $4)
on conflict (channel, name) do update
set mapping = excluded.mapping, columns_in_order = excluded.columns_in_order
"""


async def save_mapping(tx: Tx, key: Key, mapping: TableMapping) -> None:
    """Store a mapping, or change it."""
    await tx.execute(SAVE_MAPPING, *key, msgspec.json.encode(mapping), list(mapping.columns))
