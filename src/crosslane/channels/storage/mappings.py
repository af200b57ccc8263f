"""What the tables of channels mean."""

import msgspec

from crosslane.channels.domain.mapping import TableMapping
from crosslane.platform.database import Tx

MAPPINGS_MAX = 1_000
Key = tuple[str, str]

LIST_MAPPINGS = """
select channel, name, mapping from channels_mapping order by channel, name limit $1
"""


async def list_mappings(tx: Tx) -> dict[Key, TableMapping]:
    """Return every mapping by the code of its channel and its name."""
    rows = await tx.fetch(LIST_MAPPINGS, MAPPINGS_MAX)
    return {
        (row["channel"], row["name"]): msgspec.json.decode(row["mapping"], type=TableMapping)
        for row in rows
    }


SAVE_MAPPING = """
insert into channels_mapping (channel, name, mapping) values ($1, $2, $3)
on conflict (channel, name) do update set mapping = excluded.mapping
"""


async def save_mapping(tx: Tx, key: Key, mapping: TableMapping) -> None:
    """Store a mapping, or change it."""
    await tx.execute(SAVE_MAPPING, *key, msgspec.json.encode(mapping))
