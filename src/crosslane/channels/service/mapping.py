"""What the tables of a channel mean, declared once and used for every table it sends."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from crosslane import organization
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.exchange import Files, WrittenTable
from crosslane.channels.domain.mapping import TableMapping, rules_of
from crosslane.channels.domain.own_tables import OWN_TABLES
from crosslane.channels.errors import MappingUnusable, NoSuchMapping, TooManyMappings
from crosslane.channels.storage import mappings as storage
from crosslane.channels.storage.mappings import MAPPINGS_MAX, Key
from crosslane.platform import facts
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact
from crosslane.platform.lane import one_by_one

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class PutMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say what a table means.

    Args:
        channel: code of the channel that sends it.
        name: of the mapping, such as ``stock``; a table that is sent names it.
        mapping: what it means.
    """

    channel: Code
    name: Code
    mapping: TableMapping


class MappingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a table means."""

    channel: str
    name: str
    mapping: TableMapping


async def _load(tx: Tx) -> dict[Key, TableMapping]:
    return await storage.list_mappings(tx)


MAPPINGS: Fact[dict[Key, TableMapping]] = Fact("channels.mappings", _load)


async def list_mappings(tx: Tx) -> list[MappingView]:
    """Return what the tables of channels mean."""
    known: Mapping[Key, TableMapping] = await facts.get(tx, MAPPINGS)
    return [MappingView(channel=key[0], name=key[1], mapping=one) for key, one in known.items()]


async def mapping_of(tx: Tx, channel: str, name: str) -> MappingView | None:
    """Return what a table means; None for one that names no mapping.

    Raises:
        NoSuchMapping: the channel has none of this name.
    """
    if not name:
        return None
    found = (await facts.get(tx, MAPPINGS)).get((channel, name))
    if found is None:
        raise NoSuchMapping(pointer="/mapping", channel=channel, name=name[:64])
    return MappingView(channel=channel, name=name, mapping=found)


async def tables_of(tx: Tx, connection: Connection) -> dict[str, WrittenTable]:
    """Return the tables a channel is told things by, with what their columns mean."""
    if not connection.files.told:
        return {}
    known = await facts.get(tx, MAPPINGS)
    return {
        kind: WrittenTable(
            how=how,
            mapping=known.get((connection.channel, how.mapping))
            if how.mapping
            else OWN_TABLES[kind],
        )
        for kind, how in connection.files.told.items()
    }


async def require_tables(tx: Tx, channel: str, files: Files) -> None:
    """Refuse tables that a channel could not be told anything by.

    Raises:
        NoSuchMapping: the channel has no mapping of the name.
        MappingUnusable: what its columns mean is of another kind.
    """
    for kind, how in files.told.items():
        if not how.mapping:
            continue
        at = f"/files/told/{kind}/mapping"
        found = (await facts.get(tx, MAPPINGS)).get((channel, how.mapping))
        if found is None:
            raise NoSuchMapping(pointer=at, channel=channel, name=how.mapping)
        if found.brings != kind:
            raise MappingUnusable(pointer=at, reason=f"it is of {found.brings}, not of {kind}")


async def put_mapping(tx: Tx, wish: PutMapping) -> MappingView:
    """Say what a table of a channel means, or say it anew.

    Raises:
        UnknownChannel: there is no such channel.
        MappingUnusable: it names what its kind of message does not have, or contradicts itself.
        TooManyMappings: there are MAPPINGS_MAX.
    """
    (await organization.book(tx)).channel(wish.channel, pointer="/channel")
    rules_of(wish.mapping, at="/mapping")
    await facts.touch(tx, MAPPINGS.topic)
    known, key = await storage.list_mappings(tx), (wish.channel, wish.name)
    if key not in known and len(known) >= MAPPINGS_MAX:
        raise TooManyMappings(most=MAPPINGS_MAX)
    await storage.save_mapping(tx, key, wish.mapping)
    await record(
        tx,
        [
            Change(
                action="channels.put_mapping",
                subject=f"channel:{wish.channel}",
                before=known.get(key),
                after=wish.mapping,
            )
        ],
    )
    return MappingView(channel=wish.channel, name=wish.name, mapping=wish.mapping)


MAP = one_by_one("channels.put_mapping", PutMapping, MappingView, put_mapping)
