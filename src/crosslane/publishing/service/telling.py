"""Writing public events down as others read them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.log import Named
from crosslane.publishing.domain.catalogue import BY_LOGGED, VERSION, told
from crosslane.publishing.domain.envelope import PublicEvent, schema_of


class Placed(Named, Protocol):
    """An event of the stream, or a delivery of one."""

    @property
    def event_id(self) -> str:
        """What it is called outside."""
        ...

    @property
    def kind(self) -> str:
        """Its name in the log."""
        ...

    @property
    def channel_id(self) -> UUID | None:
        """The channel it concerns."""
        ...


async def written(tx: Tx, placed: Sequence[Placed]) -> dict[str, PublicEvent]:
    """Return events as others read them, by their ids; what the log does not hold is left out."""
    entries = await log.entries(tx, placed)
    book = await organization.book(tx)
    codes = {channel.id: channel.code for channel in book.channels.values()}
    source = source_of(tx)
    found: dict[str, PublicEvent] = {}
    for one in placed:
        entry, kind = entries.get((one.subject, one.subject_no)), BY_LOGGED.get(one.kind)
        if entry is None or kind is None:
            continue
        found[one.event_id] = PublicEvent(
            id=one.event_id,
            source=source,
            type=kind.name,
            subject=one.subject,
            sequence=str(one.subject_no),
            time=one.at,
            dataschema=schema_of(kind.name, kind.version),
            data=told(kind, entry.body),
            channel=codes.get(one.channel_id, msgspec.UNSET) if one.channel_id else msgspec.UNSET,
        )
    return found


def source_of(tx: Tx) -> str:
    """Return whose events they are, as CloudEvents want it: a URI."""
    return f"urn:crosslane:{tx.tenant}"


def ping(tx: Tx, placed: Placed) -> PublicEvent:
    """Return what a test of a subscription says."""
    return PublicEvent(
        id=placed.event_id,
        source=source_of(tx),
        type=placed.kind,
        subject=placed.subject,
        sequence=str(placed.subject_no),
        time=placed.at,
        dataschema=schema_of(placed.kind, VERSION),
        data={"subscription_id": placed.subject.partition(":")[2]},
    )
